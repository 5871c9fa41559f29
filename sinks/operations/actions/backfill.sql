-- name: dependencies
SELECT e.effect_id, o.entry_kind AS origin_kind, o.state AS origin_state,
       EXISTS (SELECT FROM ledger_era r WHERE r.era > 1 AND r.raised_at > e.changed_at) AS after_failover
FROM effects e LEFT JOIN effects o ON o.practice_id = e.practice_id AND o.effect_id = e.depends_on
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[]);
