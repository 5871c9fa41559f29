-- What the sweeps find: waiting that nobody ended although its cause is gone. Expected of most: nothing.

-- name: quiet_gates_with_work
-- A page of gates, in the order of their keys, and whether each would sleep although something of its own is due.
-- Expected of all: no. The page counts the gates that are looked at, not those that are found, so a round costs the same
-- however many gates there are. One that rests in a blackout sleeps on purpose (T-8).
SELECT g.practice_id, g.connection_id,
       (g.next_due_at IS NULL OR g.next_due_at > business_now(:now) + :late::interval)
       AND (g.blackout_until IS NULL OR g.blackout_until <= business_now(:now))
       AND (EXISTS (SELECT FROM work e WHERE e.practice_id = g.practice_id AND e.connection_id = g.connection_id
               AND is_in_lane(e.state) AND e.due_at <= business_now(:now) - :late::interval)
         OR EXISTS (SELECT FROM second_looks s
               WHERE s.practice_id = g.practice_id AND s.connection_id = g.connection_id
               AND s.look_at <= business_now(:now) - :late::interval)) AS forgotten
FROM (SELECT * FROM gates WHERE (practice_id, connection_id) > (:after_practice, :after_connection)
      ORDER BY practice_id, connection_id LIMIT :most) g
ORDER BY g.practice_id, g.connection_id;

-- name: sleeps
-- Whether one gate would not be looked at in time.
SELECT true FROM gates WHERE practice_id = :practice_id AND connection_id = :connection_id
  AND (next_due_at IS NULL OR next_due_at > business_now(:now) + :late::interval);

-- name: awaiting_original
-- What waits for its original, page by page, and whether that is stored and counts: the payment, or the payout in the
-- version that failed; and for what brings money back, the refund, return or dispute that gave it. One that is held or
-- dismissed gave nothing, so what parked on it is not asked again until that changes.
SELECT e.practice_id, e.source, e.event_id, CASE WHEN e.kind = 'payout_failed' THEN 'payout' ELSE 'payment' END AS kind,
       e.concerns AS ref, EXISTS (
    SELECT FROM events o WHERE o.practice_id = e.practice_id AND o.subject = e.concerns
      AND o.kind = CASE WHEN e.kind = 'payout_failed' THEN 'payout' ELSE 'payment' END
      AND (e.kind <> 'payout_failed' OR o.version >= e.version)
      AND o.superseded_by IS NULL AND o.waiting IS NULL)
  AND (e.kind NOT IN ('refund_failed', 'reinstated', 'dispute_closed') OR EXISTS (
    SELECT FROM events g WHERE g.practice_id = e.practice_id AND g.subject = e.subject AND g.waiting IS NULL
      AND g.ended_as IS DISTINCT FROM 'dismiss' AND g.superseded_by IS NULL
      AND CASE e.kind WHEN 'refund_failed' THEN g.kind = 'refund' WHEN 'reinstated' THEN g.kind = 'return'
          ELSE g.kind IN ('dispute', 'inquiry') AND g.occurred_at <= e.occurred_at END)) AS resumable
FROM events e
WHERE e.waiting = 'AWAITING_ORIGINAL' AND (e.practice_id, e.source, e.event_id) > (:practice_id, :source, :event_id)
ORDER BY e.practice_id, e.source, e.event_id LIMIT :most;

-- name: awaiting_funds
-- Payments that wait for their funds, and whether a payout that carries them is stored (T-13). A payout
-- that is still compared releases them itself, step by step.
SELECT w.practice_id, w.source, w.event_id, 'payment' AS kind, v.subject AS ref, EXISTS (
    SELECT FROM payout_items i WHERE i.practice_id = v.practice_id AND i.payment_id = v.subject
      AND i.category = 'CHARGE' AND NOT EXISTS (SELECT FROM standing_items s WHERE s.practice_id = i.practice_id
          AND s.payment_id = i.payment_id AND s.payout_id = i.payout_id AND NOT s.compared)) AS resumable
FROM (SELECT DISTINCT k.practice_id, x.source, x.event_id
      FROM work k CROSS JOIN LATERAL (
          SELECT e.source, e.event_id FROM entries e
          WHERE e.practice_id = k.practice_id AND e.effect_id = k.effect_id OFFSET 0) x
      WHERE k.state = 'AWAITING_CLEARANCE' AND k.practice_id >= :practice_id
        AND (k.practice_id, x.source, x.event_id) > (:practice_id, :source, :event_id)
      ORDER BY k.practice_id, x.source, x.event_id LIMIT :most) w
JOIN events v USING (practice_id, source, event_id)
ORDER BY w.practice_id, w.source, w.event_id;

-- name: awaiting_fee
-- Payments that wait for their fee, and whether a payout that carries them is stored (N-5).
SELECT e.practice_id, e.source, e.event_id, 'payment' AS kind, e.subject AS ref, EXISTS (
    SELECT FROM payout_items i WHERE i.practice_id = e.practice_id AND i.payment_id = e.subject
      AND i.category = 'CHARGE' AND NOT EXISTS (SELECT FROM standing_items s WHERE s.practice_id = i.practice_id
          AND s.payment_id = i.payment_id AND s.payout_id = i.payout_id AND NOT s.compared)) AS resumable
FROM events e
WHERE e.waiting = 'AWAITING_FEE' AND e.kind = 'payment'
  AND (e.practice_id, e.source, e.event_id) > (:practice_id, :source, :event_id)
ORDER BY e.practice_id, e.source, e.event_id LIMIT :most;

-- name: refused_payments
-- Payments that were refused, of those with a debit that went out before them, and whether that still stands (N-10).
SELECT w.practice_id, w.source, w.event_id, 'payment' AS kind, coalesce(v.concerns, v.subject) AS ref, w.resumable
FROM (SELECT k.practice_id, x.source, x.event_id, bool_or(x.alone) AS resumable
      FROM work k CROSS JOIN LATERAL (
          SELECT e.source, e.event_id, d.state = 'POSTED' AND NOT EXISTS (
              SELECT FROM entries r WHERE r.practice_id = k.practice_id AND r.depends_on = d.effect_id
                AND r.entry_kind = 'reversal') AS alone
          FROM entries e JOIN effects d ON d.practice_id = e.practice_id AND d.effect_id = e.depends_on
          WHERE e.practice_id = k.practice_id AND e.effect_id = k.effect_id AND e.entry_kind = 'payment'
            AND d.entry_kind = 'fee_adjustment' AND d.amount_minor < 0
            AND (d.source, d.event_id) = (e.source, e.event_id) OFFSET 0) x
      WHERE is_refused(k.state) AND k.depends_on IS NOT NULL
        AND k.practice_id >= :practice_id AND (k.practice_id, x.source, x.event_id) > (:practice_id, :source, :event_id)
      GROUP BY k.practice_id, x.source, x.event_id
      ORDER BY k.practice_id, x.source, x.event_id LIMIT :most) w
JOIN events v USING (practice_id, source, event_id)
ORDER BY w.practice_id, w.source, w.event_id;

-- name: links_missed
-- A page of the practices that wait for a link, and whether one of those links is there. Expected: none (law 8). The link
-- and the intake lock the same practice, so neither can miss the other.
SELECT p.practice_id, (
    SELECT true FROM work e
    JOIN patient_links l ON l.practice_id = e.practice_id AND l.patient_ref = e.patient_ref
    WHERE e.practice_id = p.practice_id AND e.state = 'AWAITING_LINK' LIMIT 1) IS NOT NULL AS found
FROM (SELECT DISTINCT practice_id FROM work WHERE state = 'AWAITING_LINK' AND practice_id > :after
      ORDER BY practice_id LIMIT :most) p
ORDER BY p.practice_id;

-- name: pauses_missed
-- A page of the practices with something paused, and whether it could go on. Expected: none. Whoever switches the master
-- on resumes what it paused, and who saves a connection what waited for it.
SELECT p.practice_id, coalesce((
    SELECT master_is_on(s.body) FROM settings s
    WHERE s.practice_id = p.practice_id AND s.effective_from <= business_now(:now) AND s.applied_at IS NOT NULL
    ORDER BY s.version DESC LIMIT 1), false)
  AND (SELECT n.entitled_at IS NOT NULL FROM practices n WHERE n.practice_id = p.practice_id) AND (
    SELECT true FROM work e
    WHERE e.practice_id = p.practice_id AND e.state = 'PAUSED' AND (e.reason <> 'CONNECTION_REPLACED' OR (
        SELECT true FROM practice_connections u JOIN connections c USING (home_practice_id, connection_id)
        WHERE u.practice_id = e.practice_id AND u.connection_id = e.connection_id AND c.enabled LIMIT 1)
      AND NOT EXISTS (SELECT FROM effects o WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on
          AND o.state = 'POSTED' AND sent_elsewhere(e.practice_id, e.connection_id, coalesce(o.sent_at, o.posted_at))))
    LIMIT 1) IS NOT NULL AS found
FROM (SELECT DISTINCT practice_id FROM work WHERE state = 'PAUSED' AND practice_id > :after
      ORDER BY practice_id LIMIT :most) p
ORDER BY p.practice_id;

-- name: versions_begun
-- Versions that were saved ahead and start now: ordinary work, no repair.
SELECT DISTINCT practice_id FROM settings
WHERE applied_at IS NULL AND effective_from <= business_now(:now) LIMIT :most;

-- name: redecisions_due
SELECT e.practice_id, e.source, e.event_id FROM events e
WHERE e.redecide_at <= business_now(:now)
ORDER BY e.redecide_at LIMIT :most;

-- name: redecisions_locked
SELECT e.practice_id, e.source, e.event_id, e.occurred_at, e.appended_at, e.event_type, e.topic_id, e.part, e.off,
       b.original_key, b.original
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
JOIN events e ON e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i
JOIN bodies b ON b.practice_id = e.practice_id AND b.month = e.month AND b.source = e.source AND b.event_id = e.event_id
WHERE e.waiting = 'AWAITING_SETTINGS' AND e.redecide_at <= business_now(:now)
ORDER BY e.practice_id, e.source, e.event_id FOR NO KEY UPDATE OF e;

-- name: redecided!
UPDATE events e SET redecisions = e.redecisions + 1,
    redecide_at = business_now(:now)
        + least(:first::interval * power(2, least(e.redecisions, 20)), :cap::interval)
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
WHERE e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i AND e.waiting = 'AWAITING_SETTINGS';

-- name: not_redecidable!
UPDATE events e SET redecide_at = NULL
FROM unnest(:practice_ids::text[], :sources::text[], :event_ids::text[]) AS k(p, s, i)
WHERE e.practice_id = k.p AND e.source = k.s AND e.event_id = k.i;

-- name: settings_missed
-- A page of the practices with events that wait for settings and that nobody will ask about, and whether the practice has
-- them. Expected: none.
SELECT p.practice_id, (
    SELECT true FROM events e
    WHERE e.practice_id = p.practice_id AND e.waiting = 'AWAITING_SETTINGS' AND e.redecide_at IS NULL
      AND (SELECT true FROM settings s WHERE s.practice_id = e.practice_id
           AND s.effective_from <= least(e.occurred_at, e.appended_at) LIMIT 1)
    LIMIT 1) IS NOT NULL AS found
FROM (SELECT DISTINCT practice_id FROM events
      WHERE waiting = 'AWAITING_SETTINGS' AND redecide_at IS NULL AND practice_id > :after
      ORDER BY practice_id LIMIT :most) p
ORDER BY p.practice_id;
