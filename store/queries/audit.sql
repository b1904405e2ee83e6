-- The audit log: rows are added, and deleted only by age.

-- append_entries --
-- $1 times  $2 user_ids  $3 actions  $4 kinds of the targets  $5 ids of the targets
-- $6 client addresses  $7 request ids  $8 outcomes  $9 how many each row stands for
INSERT INTO audit_log (at, user_id, action, target_kind, target_id, client_ip, request_id,
                       outcome, times)
SELECT at, user_id, action, target_kind, target_id, client_ip, request_id, outcome, times
  FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::integer[])
       WITH ORDINALITY
       AS new (at, user_id, action, target_kind, target_id, client_ip, request_id, outcome, times,
               place)
 ORDER BY place

-- sweep_audit_log --
-- Delete up to 10,000 old rows. Returns their number.
-- $1 days that an entry is kept
SELECT sweep_audit_log($1)
