-- By which number people reach the practice; shown to operators, never in a notice.
ALTER TABLE practices ADD COLUMN phone text;
-- Entitlement is a gate of its own: nothing of a practice that is not entitled goes out. Practices that were switched on
-- before it was one keep going, unless somebody took it from them.
UPDATE practices p SET entitled_at = coalesce(p.added_at, now()), entitled_by = 'was switched on before'
WHERE p.entitled_at IS NULL AND p.added_at IS NOT NULL
  AND EXISTS (SELECT FROM settings s WHERE s.practice_id = p.practice_id AND (s.body ->> 'master')::boolean)
  AND NOT EXISTS (SELECT FROM audit a WHERE a.practice_id = p.practice_id AND a.action = 'practice.withdraw');
-- What a person says that they entered, for each entry that is recorded by hand: sums count this amount (POST-10).
CREATE TABLE recorded_amounts (
    practice_id  text NOT NULL REFERENCES practices,
    effect_id    bigint NOT NULL,
    amount_minor bigint NOT NULL,
    recorded_at  timestamptz NOT NULL,
    recorded_by  text NOT NULL,
    PRIMARY KEY (practice_id, effect_id)
);
