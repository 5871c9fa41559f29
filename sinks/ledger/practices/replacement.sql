-- A practice's move from one connection to another at its practice management system.

-- name: earlier_account
-- Of a connection of this route that the practice had before.
SELECT account_fingerprint FROM connections WHERE home_practice_id = :practice_id AND connection_id = :connection_id;

-- name: shared_by
-- Another practice that posts through the connection.
SELECT practice_id FROM practice_connections
WHERE home_practice_id = :home AND connection_id = :former AND practice_id <> :practice_id
ORDER BY practice_id LIMIT 1;

-- name: point_to!
UPDATE practice_connections SET home_practice_id = :points_to, connection_id = :connection_id
WHERE practice_id = :practice_id AND target = :target;

-- name: open_at
-- What is open at the connection, and whether it follows an entry that ended there: that one's books take it. `settled`: a
-- dead one that is proven not to stand anywhere.
WITH RECURSIVE chain AS (
    SELECT w.effect_id, w.depends_on FROM work w WHERE w.practice_id = :practice_id AND w.connection_id = :former
    UNION
    SELECT c.effect_id, e.depends_on FROM chain c
    JOIN entries e ON e.practice_id = :practice_id AND e.effect_id = c.depends_on
    WHERE EXISTS (SELECT FROM work o WHERE o.practice_id = :practice_id AND o.effect_id = c.depends_on)
)
SELECT w.effect_id, w.depends_on, w.ledger_date,
       bool_or(o.state IS NOT NULL AND is_booked(o.state)) AS follows_booked,
       w.placement IS NOT NULL AND (e.instruction ->> 'allocation') = 'BY_HAND' AS laid_by_hand,
       coalesce((e.instruction ->> 'office_level')::boolean, false) AS office_level,
       (SELECT true FROM patient_links l
        WHERE l.practice_id = w.practice_id AND l.patient_ref = e.patient_ref) IS NOT NULL AS linked,
       w.state <> 'DEAD_LETTERED' AND NOT w.look_first AS settled
FROM chain c
JOIN work w ON w.practice_id = :practice_id AND w.effect_id = c.effect_id
JOIN entries e ON e.practice_id = w.practice_id AND e.effect_id = w.effect_id
LEFT JOIN LATERAL (
    SELECT x.state FROM outcomes x WHERE x.practice_id = :practice_id AND x.effect_id = c.depends_on
      AND NOT EXISTS (SELECT FROM work n WHERE n.practice_id = x.practice_id AND n.effect_id = x.effect_id)
    ORDER BY x.n DESC LIMIT 1) o ON true
GROUP BY w.practice_id, w.effect_id, e.practice_id, e.effect_id
ORDER BY w.effect_id;

-- name: keep_former_links!
INSERT INTO former_links (practice_id, connection_id, patient_ref, pms_patient_id, replaced_at)
SELECT practice_id, :former, patient_ref, pms_patient_id, business_now(:now) FROM patient_links
WHERE practice_id = :practice_id
ON CONFLICT (practice_id, connection_id, patient_ref) DO UPDATE
SET pms_patient_id = EXCLUDED.pms_patient_id, replaced_at = EXCLUDED.replaced_at;

-- name: forget_links!
DELETE FROM patient_links WHERE practice_id = :practice_id;

-- name: put_former_links_back!
-- Of an account that was never left; whom a person has linked meanwhile stays so, and a link that made itself does not.
-- With the prints of who the record is, as last read: the account is the same, so it is not read anew.
INSERT INTO patient_links AS l (practice_id, patient_ref, pms_patient_id, linked_by, linked_at, name_print, date_print)
SELECT f.practice_id, f.patient_ref, f.pms_patient_id, :actor, business_now(:now), m.name_print, m.date_print
FROM former_links f
LEFT JOIN mirror_patients m ON m.practice_id = f.practice_id AND m.pms_patient_id = f.pms_patient_id
WHERE f.practice_id = :practice_id AND f.connection_id = :connection_id
ON CONFLICT (practice_id, patient_ref) DO UPDATE
    SET pms_patient_id = EXCLUDED.pms_patient_id, linked_by = EXCLUDED.linked_by, linked_at = EXCLUDED.linked_at,
        verified_at = NULL, verified_by = NULL, name_print = EXCLUDED.name_print, date_print = EXCLUDED.date_print
    WHERE l.linked_by = 'writeback sync';

-- name: put_links!
INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)
SELECT :practice_id, k.ref, k.number, :actor, business_now(:now)
FROM unnest(:patient_refs::text[], :numbers::text[]) AS k(ref, number);

-- name: settle_replaced!
UPDATE dead_letters SET settled_at = :at, settled_as = 'RELEASED', settled_by = :actor
WHERE practice_id = :practice_id AND effect_id = ANY(:effect_ids::bigint[]) AND settled_at IS NULL;
