-- Payments that are in no payout although their time has passed (P-23): each is looked at once, in the order of entries.

-- name: due
SELECT practice_id FROM payout_watch WHERE next_look_at <= business_now(:now) ORDER BY next_look_at LIMIT :most;

-- name: watch
SELECT practice_id, first_payout_at, looked_through, next_look_at FROM payout_watch WHERE practice_id = :practice_id;

-- name: page
-- The next payments by their first entry, and what decides about each. An entry of anything else only moves the mark.
SELECT e.effect_id, v.source, v.subject, v.kind, v.occurred_at, v.received_at, v.event_type, b.original,
       EXISTS (SELECT FROM standing_items i WHERE i.practice_id = v.practice_id AND i.category = 'CHARGE'
           AND i.subject = v.subject OFFSET 0) AS paid_out,
       EXISTS (SELECT FROM events x WHERE x.practice_id = v.practice_id AND x.concerns = v.subject AND x.kind = 'void'
           AND x.waiting IS NULL OFFSET 0) AS voided,
       EXISTS (SELECT FROM payout_differences d WHERE d.practice_id = v.practice_id AND d.category = 'CHARGE'
           AND d.subject = v.subject AND d.payout_id = '' OFFSET 0) AS told
FROM (SELECT * FROM entries WHERE practice_id = :practice_id AND effect_id > :after ORDER BY effect_id LIMIT :most) e
CROSS JOIN LATERAL (SELECT * FROM events v WHERE v.practice_id = e.practice_id AND v.source = e.source
    AND v.event_id = e.event_id OFFSET 0) v
LEFT JOIN LATERAL (SELECT b.original FROM bodies b WHERE b.practice_id = v.practice_id AND b.month = v.month
    AND b.source = v.source AND b.event_id = v.event_id AND v.kind = 'payment' AND v.superseded_by IS NULL OFFSET 0) b
    ON true
ORDER BY e.effect_id;

-- name: looked!
UPDATE payout_watch SET looked_through = :after, next_look_at = :next WHERE practice_id = :practice_id;

-- name: in_force
SELECT s.body::text AS body FROM settings_in_force(:practice_id, business_now(:now)) s;

-- name: paid_since
-- Open ones that a payout carries by now, and those that were voided.
SELECT d.number FROM payout_differences d
WHERE d.practice_id = :practice_id AND d.ended_at IS NULL AND d.payout_id = ''
  AND (EXISTS (SELECT FROM standing_items i WHERE i.practice_id = d.practice_id AND i.category = d.category
           AND i.subject = d.subject)
    OR EXISTS (SELECT FROM events x WHERE x.practice_id = d.practice_id AND x.concerns = d.subject AND x.kind = 'void'
           AND x.waiting IS NULL));
