-- name: settle_letters!
-- An entry that stands twice is a matter of its own: which of the two stays is told with `dlq dismiss`.
UPDATE dead_letters SET settled_at = :now, settled_as = :settled_as, settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL
  AND reason <> 'DUPLICATE_AT_TARGET';

-- name: keep_recorded!
-- POST-10. Of one that was dismissed and is recorded after all, or recorded with another amount, the last word stands.
INSERT INTO recorded_amounts (practice_id, effect_id, amount_minor, recorded_at, recorded_by, note)
SELECT :practice_id, k.n, k.minor, :at, :actor, k.note
FROM unnest(:effect_ids::bigint[], :amounts::bigint[], :notes::text[]) AS k(n, minor, note)
ON CONFLICT (practice_id, effect_id) DO UPDATE
SET amount_minor = EXCLUDED.amount_minor, recorded_at = EXCLUDED.recorded_at, recorded_by = EXCLUDED.recorded_by,
    note = EXCLUDED.note;

-- name: debits_before
-- Payments that wait for a debit of their own event which is still open (N-10).
SELECT e.effect_id AS payment, d.effect_id AS debit FROM entries e
JOIN effects d ON d.practice_id = e.practice_id AND d.effect_id = e.depends_on
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[]) AND e.entry_kind = 'payment'
  AND d.entry_kind = 'fee_adjustment' AND (d.source, d.event_id) = (e.source, e.event_id) AND NOT is_final(d.state);

-- name: debits_alone
-- Payments of which an entry was dismissed after its debit had gone out (N-10).
SELECT DISTINCT coalesce(v.concerns, v.subject) FROM entries e
JOIN effects d ON d.practice_id = e.practice_id AND d.effect_id = e.depends_on
JOIN events v ON v.practice_id = e.practice_id AND v.source = e.source AND v.event_id = e.event_id
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[]) AND e.entry_kind = 'payment'
  AND d.entry_kind = 'fee_adjustment' AND d.amount_minor < 0 AND (d.source, d.event_id) = (e.source, e.event_id)
  AND d.state = 'POSTED';

-- name: mirrors_open
-- Documents of payouts that a person took back and now wants written, with what of the same payout is still to be taken
-- back: the payout would stand twice (P-8).
SELECT w.effect_id AS document, m.effect_id AS mirror, m.state FROM work w
JOIN work m ON m.practice_id = w.practice_id AND m.connection_id = w.connection_id AND m.lane = w.lane
    AND m.effect_id <> w.effect_id
JOIN entries e ON e.practice_id = m.practice_id AND e.effect_id = m.effect_id AND e.entry_kind = 'payout_reversal'
WHERE w.practice_id = :practice_id AND w.effect_id = ANY(:effect_ids::bigint[]) AND w.reason = 'UNDONE'
ORDER BY w.effect_id, m.effect_id;
