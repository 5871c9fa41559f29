-- name: totals
-- What stands of each payment or payout: what was booked for it, and what was taken back since (R-1, R-15). Signs are
-- the practice's cash view. One statement, three keys an id (events_money, events_superseded, events_concerning),
-- however many others there are; without ids those that a later event spoke of: nothing else can be reversed.
-- MATERIALIZED and OFFSET 0 hold the joins to one look-up an event: a planner that guesses reads a practice instead.
-- A correction's reversals stand on the corrected event, so they are part of what was booked; a won dispute and a
-- failed refund give back what was taken. Charges, write-offs, notes and allocations move no money.
WITH wanted AS MATERIALIZED (
    SELECT u.practice_id, u.subject
    FROM unnest(:practice_ids::text[], :subjects::text[]) AS u(practice_id, subject)
    UNION
    SELECT e.practice_id, e.concerns FROM events e
    WHERE :all_linked AND e.concerns IS NOT NULL AND (:practice_id::text IS NULL OR e.practice_id = :practice_id)
), told AS MATERIALIZED (
    SELECT w.practice_id, w.subject, e.source, e.event_id, e.kind
    FROM wanted w
    CROSS JOIN LATERAL (
        SELECT e.source, e.event_id, e.kind FROM events e
        WHERE e.practice_id = w.practice_id AND e.subject = w.subject
          AND e.superseded_by IS NULL AND e.concerns IS NULL
        UNION ALL
        SELECT e.source, e.event_id, e.kind FROM events e
        WHERE e.practice_id = w.practice_id AND e.subject = w.subject
          AND e.superseded_by IS NOT NULL AND e.concerns IS NULL
        UNION ALL
        SELECT e.source, e.event_id, e.kind FROM events e
        WHERE e.practice_id = w.practice_id AND e.concerns = w.subject
    ) e
), entries AS (
    SELECT t.practice_id, t.subject, t.kind, f.currency,
        -- What a person entered counts, where it was another amount (POST-10).
        CASE WHEN ended_by_person(f.state) THEN coalesce((SELECT r.amount_minor FROM recorded_amounts r
                  WHERE r.practice_id = f.practice_id AND r.effect_id = f.effect_id), f.amount_minor)
             ELSE f.amount_minor END AS amount_minor,
        t.kind IN ('payout', 'payout_failed') AS of_payout,
        t.kind NOT IN ('payment', 'payout', 'fee', 'cleared') AS back,
        is_booked(f.state) AS settled,
        NOT is_final(f.state) AS still_open
    FROM told t
    CROSS JOIN LATERAL (SELECT * FROM effects x WHERE x.practice_id = t.practice_id AND x.source = t.source
        AND x.event_id = t.event_id OFFSET 0) f
    WHERE moves_money(f.entry_kind)
       OR (f.entry_kind = 'reversal' AND moves_money(reversed_kind(f.part)))
), summed AS (
    SELECT practice_id, subject, of_payout, currency,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND NOT back), 0)::bigint AS booked_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind IN ('refund', 'refund_failed')), 0)::bigint
            AS refunded_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind = 'return'), 0)::bigint AS returned_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind IN ('dispute', 'dispute_closed')), 0)::bigint
            AS disputed_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND kind IN ('void', 'payout_failed')), 0)::bigint
            AS voided_minor,
        coalesce(sum(amount_minor) FILTER (WHERE settled AND back), 0)::bigint AS back_minor,
        coalesce(sum(amount_minor) FILTER (WHERE still_open), 0)::bigint AS open_minor
    FROM entries GROUP BY practice_id, subject, of_payout, currency
)
SELECT practice_id, subject, of_payout, currency, booked_minor, refunded_minor, returned_minor, disputed_minor,
    voided_minor, booked_minor + back_minor AS remaining_minor, open_minor,
    CASE WHEN back_minor = 0 OR booked_minor = 0 OR sign(back_minor) = sign(booked_minor) THEN NULL
         WHEN abs(back_minor) >= abs(booked_minor) THEN 'REVERSED'
         ELSE 'PARTIALLY_REVERSED' END AS standing
FROM summed ORDER BY practice_id, subject, of_payout;
