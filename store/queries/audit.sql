-- The audit log: rows are added, and deleted only by age.

-- append_entries --
-- $1 times  $2 user_ids  $3 actions  $4 kinds of the targets  $5 ids of the targets
-- $6 client addresses  $7 request ids  $8 outcomes  $9 how many each row stands for  $10 details
INSERT INTO audit_log (at, user_id, action, target_kind, target_id, client_ip, request_id,
                       outcome, times, detail)
SELECT at, user_id, action, target_kind, target_id, client_ip, request_id, outcome, times,
       detail::jsonb
  FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::integer[], $10::text[])
       WITH ORDINALITY
       AS new (at, user_id, action, target_kind, target_id, client_ip, request_id, outcome, times,
               detail, place)
 ORDER BY place

-- read_entries --
-- $1 id after which  $2 since, or null  $3 until, or null  $4 user_id, or null  $5 action, or null
-- $6 limit
SELECT id, at, user_id, action, target_kind, target_id, client_ip, request_id, outcome, times,
       detail
  FROM audit_log
 WHERE id > $1
   AND ($2::timestamptz IS NULL OR at >= $2)
   AND ($3::timestamptz IS NULL OR at < $3)
   AND ($4::text IS NULL OR user_id = $4)
   AND ($5::text IS NULL OR action = $5)
 ORDER BY id
 LIMIT $6

-- sweep_audit_log --
-- Delete up to 10,000 old rows. Returns their number.
-- $1 days that an entry is kept
SELECT sweep_audit_log($1)
