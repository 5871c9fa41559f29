-- name: problems
-- Everything that is open now, by practice and cause (law 26), with the newest cases of each.
WITH attention AS (
    SELECT w.practice_id, w.effect_id, e.source, e.event_id, e.target, w.state, w.reason, e.amount_minor, e.currency,
        w.last_code, w.changed_at
    FROM (SELECT * FROM work WHERE is_dead(state)
          UNION ALL
          SELECT * FROM work WHERE state = 'UNCERTAIN' AND settle_until < now() - :unsettled::interval) w
    CROSS JOIN LATERAL (SELECT * FROM entries x
                        WHERE x.practice_id = w.practice_id AND x.effect_id = w.effect_id OFFSET 0) e
), closed AS (
    SELECT pc.practice_id, pc.target, pc.connection_id, c.closed_reason AS reason, c.closed_at
    FROM connections c JOIN practice_connections pc USING (home_practice_id, connection_id)
    WHERE c.closed_reason IS NOT NULL
    UNION
    SELECT g.practice_id, pc.target, g.connection_id, g.closed_reason, g.closed_at
    FROM gates g JOIN practice_connections pc USING (practice_id, connection_id)
    WHERE g.closed_reason IS NOT NULL
)
SELECT 'posting' AS kind, a.practice_id, a.target, a.state, a.reason, count(*)::int AS count,
    min(a.changed_at) AS oldest_at,
    (SELECT count(*)::int FROM unnest(array_agg(a.effect_id)) AS k(effect_id)
     JOIN entries f ON f.practice_id = a.practice_id AND f.depends_on = k.effect_id
     JOIN work d ON d.practice_id = f.practice_id AND d.effect_id = f.effect_id
     WHERE NOT is_dead(d.state)) AS dependents,
    (array_agg(a.last_code ORDER BY a.changed_at DESC))[1] AS code, NULL::timestamptz AS answer_by,
    (SELECT json_agg(json_build_object('subject', v.subject, 'of', v.concerns, 'entry', x.effect_id,
                'amount_minor', x.amount_minor, 'currency', x.currency, 'at', x.changed_at) ORDER BY x.changed_at DESC)
     FROM (SELECT * FROM attention y WHERE y.practice_id = a.practice_id AND y.target = a.target AND y.state = a.state
             AND y.reason = a.reason ORDER BY y.changed_at DESC LIMIT :most_cases) x
     JOIN events v USING (practice_id, source, event_id)) AS cases
FROM attention a GROUP BY a.practice_id, a.target, a.state, a.reason
UNION ALL
SELECT CASE WHEN is_entry_stage(stage) THEN 'posting' ELSE 'record' END, practice_id,
    CASE WHEN is_entry_stage(stage) THEN target END, NULL, reason, count(*)::int, min(first_failed_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', event_id, 'entry', effect_id, 'at', first_failed_at)
                       ORDER BY first_failed_at DESC) FILTER (WHERE event_id IS NOT NULL))[1:(:most_cases)])
FROM dead_letters
WHERE settled_at IS NULL AND stands_by_itself(stage, reason)
GROUP BY 1, 2, 3, reason
UNION ALL
SELECT 'connection', w.practice_id, w.target, NULL, w.reason, w.waiting, w.closed_at, 0, NULL, NULL, NULL
FROM (
    SELECT k.practice_id, k.target, k.reason, min(k.closed_at) AS closed_at,
        (SELECT count(*)::int FROM work e
         WHERE e.practice_id = k.practice_id AND e.connection_id = k.connection_id
           AND is_poster_due(e.state)
           AND e.due_at <= business_now(:now)) AS waiting
    FROM closed k GROUP BY k.practice_id, k.target, k.connection_id, k.reason
) w
WHERE w.reason = ANY(:at_once::text[]) OR (w.closed_at < now() - :down_for::interval AND w.waiting > 0)
UNION ALL
-- What waits for a payment that is there and waits for its fee is reported with that fee (N-5).
SELECT 'event', practice_id, NULL, NULL,
    CASE waiting WHEN 'AWAITING_ORIGINAL' THEN 'ORIGINAL_MISSING' WHEN 'AWAITING_FEE' THEN 'FEE_MISSING' ELSE reason END,
    count(*)::int, min(received_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', subject, 'of', concerns, 'at', received_at)
                       ORDER BY received_at DESC))[1:(:most_cases)])
FROM events
WHERE (waiting = 'AWAITING_ORIGINAL' AND received_at < business_now(:now) - :original_by::interval
       AND NOT EXISTS (SELECT FROM events o WHERE o.practice_id = events.practice_id
           AND o.subject = events.concerns AND o.kind = 'payment' AND o.waiting = 'AWAITING_FEE'
           AND o.superseded_by IS NULL))
   OR (waiting = 'AWAITING_FEE' AND received_at < business_now(:now) - :fee_by::interval)
   OR (waiting = 'AWAITING_REVIEW' AND is_reported_review(reason))
GROUP BY 2, 5
UNION ALL
SELECT 'event', e.practice_id, NULL, NULL, 'PRACTICE_UNKNOWN', count(*)::int, min(e.received_at), 0, NULL, NULL, NULL
FROM events e JOIN practices p USING (practice_id)
WHERE e.waiting = 'AWAITING_SETTINGS' AND p.added_at IS NULL
  AND e.received_at < business_now(:now) - :unknown_by::interval
GROUP BY 2
UNION ALL
SELECT 'event', practice_id, NULL, NULL, reason, count(*)::int, min(changed_at), 0, NULL, NULL, NULL
FROM work WHERE state = 'PAUSED' AND reason = 'CONNECTION_REPLACED' GROUP BY practice_id, reason
UNION ALL
SELECT 'event', o.practice_id, NULL, NULL, o.reason, count(*)::int, min(o.changed_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', v.subject, 'of', v.concerns, 'entry', o.effect_id,
                'amount_minor', o.amount_minor, 'currency', o.currency, 'at', o.changed_at)
                       ORDER BY o.changed_at DESC))[1:(:most_cases)])
FROM open_effects o JOIN events v ON v.practice_id = o.practice_id AND v.source = o.source AND v.event_id = o.event_id
WHERE o.state = 'AWAITING_REVIEW' AND is_reported_review(o.reason) GROUP BY o.practice_id, o.reason
UNION ALL
SELECT 'event', c.practice_id, NULL, NULL, 'CHANGED_AT_TARGET', count(*)::int, min(c.found_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', v.subject, 'of', v.concerns, 'entry', c.effect_id,
                'amount_minor', e.amount_minor, 'currency', e.currency, 'at', c.found_at)
                       ORDER BY c.found_at DESC))[1:(:most_cases)])
FROM entry_changes c
CROSS JOIN LATERAL (SELECT * FROM entries x
                    WHERE x.practice_id = c.practice_id AND x.effect_id = c.effect_id OFFSET 0) e
CROSS JOIN LATERAL (SELECT * FROM events x
                    WHERE x.practice_id = e.practice_id AND x.source = e.source AND x.event_id = e.event_id OFFSET 0) v
WHERE c.ended_at IS NULL AND c.state IN ('GONE', 'CHANGED') GROUP BY c.practice_id
UNION ALL
SELECT 'event', practice_id, NULL, NULL, CASE kind WHEN 'return' THEN 'PAYMENT_RETURNED' ELSE 'PAYOUT_FAILED' END,
    count(*)::int, min(received_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', subject, 'of', concerns, 'at', received_at)
                       ORDER BY received_at DESC))[1:(:most_cases)])
FROM events
WHERE kind IN ('return', 'payout_failed') AND received_at > business_now(:now) - :news_for::interval
GROUP BY 2, 5
UNION ALL
-- Voided at a time before its money moved once more: what moved it was counted first (R-17).
SELECT 'event', practice_id, NULL, NULL, 'MOVED_AFTER_VOID', count(*)::int, min(resolved_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', subject, 'of', concerns, 'at', resolved_at)
                       ORDER BY resolved_at DESC))[1:(:most_cases)])
FROM events
WHERE kind = 'void' AND reason = 'MORE_THAN_ORIGINAL' AND resolved_at > business_now(:now) - :news_for::interval
GROUP BY 2
UNION ALL
-- News for the operator: stops of the same role within its time are one.
SELECT 'event', '?', NULL, NULL, 'ROLE_STOPPED', count(*)::int, min(stopped_at), 0, NULL, NULL, NULL
FROM role_stops WHERE stopped_at > business_now(:now) - :news_for::interval HAVING count(*) > 0
UNION ALL
SELECT 'event', '?', NULL, NULL, 'LEDGER_SET_BACK', count(*)::int, min(raised_at), 0, NULL, NULL, NULL
FROM era_raises WHERE raised_at > business_now(:now) - :news_for::interval HAVING count(*) > 0
UNION ALL
-- Where many became silent at once, who reports has stopped: the operator is told, and practices that were told before.
SELECT 'event', s.practice_id, NULL, NULL, s.reason, 1, s.silent_since, 0, NULL, NULL, NULL
FROM (SELECT practice_id, silent_since,
          CASE target WHEN 'PMS' THEN 'NO_PAYMENTS_REPORTED' ELSE 'NO_PAYOUTS_REPORTED' END AS reason
      FROM upstream_silence WHERE silent_since IS NOT NULL) s
WHERE NOT :widely OR EXISTS (SELECT FROM notices n WHERE n.practice_id = s.practice_id
                                 AND n.cause = 'event:-:' || s.reason AND n.closed_at IS NULL)
UNION ALL
SELECT 'event', '?', NULL, NULL, 'UPSTREAM_SILENT', count(*)::int, min(silent_since), 0, NULL, NULL, NULL
FROM upstream_silence WHERE :widely AND silent_since > business_now(:now) - :lately::interval HAVING count(*) > 0
UNION ALL
SELECT 'event', practice_id, NULL, NULL, 'DISPUTE_OPENED', count(*)::int, min(opened_at), 0, NULL, min(respond_by),
    to_json((array_agg(json_build_object('subject', dispute_id, 'of', payment_id, 'at', opened_at,
                                         'answer_by', respond_by)
                       ORDER BY opened_at DESC))[1:(:most_cases)])
FROM disputes WHERE closed_at IS NULL GROUP BY 2
UNION ALL
SELECT 'event', practice_id, NULL, NULL, 'DISPUTE_' || outcome, count(*)::int, min(closed_at), 0, NULL, NULL,
    to_json((array_agg(json_build_object('subject', dispute_id, 'of', payment_id, 'at', closed_at)
                       ORDER BY closed_at DESC))[1:(:most_cases)])
FROM disputes WHERE closed_at > business_now(:now) - :news_for::interval GROUP BY 2, outcome;

-- name: disagreements
-- Of open conflicts, the newest: what the stored report and the refused one say of the same money.
SELECT e.kind, e.subject, t.of_source AS stored_by, t.source AS told_by, t.differences,
    (SELECT s.body ->> 'currency' FROM settings_in_force(t.practice_id, business_now(:now)) s) AS currency
FROM dead_letters d
JOIN told_again t ON t.practice_id = d.practice_id AND t.topic_id = d.topic_id AND t.part = d.part AND t.off = d.off
JOIN events e ON e.practice_id = t.practice_id AND e.source = t.of_source AND e.event_id = t.of_event_id
WHERE d.practice_id = :practice_id AND d.reason = 'CONFLICT' AND d.settled_at IS NULL
ORDER BY t.received_at DESC, t.off DESC LIMIT :most;

-- name: told_twice
-- Of open conflicts, the newest in which one event came twice: its bytes as they stand and as they were refused.
SELECT e.kind, e.subject, e.source, e.event_type, b.original, d.value
FROM (SELECT * FROM dead_letters WHERE practice_id = :practice_id AND reason = 'CONFLICT' AND settled_at IS NULL
      ORDER BY first_failed_at DESC, off DESC LIMIT :most) d
JOIN events e ON e.practice_id = d.practice_id AND e.source = d.source AND e.event_id = d.event_id
JOIN bodies b ON b.practice_id = e.practice_id AND b.month = e.month AND b.source = e.source AND b.event_id = e.event_id
WHERE d.value IS NOT NULL AND b.original IS NOT NULL;

-- name: reported
-- Of some payments, payouts and the like what was reported: first what waits, then what came last.
SELECT DISTINCT ON (v.subject) v.subject, v.event_type, b.original,
    (SELECT coalesce(s.body ->> 'currency', :usual_currency) FROM settings s WHERE s.practice_id = :practice_id
     ORDER BY s.version DESC LIMIT 1) AS currency
FROM unnest(:subjects::text[]) AS k(subject)
JOIN events v ON v.practice_id = :practice_id AND v.subject = k.subject AND v.superseded_by IS NULL
JOIN bodies b ON b.practice_id = v.practice_id AND b.month = v.month AND b.source = v.source AND b.event_id = v.event_id
WHERE b.original IS NOT NULL
ORDER BY v.subject, v.waiting IS NULL, v.received_at DESC;

-- name: field_faults
-- Which fields of a practice's open records of one reason are at fault, and what is wrong with them: the most common first.
SELECT field, headers ->> 'dl-fault' AS fault, count(*)::int AS count FROM dead_letters
WHERE practice_id = :practice_id AND reason = :reason AND settled_at IS NULL AND stands_by_itself(stage, reason)
  AND field IS NOT NULL
GROUP BY 1, 2 ORDER BY count DESC, field, fault LIMIT :most;

-- name: set_backs
SELECT era, raised_at, proofs, entries FROM era_raises WHERE raised_at > business_now(:now) - :news_for::interval
ORDER BY era DESC LIMIT :most;

-- name: open_notices
SELECT practice_id, cause, opened_at, not_before, told_at, shown, steps, reminders, escalated, acknowledged_by
FROM notices WHERE closed_at IS NULL;

-- name: open_notice
-- The unique index of open notices lets one of two notifiers win; the other finds the row next time.
INSERT INTO notices (practice_id, cause, opened_at, target, state, reason, items, not_before)
SELECT :practice_id, :cause, business_now(:now), :target, NULL, :reason, :items,
    coalesce((SELECT max(told_at) FROM notices WHERE practice_id = :practice_id AND cause = :cause)
             + :bundle::interval, 'epoch')
ON CONFLICT DO NOTHING
RETURNING practice_id, cause, opened_at, not_before, told_at, shown, steps, reminders, escalated, acknowledged_by;

-- name: name_notice!
UPDATE notices SET reference = :reference
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND reference IS NULL;

-- name: unread
-- Open notices that nobody was told of and nobody will be, as things stand: no contact, or every message refused.
SELECT count(*)::int AS count FROM notices n
WHERE n.closed_at IS NULL AND greatest(n.opened_at, n.not_before) < business_now(:now) - :grace::interval
  AND NOT n.in_digest
  AND NOT EXISTS (SELECT FROM deliveries d
                  WHERE d.practice_id = n.practice_id AND d.cause = n.cause AND d.opened_at = n.opened_at
                    AND (may_have_arrived(d.state) OR delivery_under_way(d.state)) OFFSET 0);

-- name: count_acknowledgements
-- What people have said that they see to and nobody has measured yet; each by one notifier.
UPDATE notices SET acknowledgement_counted = true
WHERE acknowledged_at IS NOT NULL AND NOT acknowledgement_counted
RETURNING cause, extract(epoch FROM acknowledged_at - opened_at)::float8 AS after_s;

-- name: forget_solved!
-- Fewer are open than were shown: the next new one is news again.
UPDATE notices SET items = :items, shown = least(shown, :items)
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND items <> :items;

-- name: take_step
-- Compare-and-set on the number of steps: a message is planned by one notifier only.
UPDATE notices SET steps = steps + 1, told_at = business_now(:now), shown = :items, items = :items,
    suppressed = suppressed + :more,
    reminded_at = CASE WHEN :reminder THEN business_now(:now) ELSE reminded_at END,
    reminders = reminders + CASE WHEN :reminder THEN 1 ELSE 0 END,
    in_digest = CASE WHEN :closing THEN in_digest ELSE :in_digest END,
    closed_at = CASE WHEN :closing THEN business_now(:now) ELSE closed_at END
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND steps = :steps AND closed_at IS NULL
RETURNING steps;

-- name: close_unreported
UPDATE notices SET closed_at = business_now(:now), items = 0
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND steps = :steps AND closed_at IS NULL
RETURNING steps;

-- name: contacts
-- Of the practice and of its group; an address that both have is the practice's.
SELECT DISTINCT ON (channel, address) channel, address, roles, timings, digest, quiet_from, quiet_until, zone,
    escalate_after
FROM (SELECT 1 AS near, channel, address, roles, timings, digest, quiet_from, quiet_until, zone, escalate_after
      FROM contacts WHERE practice_id = :practice_id
      UNION ALL
      SELECT 2, channel, address, roles, timings, digest, quiet_from, quiet_until, zone, escalate_after
      FROM organisation_contacts
      WHERE organisation_id = (SELECT organisation_id FROM practices WHERE practice_id = :practice_id)) c
ORDER BY channel, address, near;

-- name: escalations
-- Open notices that nobody has acknowledged, with a contact who is told after the time that they are open by now.
SELECT n.practice_id, n.cause, n.opened_at, n.not_before, n.told_at, n.shown, n.steps, n.reminders, n.escalated,
    n.acknowledged_by, business_now(:now) - n.opened_at AS open_for
FROM notices n
WHERE n.closed_at IS NULL AND n.acknowledged_at IS NULL AND n.told_at IS NOT NULL
  AND (EXISTS (SELECT FROM contacts c
               WHERE c.practice_id = n.practice_id AND c.escalate_after > '0' AND c.escalate_after > n.escalated
                 AND c.escalate_after <= business_now(:now) - n.opened_at)
       OR EXISTS (SELECT FROM practices p JOIN organisation_contacts c USING (organisation_id)
                  WHERE p.practice_id = n.practice_id AND c.escalate_after > '0' AND c.escalate_after > n.escalated
                    AND c.escalate_after <= business_now(:now) - n.opened_at));

-- name: escalated!
UPDATE notices SET escalated = :open_for
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND closed_at IS NULL;

-- name: route_of
-- Through which route a practice's target is reached.
SELECT c.route FROM practice_connections pc JOIN connections c USING (home_practice_id, connection_id)
WHERE pc.practice_id = :practice_id AND pc.target = :target;

-- name: reader_of
-- A practice as its letters name it, with the zone of its newest settings.
SELECT p.name, (SELECT s.body ->> 'zone' FROM settings s WHERE s.practice_id = p.practice_id
                ORDER BY s.version DESC LIMIT 1) AS zone
FROM practices p WHERE p.practice_id = :practice_id;

-- name: overtaken
-- What was never handed over need not be sent any more once it is solved.
UPDATE deliveries SET state = 'FAILED', code = 'OVERTAKEN'
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND state = 'DUE'
RETURNING recipient;

-- name: said_anew!
-- A message that quiet hours hold back says nothing that the newer one does not.
UPDATE deliveries SET state = 'FAILED', code = 'OVERTAKEN'
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND state = 'DUE' AND attempts = 0
  AND channel = :channel AND recipient = :recipient AND next_at > business_now(:now);

-- name: notified_recipients
SELECT DISTINCT channel, recipient AS address FROM deliveries
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND may_have_arrived(state)
ORDER BY channel, recipient;

-- name: plan_delivery!
INSERT INTO deliveries (practice_id, cause, opened_at, step, channel, recipient, message_id, state, next_at, subject,
    body, written_at, thread)
VALUES (:practice_id, :cause, :opened_at, :step, :channel, :recipient, :message_id, 'DUE',
    coalesce(:not_before::timestamptz, 'epoch'), :subject, :body, business_now(:now),
    (SELECT d.message_id FROM deliveries d
     WHERE d.practice_id = :practice_id AND d.cause = :cause AND d.opened_at = :opened_at AND d.channel = :channel
       AND d.recipient = :recipient
     ORDER BY d.written_at, d.step LIMIT 1))
ON CONFLICT DO NOTHING;

-- name: put_in_inbox!
INSERT INTO inbox (practice_id, cause, opened_at, step, written_at, subject, body)
VALUES (:practice_id, :cause, :opened_at, :step, business_now(:now), :subject, :body)
ON CONFLICT DO NOTHING;

-- name: abandoned!
-- The sender died between its mark and its answer: nobody knows whether that message went out.
UPDATE deliveries SET state = 'UNCERTAIN', code = 'SENDER_DIED', next_at = 'epoch'
WHERE state = 'SENDING' AND channel = :channel AND marked_at < now() - :lease::interval;

-- name: mark
-- Marked before it is sent (law 26). Doubtful ones are marked once more, and only once.
UPDATE deliveries d SET state = 'SENDING', marked_at = now(), attempts = d.attempts + 1,
    repeated = d.repeated OR d.state = 'UNCERTAIN'
FROM (SELECT practice_id, cause, opened_at, step, channel, recipient FROM deliveries
      WHERE next_at <= business_now(:now) AND channel = :channel
        AND (state = 'DUE' OR (state = 'UNCERTAIN' AND NOT repeated))
      ORDER BY next_at, written_at LIMIT :most FOR UPDATE SKIP LOCKED) k
WHERE (d.practice_id, d.cause, d.opened_at, d.step, d.channel, d.recipient)
    = (k.practice_id, k.cause, k.opened_at, k.step, k.channel, k.recipient)
RETURNING d.practice_id, d.cause, d.opened_at, d.step, d.channel, d.recipient, d.message_id, d.subject, d.body,
    d.written_at, d.attempts, d.thread,
    (SELECT n.reference FROM notices n
     WHERE n.practice_id = d.practice_id AND n.cause = d.cause AND n.opened_at = d.opened_at) AS reference,
    coalesce((SELECT c.endpoint FROM contacts c
              WHERE c.practice_id = d.practice_id AND c.address = d.recipient AND c.channel = d.channel),
             (SELECT c.endpoint FROM practices p JOIN organisation_contacts c USING (organisation_id)
              WHERE p.practice_id = d.practice_id AND c.address = d.recipient AND c.channel = d.channel)) AS endpoint,
    coalesce((SELECT c.practice_id FROM contacts c
              WHERE c.practice_id = d.practice_id AND c.address = d.recipient AND c.channel = d.channel),
             (SELECT 'organisation ' || p.organisation_id FROM practices p
              WHERE p.practice_id = d.practice_id)) AS endpoint_of;

-- name: answer!
-- Only the try that marked it may answer.
UPDATE deliveries SET state = :state, code = :code,
    sent_at = CASE WHEN :state = 'SENT' THEN business_now(:now) END,
    next_at = business_now(:now) + make_interval(secs => :again_s)
WHERE (practice_id, cause, opened_at, step, channel, recipient)
    = (:practice_id, :cause, :opened_at, :step, :channel, :recipient)
  AND state = 'SENDING' AND attempts = :attempts;

-- name: waiting_channels
SELECT DISTINCT channel FROM deliveries WHERE delivery_under_way(state) AND next_at < now();

-- name: open_dead_letters
SELECT stage, reason, count(*)::int AS count, extract(epoch FROM now() - min(stored_at))::float8 AS oldest_s,
    count(DISTINCT practice_id) FILTER (WHERE stored_at < now() - :standing::interval)::int AS practices
FROM dead_letters WHERE settled_at IS NULL GROUP BY stage, reason;

-- name: open_by_cause
SELECT cause, count(*)::int AS count FROM notices WHERE closed_at IS NULL GROUP BY cause;

-- name: digests_due
-- What waited for people when the morning came, where it is a working day of the practice and today's digest is not
-- written yet. Each payment, payout or refund once, under the first of its states; the newest few by name.
WITH waiting AS (
    SELECT e.practice_id, e.state, v.subject, v.concerns, v.kind, min(e.effect_id) AS entry, min(e.changed_at) AS at,
           (array_agg(e.amount_minor ORDER BY e.effect_id))[1] AS amount_minor, min(e.currency) AS currency,
           NULL::timestamptz AS answer_by
    FROM open_effects e JOIN events v USING (practice_id, source, event_id)
    WHERE e.state = ANY(:entries::text[]) AND (e.state <> 'UNCERTAIN' OR e.settle_until < now() - :unsettled::interval)
    GROUP BY e.practice_id, e.state, v.subject, v.concerns, v.kind
    UNION ALL
    -- What should resolve itself is listed once it has not for long: a fee (N-5), a payment (R-8),
    -- settings that begin after it.
    SELECT practice_id, waiting, subject, concerns, kind, NULL, received_at, NULL, NULL, NULL FROM events
    WHERE waiting IS NOT NULL AND (waiting = 'AWAITING_REVIEW'
        OR waiting = 'AWAITING_FEE' AND received_at < business_now(:now) - interval '72 hours'
        OR waiting = 'AWAITING_ORIGINAL' AND received_at < business_now(:now) - interval '24 hours'
        OR waiting = 'AWAITING_SETTINGS' AND received_at < business_now(:now) - interval '1 hour')
    UNION ALL
    SELECT practice_id, 'DISPUTE_OPENED', dispute_id, payment_id, 'dispute', NULL, opened_at, NULL, NULL, respond_by
    FROM disputes WHERE closed_at IS NULL
), reported AS (
    -- Open notices of which somebody reads in the digest.
    SELECT DISTINCT n.practice_id FROM notices n
    WHERE n.closed_at IS NULL
      AND (EXISTS (SELECT FROM contacts c WHERE c.practice_id = n.practice_id AND c.timings <> '{}')
           OR EXISTS (SELECT FROM practices p JOIN organisation_contacts c USING (organisation_id)
                      WHERE p.practice_id = n.practice_id AND c.timings <> '{}'))
), local AS (
    SELECT p.practice_id, z.name AS zone, business_now(:now) AT TIME ZONE z.name AS at, z.business_days, z.holidays
    FROM (SELECT practice_id FROM waiting UNION SELECT practice_id FROM reported) p
    CROSS JOIN LATERAL (
        SELECT body ->> 'zone' AS name, coalesce(body -> 'business_days', :working_week::jsonb) AS business_days,
               coalesce(body -> 'holidays', '[]') AS holidays
        FROM settings s WHERE s.practice_id = p.practice_id ORDER BY version DESC LIMIT 1) z
), morning AS (
    SELECT practice_id, zone, (at::date + :earliest::time) AT TIME ZONE zone AS opened_at FROM local
    WHERE at::time >= :earliest::time AND at::time < :latest::time
      AND business_days ? to_char(at, 'DY') AND NOT holidays ? to_char(at, 'YYYY-MM-DD')
), due AS (
    SELECT m.* FROM morning m
    WHERE (SELECT true FROM notices n WHERE n.practice_id = m.practice_id AND n.cause = :cause
           AND n.opened_at = m.opened_at) IS NULL
), cases AS (
    SELECT DISTINCT ON (w.practice_id, w.subject) w.*, d.opened_at, d.zone
    FROM due d JOIN waiting w ON w.practice_id = d.practice_id AND w.at <= d.opened_at
    ORDER BY w.practice_id, w.subject, array_position(:sections::text[], w.state)
)
SELECT c.practice_id, c.opened_at, c.zone, (SELECT p.name FROM practices p WHERE p.practice_id = c.practice_id) AS name,
    c.state AS section, count(*)::int AS count, bool_and(starts_with(c.kind, 'payout')) AS payouts,
    CASE WHEN count(DISTINCT c.currency) = 1 AND bool_and(c.amount_minor IS NOT NULL) THEN sum(c.amount_minor)::bigint
         END AS amount_minor, min(c.currency) AS currency,
    to_json((array_agg(json_build_object('subject', c.subject, 'of', c.concerns, 'entry', c.entry,
                'amount_minor', c.amount_minor, 'currency', c.currency, 'at', c.at, 'answer_by', c.answer_by)
            ORDER BY c.at DESC))[1:(:most_cases)]) AS cases
FROM cases c
GROUP BY c.practice_id, c.opened_at, c.zone, c.state
UNION ALL
SELECT d.practice_id, d.opened_at, d.zone, (SELECT p.name FROM practices p WHERE p.practice_id = d.practice_id), NULL, 0,
    false, NULL, NULL, NULL
FROM due d JOIN reported r USING (practice_id)
ORDER BY 1, 5;

-- name: digest_notices
-- A practice's open notices, as a digest lists them.
SELECT cause, items, opened_at, reference FROM notices
WHERE practice_id = :practice_id AND closed_at IS NULL ORDER BY opened_at, cause;

-- name: take_digest
-- Closed from the start: nothing in it is solved as a whole, and its key is the morning.
INSERT INTO notices (practice_id, cause, opened_at, reason, items, told_at, closed_at, steps)
VALUES (:practice_id, :cause, :opened_at, 'WAITING', :items, business_now(:now), :opened_at, 1)
ON CONFLICT DO NOTHING RETURNING practice_id;
