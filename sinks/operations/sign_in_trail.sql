-- name: hold_trail
-- Until the transaction ends nobody else adds to this trail: its rows are numbered without gaps.
SELECT pg_advisory_xact_lock(hashtextextended(:trail, 0)) IS NULL;
