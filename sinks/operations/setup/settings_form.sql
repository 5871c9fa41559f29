-- What the screen of a practice's settings shows beside the settings themselves.

-- name: latest_amounts
-- The newest payment of which gross and fee are known, among the newest entries; the net is what they leave.
SELECT f.gross_minor, f.fee_minor, f.surcharge_minor, f.currency, f.occurred_on
FROM (SELECT e.effect_id, e.entry_kind, e.currency, (e.instruction ->> 'gross_minor')::bigint AS gross_minor,
             (e.instruction ->> 'fee_minor')::bigint AS fee_minor,
             coalesce((e.instruction ->> 'surcharge_minor')::bigint, 0) AS surcharge_minor,
             coalesce((e.instruction ->> 'occurred_at')::date, e.ledger_date) AS occurred_on
      FROM entries e WHERE e.practice_id = :practice_id ORDER BY e.effect_id DESC LIMIT 100) f
WHERE f.entry_kind = 'payment' AND f.fee_minor > 0 AND f.gross_minor > f.fee_minor
ORDER BY f.effect_id DESC LIMIT 1;

-- name: mirrored_choices
-- Types and ways to allocate as they were read from the practice's system.
SELECT kind, value, name, detail, usable, read_at FROM mirror_choices
WHERE practice_id = :practice_id ORDER BY kind, name, value LIMIT 1000;
