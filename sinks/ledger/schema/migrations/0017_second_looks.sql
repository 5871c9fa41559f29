-- An entry that the late answer of one attempt posted, while another attempt of it was still in doubt: when that one is
-- looked for once more, because it may stand too (laws 19 and 20). Business time; null: there is nothing to look for.
ALTER TABLE effects ADD COLUMN second_look_at timestamptz;
CREATE INDEX effects_second_looks ON effects (practice_id, connection_id, second_look_at) WHERE second_look_at IS NOT NULL;

-- Entries that the poster held for a missing link lost the reason of their decision: it comes back.
UPDATE effects f SET reason = e.reason FROM events e
WHERE e.practice_id = f.practice_id AND e.source = f.source AND e.event_id = f.event_id
  AND f.reason = 'PATIENT_NOT_LINKED';
