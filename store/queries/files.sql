-- Attachments and the images that the server makes: their rows, and their bytes in pieces.
--
-- An upload writes its pieces under a new `content` id. The row stores this id as `upload` until
-- the upload is complete, then as `content`. So a row has at most one of each, and no transaction
-- stays open while a client sends.

-- lock_files --
-- Serialize the announcements of a user, so that concurrent ones keep to the limit of unsent files.
-- Reads no row.
-- $1 user_id
SELECT pg_advisory_xact_lock(hashtextextended('files of ' || $1, 0))

-- count_unsent --
-- $1 user_id
SELECT count(*) FROM attachments WHERE user_id = $1 AND thread_id IS NULL

-- create_attachment --
-- $1 user_id  $2 id  $3 name  $4 size  $5 MIME type  $6 is_image  $7 what the user may store
INSERT INTO attachments (user_id, id, name, size, mime_type, is_image)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING set_config('chatkit.allowed', $7, true)

-- add_made --
-- A complete file. The item that shows it takes it, as a message takes an upload.
-- $1 user_id  $2 id  $3 name  $4 size  $5 MIME type  $6 is_image  $7 what the user may store
INSERT INTO attachments (user_id, id, name, size, mime_type, is_image, state, content)
VALUES ($1, $2, $3, $4, $5, $6, 'ready', gen_random_uuid())
RETURNING content, set_config('chatkit.allowed', $7, true)

-- add_made_piece --
-- $1 user_id  $2 attachment_id  $3 content  $4 number  $5 bytes
INSERT INTO attachment_pieces (user_id, attachment_id, content, number, bytes)
VALUES ($1, $2, $3, $4, $5)

-- begin_upload --
-- Replace an earlier upload, which can write no more from now on. If a message has the file, no
-- upload begins.
-- $1 user_id  $2 id
UPDATE attachments
   SET upload = CASE WHEN thread_id IS NULL THEN gen_random_uuid() ELSE upload END,
       upload_began_at = CASE WHEN thread_id IS NULL THEN clock_timestamp() ELSE upload_began_at END
 WHERE user_id = $1 AND id = $2
RETURNING upload, size, mime_type, thread_id IS NOT NULL AS sent

-- add_piece --
-- No row if another upload has begun since. The lock makes the other upload wait until the piece is
-- stored, so that it deletes the piece.
-- $1 user_id  $2 attachment_id  $3 upload  $4 number  $5 bytes
INSERT INTO attachment_pieces (user_id, attachment_id, content, number, bytes)
SELECT $1, id, $3, $4, $5
  FROM attachments
 WHERE user_id = $1 AND id = $2 AND upload = $3
   FOR SHARE
RETURNING number

-- finish_upload --
-- No row if another upload has begun since, or if a message has taken the previous version.
-- $1 user_id  $2 id  $3 upload  $4 size  $5 MIME type  $6 is_image
UPDATE attachments
   SET state = 'ready', content = upload, upload = NULL, upload_began_at = NULL,
       size = $4, mime_type = $5, is_image = $6
 WHERE user_id = $1 AND id = $2 AND upload = $3 AND thread_id IS NULL
RETURNING id, name, mime_type, is_image, thread_id

-- abandon_upload --
-- $1 user_id  $2 id  $3 upload
UPDATE attachments
   SET upload = NULL, upload_began_at = NULL
 WHERE user_id = $1 AND id = $2 AND upload = $3

-- drop_pieces --
-- Delete the pieces that belong neither to the row's content nor to its upload.
-- $1 user_id  $2 attachment_id
DELETE FROM attachment_pieces AS piece
 USING attachments AS attachment
 WHERE attachment.user_id = $1 AND attachment.id = $2
   AND piece.user_id = $1 AND piece.attachment_id = $2
   AND piece.content IS DISTINCT FROM attachment.content
   AND piece.content IS DISTINCT FROM attachment.upload

-- load_ready --
-- $1 user_id  $2 ids
SELECT id, name, mime_type, is_image, thread_id, size
  FROM attachments
 WHERE user_id = $1 AND id = ANY ($2::text[]) AND state = 'ready'

-- copy_attachment --
-- The same file once more, for another message. Its pieces are copied next.
-- $1 user_id  $2 id  $3 id of the copy  $4 what the user may store
INSERT INTO attachments (user_id, id, name, size, mime_type, is_image, state, content)
SELECT user_id, $3, name, size, mime_type, is_image, state, content
  FROM attachments
 WHERE user_id = $1 AND id = $2 AND state = 'ready'
   FOR SHARE
RETURNING id, name, mime_type, is_image, thread_id, set_config('chatkit.allowed', $4, true)

-- copy_pieces --
-- $1 user_id  $2 id  $3 id of the copy
INSERT INTO attachment_pieces (user_id, attachment_id, content, number, bytes)
SELECT piece.user_id, $3, piece.content, piece.number, piece.bytes
  FROM attachment_pieces AS piece
  JOIN attachments AS original
    ON original.user_id = $1 AND original.id = $2 AND original.content = piece.content
 WHERE piece.user_id = $1 AND piece.attachment_id = $2

-- delete_unsent --
-- Delete a file unless a message has it, which `sent` tells. No row if it is missing.
-- $1 user_id  $2 id
WITH found AS (
    SELECT id, thread_id IS NOT NULL AS sent
      FROM attachments
     WHERE user_id = $1 AND id = $2
       FOR UPDATE
), deleted AS (
    DELETE FROM attachments
     USING found
     WHERE attachments.user_id = $1 AND attachments.id = found.id AND NOT found.sent
)
SELECT sent FROM found

-- open_file --
-- $1 user_id  $2 id
SELECT id, name, mime_type, size, content
  FROM attachments
 WHERE user_id = $1 AND id = $2 AND state = 'ready'

-- read_piece --
-- $1 user_id  $2 attachment_id  $3 content  $4 number
SELECT bytes
  FROM attachment_pieces
 WHERE user_id = $1 AND attachment_id = $2 AND content = $3 AND number = $4

-- sweep_unsent --
-- Delete up to 100 files that no message took in time, or that were announced and not uploaded in
-- time. `deleted` is their number.
-- $1 lifetime of unsent files in seconds  $2 lifetime of announced files in seconds
WITH old AS (
    DELETE FROM attachments
     WHERE (user_id, id) IN (
           SELECT user_id, id
             FROM attachments
            WHERE thread_id IS NULL
              AND (created_at < clock_timestamp() - make_interval(secs => $1)
                   OR (state = 'awaited' AND upload IS NULL
                       AND created_at < clock_timestamp() - make_interval(secs => $2)))
            ORDER BY created_at
            LIMIT 100
              FOR UPDATE SKIP LOCKED)
    RETURNING id
)
SELECT count(*) AS deleted FROM old

-- sweep_uploads --
-- Delete the pieces of abandoned uploads, whose process has ended.
-- $1 seconds after which an upload counts as abandoned
WITH dead AS (
    UPDATE attachments
       SET upload = NULL, upload_began_at = NULL
     WHERE upload_began_at < clock_timestamp() - make_interval(secs => $1)
    RETURNING user_id, id, content
)
DELETE FROM attachment_pieces AS piece
 USING dead
 WHERE piece.user_id = dead.user_id AND piece.attachment_id = dead.id
   AND piece.content IS DISTINCT FROM dead.content
