-- name: dead_for_their_patient
SELECT count(*) FROM work
WHERE practice_id = :practice_id AND patient_ref = :patient_ref AND reason = 'PATIENT_NOT_FOUND'
  AND is_dead(state);

-- name: lock_practice
SELECT name, added_at FROM practices WHERE practice_id = :practice_id FOR NO KEY UPDATE;

-- name: add_practice!
UPDATE practices SET name = :name, added_at = business_now(:now), added_by = :actor, system = :system,
    system_name = :system_name
WHERE practice_id = :practice_id;

-- name: add_contact!
INSERT INTO contacts (practice_id, address) VALUES (:practice_id, :email) ON CONFLICT (practice_id, address) DO NOTHING;

-- name: known_practices
SELECT practice_id FROM practices WHERE added_at IS NOT NULL ORDER BY practice_id LIMIT 100000;

-- name: link_of
SELECT pms_patient_id FROM patient_links WHERE practice_id = :practice_id AND patient_ref = :patient_ref;

-- name: links_of
-- With what waits for each patient and what stands in the practice's system.
SELECT l.patient_ref, l.pms_patient_id, l.linked_by, l.linked_at,
       (SELECT count(*) FROM work w WHERE w.practice_id = l.practice_id AND w.patient_ref = l.patient_ref)::int AS open,
       (SELECT count(*) FROM entries e JOIN outcomes o USING (practice_id, effect_id)
        WHERE e.practice_id = l.practice_id AND e.patient_ref = l.patient_ref AND o.state = 'POSTED')::int AS posted
FROM patient_links l WHERE l.practice_id = :practice_id ORDER BY l.patient_ref LIMIT :most;

-- name: posted_of_patient
-- What stands for a patient, with the request that says at which number.
SELECT e.effect_id, e.entry_kind, e.amount_minor, e.currency, e.external_id, e.payload FROM effects e
WHERE e.practice_id = :practice_id AND e.patient_ref = :patient_ref AND e.target = 'PMS' AND e.state = 'POSTED'
  AND e.payload IS NOT NULL
ORDER BY e.effect_id;

-- name: standing_payments
-- Of these entries: the payment that each is about.
SELECT e.effect_id, coalesce(v.concerns, v.subject) AS payment_id, e.entry_kind
FROM entries e JOIN events v USING (practice_id, source, event_id)
WHERE e.practice_id = :practice_id AND e.effect_id = ANY(:effect_ids::bigint[]);

-- name: unsettled_of_patient
-- What may or may not stand for a patient: only when that is known can the patient's entries be moved.
SELECT w.effect_id, w.state FROM work w
WHERE w.practice_id = :practice_id AND w.patient_ref = :patient_ref
  AND (is_in_doubt(w.state) OR is_dead(w.state) OR w.look_first)
ORDER BY w.effect_id LIMIT 20;

-- name: remove_link
DELETE FROM patient_links WHERE practice_id = :practice_id AND patient_ref = :patient_ref RETURNING pms_patient_id;

-- name: put_link!
-- With the prints of who the record is, as last read; where it was not read, its first read brings them. Numbers of an
-- account that was left name other people here.
INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at, name_print, date_print)
SELECT :practice_id, :patient_ref, :pms_patient_id, :actor, business_now(:now), m.name_print, m.date_print
FROM (SELECT) one LEFT JOIN mirror_patients m ON m.practice_id = :practice_id AND m.pms_patient_id = :pms_patient_id
  AND NOT EXISTS (SELECT FROM mirror_practices p
      JOIN practice_connections u ON u.practice_id = p.practice_id AND u.target = 'PMS'
      JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
      WHERE p.practice_id = :practice_id AND p.account <> c.account_fingerprint)
ON CONFLICT (practice_id, patient_ref) DO UPDATE
    SET pms_patient_id = EXCLUDED.pms_patient_id, linked_by = EXCLUDED.linked_by, linked_at = EXCLUDED.linked_at,
        verified_at = NULL, verified_by = NULL, name_print = EXCLUDED.name_print, date_print = EXCLUDED.date_print;

-- name: verify_link
-- Of the number that was looked at, and of no other that somebody linked meanwhile. The prints of the record itself, under
-- whichever key they stand there, so that both are compared under one.
UPDATE patient_links l
SET verified_at = business_now(:now), verified_by = :actor,
    name_print = coalesce((SELECT m.name_print FROM mirror_patients m
        WHERE m.practice_id = :practice_id AND m.pms_patient_id = :pms_patient_id), :name_print),
    date_print = coalesce((SELECT m.date_print FROM mirror_patients m
        WHERE m.practice_id = :practice_id AND m.pms_patient_id = :pms_patient_id), :date_print)
FROM (SELECT practice_id, patient_ref, verified_at FROM patient_links
      WHERE practice_id = :practice_id AND patient_ref = :patient_ref FOR UPDATE) o
WHERE l.practice_id = o.practice_id AND l.patient_ref = o.patient_ref AND l.pms_patient_id = :pms_patient_id
RETURNING l.linked_by;

-- name: may_link_itself
SELECT auto_link FROM practices WHERE practice_id = :practice_id;

-- name: linkable
-- Of these pairs those that can be linked: the number is a patient's in use, nobody else is linked to it, and the
-- reference to nobody. By itself none whose link a person took away, in this release or before it, and none of a mirror
-- that is another account's, or was never read whole: whoever else can be meant may not be there yet.
SELECT k.ref AS patient_ref FROM unnest(:patient_refs::text[], :numbers::text[]) AS k(ref, number)
WHERE EXISTS (SELECT FROM mirror_patients m WHERE m.practice_id = :practice_id AND m.pms_patient_id = k.number
              AND m.in_use AND m.gone_at IS NULL)
  AND NOT EXISTS (SELECT FROM patient_links l WHERE l.practice_id = :practice_id AND l.pms_patient_id = k.number)
  AND NOT EXISTS (SELECT FROM patient_links l WHERE l.practice_id = :practice_id AND l.patient_ref = k.ref)
  AND NOT (:by_itself AND (
      EXISTS (SELECT FROM links_taken_away t WHERE t.practice_id = :practice_id AND t.patient_ref = k.ref)
      OR EXISTS (SELECT FROM audit a
          WHERE a.practice_id = :practice_id AND a.subject = k.ref AND a.action = 'patient.unlink')))
  AND (NOT :by_itself OR EXISTS (SELECT FROM mirror_practices p
      JOIN mirror_reads r ON r.practice_id = p.practice_id AND r.kind = 'patients' AND r.whole_at IS NOT NULL
      JOIN practice_connections u ON u.practice_id = p.practice_id AND u.target = 'PMS'
      JOIN connections c ON c.home_practice_id = u.home_practice_id AND c.connection_id = u.connection_id
      WHERE p.practice_id = :practice_id AND p.account = c.account_fingerprint));

-- name: take_link_away!
INSERT INTO links_taken_away (practice_id, patient_ref, pms_patient_id, taken_at, taken_by)
VALUES (:practice_id, :patient_ref, :pms_patient_id, business_now(:now), :actor)
ON CONFLICT (practice_id, patient_ref) DO UPDATE
    SET pms_patient_id = EXCLUDED.pms_patient_id, taken_at = EXCLUDED.taken_at, taken_by = EXCLUDED.taken_by;

-- name: want_links!
-- The references of a practice whose system is read are looked at for links that make themselves.
UPDATE mirror_practices SET links_wanted_at = now() WHERE practice_id = :practice_id;

-- name: audit
-- Number and hash are the table's own.
INSERT INTO audit_trail.actions (practice_id, at, actor, action, subject, before, after, why)
VALUES (:practice_id, business_now(:now), :actor, :action, :subject, :before::jsonb, :after::jsonb, :why)
RETURNING practice_id AS trail, n, encode(digest, 'hex') AS digest, at;

-- name: audit_broken
-- Rows whose chain does not hold: changed, removed or inserted behind the trail's back. One trail, or all of them.
SELECT practice_id AS trail, n FROM (
    SELECT practice_id, n, digest, previous, lag(digest) OVER w AS before, lag(n) OVER w AS last_n,
           audit_trail.digest(practice_id, n, at, actor, action, subject, a.before, a.after, why, previous) AS again
    FROM audit_trail.actions a WHERE :practice_id::text IS NULL OR practice_id = :practice_id::text
    WINDOW w AS (PARTITION BY practice_id ORDER BY n)) chain
WHERE digest <> again OR previous <> coalesce(before, ''::bytea) OR n <> coalesce(last_n, 0) + 1
ORDER BY practice_id, n;

-- name: details
SELECT name, phone, system, system_name, sync_every AS sync, week_starts, auto_link FROM practices
WHERE practice_id = :practice_id;

-- name: contact_addresses
SELECT address FROM contacts WHERE practice_id = :practice_id AND channel = 'email' ORDER BY address;

-- name: set_system!
UPDATE practices SET system = :system, system_name = :system_name WHERE practice_id = :practice_id;

-- name: set_details!
UPDATE practices SET name = :name, phone = :phone, system = :system, system_name = :system_name, sync_every = :sync,
    week_starts = :week_starts, auto_link = :auto_link
WHERE practice_id = :practice_id;

-- name: read_sooner!
-- A system that is read more often from now on: its next time comes sooner.
UPDATE mirror_practices SET due_at = least(due_at, business_now(:now) + interval '1 hour')
WHERE practice_id = :practice_id;

-- name: remove_contacts!
-- What was planned for them is not sent any more.
WITH gone AS (
    DELETE FROM contacts
    WHERE practice_id = :practice_id AND channel = 'email' AND address = ANY(:emails::text[])
    RETURNING channel, address
)
UPDATE deliveries d SET state = 'FAILED', code = 'CONTACT_REMOVED' FROM gone g
WHERE d.practice_id = :practice_id AND d.channel = g.channel AND d.recipient = g.address AND d.state = 'DUE';
