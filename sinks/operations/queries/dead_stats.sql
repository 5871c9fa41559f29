-- name: dead_groups
-- What stands dead, counted: entries with what they move, records without, whose amounts nobody has read. Of `looked_at`
-- entries and as many records at most. Amounts are added whatever their sign: a refund that is dead makes a payment that
-- is dead no smaller. `age` is that of `lag`.
SELECT d.stage, d.target, d.reason, d.practice_id, d.currency,
    CASE WHEN a.age < interval '1 hour' THEN '<1 h' WHEN a.age < interval '1 day' THEN '<1 d'
         WHEN a.age < interval '3 days' THEN '<3 d' ELSE 'older' END AS age,
    count(*) FILTER (WHERE d.entry)::int AS entries, count(*) FILTER (WHERE NOT d.entry)::int AS records,
    sum(d.amount_minor)::bigint AS amount_minor, min(d.since) AS since
FROM (
    (SELECT true AS entry, 'post' AS stage, e.target, w.reason, w.practice_id, w.changed_at AS since,
        e.currency, CASE WHEN e.money THEN abs(e.amount_minor) END AS amount_minor
     FROM work w
     CROSS JOIN LATERAL (
        SELECT x.target, x.currency, x.amount_minor,
            moves_money(x.entry_kind) OR (x.entry_kind = 'reversal' AND moves_money(reversed_kind(x.part))) AS money
        FROM entries x WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e
     WHERE is_dead(w.state)
       AND (:practice_id::text IS NULL OR w.practice_id = :practice_id)
       AND (:reason::text IS NULL OR w.reason = :reason)
       AND (:target::text IS NULL OR e.target = :target)
       AND (:since::timestamptz IS NULL OR w.changed_at >= :since)
       AND (:until::timestamptz IS NULL OR w.changed_at < :until)
     LIMIT :looked_at)
    UNION ALL
    (SELECT false, stage, target, reason, practice_id, last_failed_at, NULL, NULL FROM dead_letters
     WHERE settled_at IS NULL AND stands_by_itself(stage, reason)
       AND (:practice_id::text IS NULL OR practice_id = :practice_id)
       AND (:reason::text IS NULL OR reason = :reason)
       AND (:target::text IS NULL OR target = :target)
       AND (:since::timestamptz IS NULL OR last_failed_at >= :since)
       AND (:until::timestamptz IS NULL OR last_failed_at < :until)
     LIMIT :looked_at)
) d
CROSS JOIN LATERAL (SELECT business_now(:now) - d.since AS age) a
GROUP BY 1, 2, 3, 4, 5, 6;
