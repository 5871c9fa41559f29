-- What waits for people: counted for the morning's digest and for `writeback lag` without reading a practice's history.
CREATE INDEX effects_waiting_for_people ON effects (practice_id, state)
    WHERE state IN ('AWAITING_REVIEW', 'AWAITING_LINK', 'AWAITING_ALLOCATION', 'AWAITING_MANUAL_POST');
