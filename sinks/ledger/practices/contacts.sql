-- name: contacts_of_practice
SELECT channel, address, name, roles, timings, digest, quiet_from, quiet_until, zone, escalate_after FROM contacts
WHERE practice_id = :owner ORDER BY channel, address LIMIT :most;

-- name: contacts_of_organisation
SELECT channel, address, name, roles, timings, digest, quiet_from, quiet_until, zone, escalate_after
FROM organisation_contacts WHERE organisation_id = :owner ORDER BY channel, address LIMIT :most;

-- name: put_practice_contact!
INSERT INTO contacts (practice_id, address, channel, endpoint, name, roles, timings, digest, quiet_from, quiet_until,
    zone, escalate_after)
VALUES (:owner, :address, :channel, :endpoint, :name, :roles, :timings, :digest, :quiet_from, :quiet_until, :zone,
    :escalate_after)
ON CONFLICT (practice_id, address) DO UPDATE SET name = excluded.name, roles = excluded.roles,
    timings = excluded.timings, digest = excluded.digest, quiet_from = excluded.quiet_from,
    quiet_until = excluded.quiet_until, zone = excluded.zone, escalate_after = excluded.escalate_after,
    endpoint = coalesce(excluded.endpoint, contacts.endpoint);

-- name: put_organisation_contact!
INSERT INTO organisation_contacts (organisation_id, address, channel, endpoint, name, roles, timings, digest,
    quiet_from, quiet_until, zone, escalate_after)
VALUES (:owner, :address, :channel, :endpoint, :name, :roles, :timings, :digest, :quiet_from, :quiet_until, :zone,
    :escalate_after)
ON CONFLICT (organisation_id, address) DO UPDATE SET name = excluded.name, roles = excluded.roles,
    timings = excluded.timings, digest = excluded.digest, quiet_from = excluded.quiet_from,
    quiet_until = excluded.quiet_until, zone = excluded.zone, escalate_after = excluded.escalate_after,
    endpoint = coalesce(excluded.endpoint, organisation_contacts.endpoint);

-- name: remove_practice_contact!
-- What was planned for it is not sent any more.
WITH gone AS (
    DELETE FROM contacts WHERE practice_id = :owner AND address = :address RETURNING channel, address
)
UPDATE deliveries d SET state = 'FAILED', code = 'CONTACT_REMOVED' FROM gone g
WHERE d.practice_id = :owner AND d.channel = g.channel AND d.recipient = g.address AND d.state = 'DUE';

-- name: remove_organisation_contact!
WITH gone AS (
    DELETE FROM organisation_contacts WHERE organisation_id = :owner AND address = :address RETURNING channel, address
)
UPDATE deliveries d SET state = 'FAILED', code = 'CONTACT_REMOVED' FROM gone g, practices p
WHERE p.organisation_id = :owner AND d.practice_id = p.practice_id AND d.channel = g.channel
  AND d.recipient = g.address AND d.state = 'DUE';

-- name: lock_organisation
SELECT organisation_id FROM organisations WHERE organisation_id = :owner FOR NO KEY UPDATE;

-- name: organisation_of
SELECT organisation_id FROM practices WHERE practice_id = :owner;
