-- name: problems
-- Everything that is open now, by practice and cause (law 26). Counts and times only.
WITH attention AS (
    SELECT practice_id, effect_id, target, state, reason, last_code, changed_at
    FROM open_effects
    WHERE is_dead(state)
       OR (state = 'UNCERTAIN' AND settle_until < now() - :unsettled::interval)
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
    (SELECT count(*)::int FROM entries f JOIN work d USING (practice_id, effect_id)
     WHERE f.practice_id = a.practice_id AND f.depends_on = ANY(array_agg(a.effect_id))
       AND NOT is_dead(d.state)) AS dependents,
    (array_agg(a.last_code ORDER BY a.changed_at DESC))[1] AS code, NULL::timestamptz AS answer_by
FROM attention a GROUP BY a.practice_id, a.target, a.state, a.reason
UNION ALL
SELECT CASE WHEN is_entry_stage(stage) THEN 'posting' ELSE 'record' END, practice_id,
    CASE WHEN is_entry_stage(stage) THEN target END, NULL, reason, count(*)::int, min(first_failed_at), 0, NULL, NULL
FROM dead_letters
WHERE settled_at IS NULL AND stands_by_itself(stage, reason)
GROUP BY 1, 2, 3, reason
UNION ALL
SELECT 'connection', w.practice_id, w.target, NULL, w.reason, w.waiting, w.closed_at, 0, NULL, NULL
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
    count(*)::int, min(received_at), 0, NULL, NULL
FROM events
WHERE (waiting = 'AWAITING_ORIGINAL' AND received_at < business_now(:now) - :original_by::interval
       AND NOT EXISTS (SELECT FROM events o WHERE o.practice_id = events.practice_id AND o.source = events.source
           AND o.subject = events.concerns AND o.kind = 'payment' AND o.waiting = 'AWAITING_FEE'
           AND o.superseded_by IS NULL))
   OR (waiting = 'AWAITING_FEE' AND received_at < business_now(:now) - :fee_by::interval)
   OR (waiting = 'AWAITING_REVIEW' AND is_reported_review(reason))
GROUP BY 2, 5
UNION ALL
SELECT 'event', practice_id, NULL, NULL, reason, count(*)::int, min(changed_at), 0, NULL, NULL
FROM work WHERE state = 'PAUSED' AND reason = 'CONNECTION_REPLACED' GROUP BY practice_id, reason
UNION ALL
SELECT 'event', practice_id, NULL, NULL, CASE kind WHEN 'return' THEN 'PAYMENT_RETURNED' ELSE 'PAYOUT_FAILED' END,
    count(*)::int, min(received_at), 0, NULL, NULL
FROM events
WHERE kind IN ('return', 'payout_failed') AND received_at > business_now(:now) - :news_for::interval
GROUP BY 2, 5
UNION ALL
SELECT 'event', practice_id, NULL, NULL, 'DISPUTE_OPENED', count(*)::int, min(opened_at), 0, NULL, min(respond_by)
FROM disputes WHERE closed_at IS NULL GROUP BY 2
UNION ALL
SELECT 'event', practice_id, NULL, NULL, 'DISPUTE_' || outcome, count(*)::int, min(closed_at), 0, NULL, NULL
FROM disputes WHERE closed_at > business_now(:now) - :news_for::interval GROUP BY 2, outcome;

-- name: open_notices
SELECT practice_id, cause, opened_at, not_before, told_at, shown, steps FROM notices WHERE closed_at IS NULL;

-- name: open_notice
-- The unique index of open notices lets one of two notifiers win; the other finds the row next time.
INSERT INTO notices (practice_id, cause, opened_at, target, state, reason, items, not_before)
SELECT :practice_id, :cause, business_now(:now), :target, NULL, :reason, :items,
    coalesce((SELECT max(told_at) FROM notices WHERE practice_id = :practice_id AND cause = :cause)
             + :bundle::interval, 'epoch')
ON CONFLICT DO NOTHING
RETURNING practice_id, cause, opened_at, not_before, told_at, shown, steps;

-- name: forget_solved!
-- Fewer are open than were shown: the next new one is news again.
UPDATE notices SET items = :items, shown = least(shown, :items)
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND items <> :items;

-- name: take_step
-- Compare-and-set on the number of steps: a message is planned by one notifier only.
UPDATE notices SET steps = steps + 1, told_at = business_now(:now), shown = :items, items = :items,
    suppressed = suppressed + :more,
    reminded_at = CASE WHEN :reminder THEN business_now(:now) ELSE reminded_at END,
    closed_at = CASE WHEN :closing THEN business_now(:now) ELSE closed_at END
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND steps = :steps AND closed_at IS NULL
RETURNING steps;

-- name: close_unreported
UPDATE notices SET closed_at = business_now(:now), items = 0
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND steps = :steps AND closed_at IS NULL
RETURNING steps;

-- name: contacts
SELECT channel, email AS address FROM practice_contacts WHERE practice_id = :practice_id ORDER BY channel, email;

-- name: route_of
-- Through which route a practice's target is reached.
SELECT c.route FROM practice_connections pc JOIN connections c USING (home_practice_id, connection_id)
WHERE pc.practice_id = :practice_id AND pc.target = :target;

-- name: overtaken
-- What was never handed over need not be sent any more once it is solved.
UPDATE deliveries SET state = 'FAILED', code = 'OVERTAKEN'
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND state = 'DUE'
RETURNING recipient;

-- name: notified_recipients
SELECT DISTINCT channel, recipient AS address FROM deliveries
WHERE practice_id = :practice_id AND cause = :cause AND opened_at = :opened_at AND may_have_arrived(state)
ORDER BY channel, recipient;

-- name: plan_delivery!
INSERT INTO deliveries (practice_id, cause, opened_at, step, channel, recipient, message_id, state, next_at, subject,
    body, written_at)
VALUES (:practice_id, :cause, :opened_at, :step, :channel, :recipient, :message_id, 'DUE', 'epoch', :subject, :body,
    business_now(:now))
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
    d.written_at, d.attempts;

-- name: answer!
-- Only the try that marked it may answer.
UPDATE deliveries SET state = :state, code = :code,
    sent_at = CASE WHEN :state = 'SENT' THEN business_now(:now) END,
    next_at = business_now(:now) + make_interval(secs => :again_s)
WHERE (practice_id, cause, opened_at, step, channel, recipient)
    = (:practice_id, :cause, :opened_at, :step, :channel, :recipient)
  AND state = 'SENDING' AND attempts = :attempts;

-- name: open_dead_letters
SELECT stage, count(*)::int AS count, extract(epoch FROM now() - min(stored_at))::float8 AS oldest_s FROM dead_letters
WHERE settled_at IS NULL GROUP BY stage;

-- name: open_by_cause
SELECT cause, count(*)::int AS count FROM notices WHERE closed_at IS NULL GROUP BY cause;

-- name: digests_due
-- What waits for people, where it is morning on a working day and today's digest is not written yet.
WITH waiting AS (
    SELECT practice_id, state, count(*)::int AS entries FROM work
    WHERE waits_for_people(state)
    GROUP BY practice_id, state
    UNION ALL
    -- What should resolve itself is listed once it has not for long: a fee (N-5), a payment (R-8),
    -- settings that begin after it.
    SELECT practice_id, waiting, count(*)::int FROM events
    WHERE waiting IS NOT NULL AND (waiting = 'AWAITING_REVIEW'
        OR waiting = 'AWAITING_FEE' AND received_at < business_now(:now) - interval '72 hours'
        OR waiting = 'AWAITING_ORIGINAL' AND received_at < business_now(:now) - interval '24 hours'
        OR waiting = 'AWAITING_SETTINGS' AND received_at < business_now(:now) - interval '1 hour')
    GROUP BY practice_id, waiting
), local AS (
    SELECT p.practice_id, z.name AS zone, business_now(:now) AT TIME ZONE z.name AS at
    FROM (SELECT DISTINCT practice_id FROM waiting) p
    CROSS JOIN LATERAL (SELECT body ->> 'zone' AS name FROM settings s WHERE s.practice_id = p.practice_id
                        ORDER BY version DESC LIMIT 1) z
), morning AS (
    SELECT practice_id, (at::date + :earliest::time) AT TIME ZONE zone AS opened_at FROM local
    WHERE at::time >= :earliest::time AND at::time < :latest::time AND extract(isodow FROM at) <= 5
)
SELECT m.practice_id, m.opened_at, w.state, w.entries FROM morning m JOIN waiting w USING (practice_id)
WHERE NOT EXISTS (SELECT FROM notices n WHERE n.practice_id = m.practice_id AND n.cause = :cause
                  AND n.opened_at = m.opened_at)
ORDER BY m.practice_id, w.state;

-- name: take_digest
-- Closed from the start: nothing in it is solved as a whole, and its key is the morning.
INSERT INTO notices (practice_id, cause, opened_at, reason, items, told_at, closed_at, steps)
VALUES (:practice_id, :cause, :opened_at, 'WAITING', :items, business_now(:now), :opened_at, 1)
ON CONFLICT DO NOTHING RETURNING practice_id;
