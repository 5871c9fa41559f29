-- name: give_open_date!
-- The one change of an entry's date after it was planned, by a person: its own stays in the instruction, for the note.
WITH dated AS (
    UPDATE entries e SET ledger_date = k.day,
        instruction = (e.instruction::jsonb || jsonb_build_object('ledger_date', k.day, 'original_date',
            coalesce(e.instruction ->> 'original_date', e.instruction ->> 'ledger_date')))::json
    FROM unnest(:effect_ids::bigint[], :days::date[]) AS k(n, day)
    WHERE e.practice_id = :practice_id AND e.effect_id = k.n
)
UPDATE work w SET ledger_date = k.day
FROM unnest(:effect_ids::bigint[], :days::date[]) AS k(n, day)
WHERE w.practice_id = :practice_id AND w.effect_id = k.n;
