-- What may be sent next, in order of id, without reading a gate's whole backlog for the first few (law 21). What is
-- marked leaves it, so that a mark and a confirmation pay nothing for it.
CREATE INDEX effects_ready ON effects (practice_id, connection_id, effect_id) WHERE state IN ('SCHEDULED', 'RETRYING');
