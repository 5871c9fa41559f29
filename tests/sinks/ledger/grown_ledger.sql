-- A ledger that has been at work for a year: 50,000 small practices, each with a gate and one or two entries, and one with
-- 4,000: 100,000 entries. One in five is open, most of those due in days to come; some stand in each other state.
-- Set-based, and checked by nobody: the caller has switched triggers off.

SELECT ensure_months((date_trunc('month', now()) - interval '12 months')::date, 15);

CREATE TEMP TABLE who AS
SELECT row_number() OVER () AS n, p, i FROM (
    SELECT 'practice-' || lpad(m::text, 7, '0') AS p, i FROM generate_series(1, 50000) m, generate_series(1, 2) i
    WHERE i = 1 OR m <= 46000
    UNION ALL SELECT 'practice-big', i FROM generate_series(1, 4000) i) w;

CREATE TEMP TABLE what AS
SELECT w.*, n % 5 = 0 AS open, now() - make_interval(days => (n % 360)::int, mins => (n % 1440)::int) AS at,
       CASE WHEN n % 5 > 0 THEN 'POSTED' WHEN n / 5 % 5 > 0 THEN 'SCHEDULED'
            ELSE (ARRAY['AWAITING_LINK', 'PAUSED', 'AWAITING_CLEARANCE', 'AWAITING_MANUAL_POST', 'REJECTED', 'DEAD_LETTERED',
                        'UNCERTAIN', 'BLOCKED_PERIOD', 'AWAITING_REVIEW', 'INVALID_CONFIG'])[1 + (n / 25 % 10)::int]
       END AS state
FROM who w;
CREATE TEMP TABLE practice AS SELECT DISTINCT p FROM who;
ANALYZE what, practice;

INSERT INTO practices (practice_id, seq, name, added_at, added_by, entitled_at, entitled_by)
SELECT p, 100000, p, now() - interval '2 years', 'Ada', now() - interval '2 years', 'Ada' FROM practice;
INSERT INTO contacts (practice_id, address) SELECT p, 'books@' || p || '.example' FROM practice;
INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason, applied_at)
SELECT p, v, now() - make_interval(days => 900 - 300 * v),
       '{"master": true, "status": "ACTIVE", "zone": "America/New_York"}', now() - interval '2 years', 'Ada', 'test',
       now() - interval '2 years'
FROM practice, generate_series(1, 2) v;
INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint, secret,
    capabilities, closed_reason, closed_at)
SELECT p, p || '-PMS', 'PMS', 'open_dental', 'http://127.0.0.1/api/v1', p, 'x', '{payment}',
       CASE WHEN p LIKE '%999' THEN 'TARGET_DOWN' END, CASE WHEN p LIKE '%999' THEN now() - interval '1 hour' END
FROM practice;
INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)
SELECT p, 'PMS', p, p || '-PMS' FROM practice;
INSERT INTO gates (practice_id, connection_id, next_due_at)
SELECT p, p || '-PMS', CASE WHEN p LIKE '%77' THEN now() - interval '1 minute' WHEN p LIKE '%0' THEN now() + interval '1 day' END
FROM practice;
INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)
SELECT p, 'pt-' || i, i::text, 'Ada', at FROM what WHERE state <> 'AWAITING_LINK';
INSERT INTO members (practice_id, member_id, patient_ref, plan, status, added_at, added_by, changed_at)
SELECT p, 'mem-' || i, 'pt-' || i, 'Gold', 'ACTIVE', at, 'Ada', at FROM what WHERE n % 4 = 0;
INSERT INTO links_taken_away (practice_id, patient_ref, pms_patient_id, taken_at, taken_by)
SELECT p, 'pt-' || i, i::text, at, 'Ada' FROM what WHERE n % 3 = 0;

INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest, money_digest,
    occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at, settings_version)
SELECT p, 'payments.example', 'ev-' || i, 'pay-' || i, 'payment', 1, 'PaymentSucceeded', 1, sha256((p || i)::bytea),
       sha256((p || i)::bytea), at, at, at, date_trunc('month', at)::date, 'topic-1', 0, n, 'AUTO_INSTANT', at, 2
FROM what;
-- What waits as an event, refunds of payments, and payouts that failed.
INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest, money_digest,
    occurred_at, appended_at, received_at, month, topic_id, part, off, waiting, reason, resolved_at, settings_version,
    concerns, redecide_at)
SELECT p, 'payments.example', 're-' || i, 'ref-' || i, kind, 1, 'PaymentRefunded', 1, sha256((p || i)::bytea),
       sha256((p || i)::bytea), at, at, at, date_trunc('month', at)::date, 'topic-1', 0, 200000 + n, waiting, 'AUTO_INSTANT',
       CASE WHEN waiting IS NULL THEN at END, 2, 'pay-' || i,
       CASE WHEN waiting = 'AWAITING_SETTINGS' THEN now() + interval '1 hour' END
FROM (SELECT *, CASE WHEN n % 100 = 0 THEN 'return' ELSE 'refund' END AS kind,
             CASE WHEN n % 200 = 0 THEN (ARRAY['AWAITING_ORIGINAL', 'AWAITING_FEE', 'AWAITING_REVIEW',
                  'AWAITING_SETTINGS'])[1 + (n / 200 % 4)::int] END AS waiting FROM what WHERE n % 10 = 0) w;
INSERT INTO bodies (practice_id, month, source, event_id, original_key, original, plan)
SELECT practice_id, month, source, event_id, convert_to(practice_id, 'UTF8'), 'original', 'plan' FROM events;
INSERT INTO receipts (practice_id, topic_id, part, off, verdict, source, event_id)
SELECT practice_id, topic_id, part, off, 'FIRST', source, event_id FROM events;

INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, depends_on, amount_minor,
    currency, ledger_date, patient_ref, settings_version, instruction)
SELECT p, i, 'payments.example', 'ev-' || i, 'PMS', 'payment', '', 'p:pt-' || i, CASE WHEN n % 10 = 1 AND i > 1 THEN i - 1 END,
       12345, 'USD', at::date, 'pt-' || i, 2,
       json_build_object('entry_kind', 'payment', 'amount_minor', 12345, 'currency', 'USD', 'ledger_date', at::date,
                         'occurred_at', at, 'patient_ref', 'pt-' || i, 'gross_minor', 12345, 'fee_minor', 388)
FROM what;
INSERT INTO work (practice_id, effect_id, connection_id, lane, patient_ref, state, reason, due_at, ledger_date, request_id,
    attempts, sent_at, settle_until, changed_at)
SELECT p, i, p || '-PMS', 'p:pt-' || i, 'pt-' || i, state, 'AUTO_INSTANT',
       CASE WHEN state = 'SCHEDULED' AND n % 50 > 0 THEN now() + make_interval(hours => 1 + (n % 90)::int) ELSE at END,
       at::date, 'RQ' || lpad(n::text, 24, '0'), 1, CASE WHEN state = 'UNCERTAIN' THEN at END,
       CASE WHEN state = 'UNCERTAIN' THEN at + interval '5 minutes' END, at
FROM what WHERE open;
INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, connection_id, due_at, ledger_date, request_id, payload,
    payload_digest, epoch, sent_at, attempts, external_id, posted_at, changed_at)
SELECT p, i, 1, 'SENDING', state, 'AUTO_INSTANT', p || '-PMS', at, at::date, 'RQ' || lpad(n::text, 24, '0'), 'payload',
       sha256('payload'), 1, at, 1, n::text, at, at
FROM what WHERE NOT open;
INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, request_id, began_at, ended_at, answer, external_ids)
SELECT p, date_trunc('month', at)::date, i, 1, 'post', 1, 'RQ' || lpad(n::text, 24, '0'), at, at, 'ACCEPTED', ARRAY[n::text]
FROM what WHERE NOT open;
INSERT INTO second_looks (practice_id, effect_id, connection_id, look_at)
SELECT p, i, p || '-PMS', now() + interval '1 hour' FROM what WHERE NOT open AND n % 200 = 1;
INSERT INTO payout_items (practice_id, source, payment_id, payout_id, version, number, category, gross_minor, fee_minor)
SELECT p, 'payments.example', 'pay-' || i, 'payout-' || i / 50, 1, i, 'CHARGE', 12345, 388 FROM what WHERE n % 2 = 0;
INSERT INTO disputes (practice_id, source, dispute_id, payment_id, opened_at, respond_by, outcome, closed_at)
SELECT p, 'payments.example', 'd-' || i, 'pay-' || i, at, at + interval '10 days', CASE WHEN n % 1000 > 0 THEN 'WON' END,
       CASE WHEN n % 1000 > 0 THEN at + interval '20 days' END
FROM what WHERE n % 20 = 0;

INSERT INTO dead_letters (practice_id, topic_id, part, off, effect_id, topic, stage, reason, source, event_id, target,
    first_failed_at, last_failed_at, value, dl_topic_id, dl_part, dl_off, stored_at, settled_at, settled_as, settled_by)
SELECT p, 'topic-1', 0, 500000 + n, CASE WHEN n % 20 = 5 THEN i ELSE 0 END, 'payments.v1',
       CASE WHEN n % 20 = 5 THEN 'post' ELSE 'rules' END, 'INVALID_FIELD', 'payments.example', 'dl-' || n, 'PMS', at, at,
       'bytes', 'topic-2', 0, n, at, CASE WHEN n % 200 <> 5 THEN at + interval '1 day' END,
       CASE WHEN n % 200 <> 5 THEN 'DISMISSED' END, CASE WHEN n % 200 <> 5 THEN 'Ada' END
FROM what WHERE n % 10 = 5;
INSERT INTO notices (practice_id, cause, opened_at, target, reason, items, closed_at, told_at, shown, steps)
SELECT p, 'posting:' || i, at, 'PMS', 'REJECTED', 1, CASE WHEN n % 100 > 0 THEN at + interval '1 day' END, at, 1, 1
FROM what WHERE n % 5 = 0;
INSERT INTO deliveries (practice_id, cause, opened_at, step, channel, recipient, message_id, state, sent_at, subject, body,
    written_at)
SELECT practice_id, cause, opened_at, 'OPENED', 'email', 'books@' || practice_id || '.example', cause,
       CASE WHEN closed_at IS NULL THEN 'DUE' ELSE 'SENT' END, told_at, 'subject', 'body', told_at FROM notices;
INSERT INTO inbox (practice_id, cause, opened_at, step, written_at, subject, body)
SELECT practice_id, cause, opened_at, step, written_at, subject, body FROM deliveries;
INSERT INTO users (name, added_at, added_by) SELECT 'user-' || i, now(), 'Ada' FROM generate_series(1, 20000) i;
INSERT INTO user_grants (name, role, practice_id, granted_at, granted_by)
SELECT 'user-' || (n % 20000 + 1), 'poster', p, now(), 'Ada' FROM (SELECT p, row_number() OVER () AS n FROM practice) x;
INSERT INTO day_signoffs (practice_id, day, n, figures, complete, signed_at, signed_by, why)
SELECT p, day::date, 1, '{}', true, day, 'Ada', 'test' FROM practice, generate_series(now() - interval '10 days', now(), '5 days') day;
INSERT INTO entry_care (practice_id, effect_id, assigned_to, assigned_at, assigned_by)
SELECT p, i, 'Ada', at, 'Ada' FROM what WHERE n % 10 = 5;
INSERT INTO outbox (practice_id, id, topic, key, value)
SELECT p, gen_random_uuid(), 'writeback-results.v1', 'key', 'value' FROM what WHERE n % 100 = 3;
INSERT INTO audit (practice_id, n, at, actor, action, subject, why, previous, digest)
SELECT p, i, at, 'Ada', 'ENTRY_RECORD', i::text, 'test', 'x', 'x' FROM what WHERE n % 2 = 0;
-- What was read of the practices' systems: every practice once, and 40,000 patients and 20,000 payments of the large one.
INSERT INTO mirror_practices (practice_id, account, due_at, read_at, result, links_wanted_at)
SELECT p, p, now() + make_interval(mins => (1 + abs(hashtext(p)) % 1440)), now() - interval '1 hour', 'READ',
       CASE WHEN p LIKE '%7' THEN now() - interval '1 minute' END
FROM practice;
INSERT INTO mirror_reads (practice_id, kind, watermark, read_at, whole_at, rows, run)
SELECT p, kind, '2026-01-01 08:00:00', now(), now(), 10, 7 FROM practice, unnest('{choices,patients,payments}'::text[]) kind;
-- Of their tokens one is everybody's, one a frequent name's, and others are rarer.
INSERT INTO mirror_patients (practice_id, pms_patient_id, in_use, identity, run, read_at, tokens, tokens_by)
SELECT 'practice-big', i::text, true, 'x', 7, now(), ARRAY[1, 100 + i % 40, 1000 + i % 2000, 100000 + i]::bigint[],
       CASE WHEN i % 1000 = 0 THEN 0 ELSE 600000 END FROM generate_series(1, 40000) i;
INSERT INTO mirror_choices (practice_id, kind, value, name, detail, usable, run, read_at)
SELECT 'practice-big', 'payment type', i::text, 'Card', '', true, 7, now() FROM generate_series(1, 50) i;
INSERT INTO mirror_entries (practice_id, external_id, kind, pms_patient_id, amount_minor, entry_date, made_on, ours, run,
    read_at)
SELECT 'practice-big', 'payments/' || i, 'payments', (i % 400)::text, 12345, now()::date - i % 31, now()::date - i % 31,
       i % 2 = 0, 7, now()
FROM generate_series(1, 20000) i;
INSERT INTO mirror_appointments (practice_id, appointment_id, pms_patient_id, day, starts_at, state, detail, run, read_at)
SELECT 'practice-big', i::text, (i % 4000)::text, now()::date - 7 + i % 97, '08:00', 'SCHEDULED', 'x', 7, now()
FROM generate_series(1, 20000) i;
INSERT INTO mirror_procedures (practice_id, procedure_id, appointment_id, pms_patient_id, fee_minor, changed_on, detail, run,
    read_at)
SELECT 'practice-big', i::text, (i % 20000)::text, (i % 4000)::text, 12000, now()::date - i % 300, 'x', 7, now()
FROM generate_series(1, 40000) i;
INSERT INTO mirror_subscriptions (practice_id, subscription_id, number, run, read_at)
SELECT 'practice-big', i::text, 'x', 7, now() FROM generate_series(1, 20000) i;
INSERT INTO mirror_coverages (practice_id, coverage_id, pms_patient_id, subscription_id, priority, relation, pending, run,
    read_at)
SELECT 'practice-big', i::text, i::text, (i % 20000)::text, 1, 'Self', false, 7, now() FROM generate_series(1, 40000) i;
INSERT INTO entry_changes (practice_id, effect_id, state, found_at, looked_at, ended_at, ended_as)
SELECT p, i, CASE WHEN n % 300 = 1 THEN 'GONE' ELSE 'STANDS' END, CASE WHEN n % 300 = 1 THEN at END, at,
       CASE WHEN n % 300 = 1 AND n % 3000 > 1 THEN at END, CASE WHEN n % 300 = 1 AND n % 3000 > 1 THEN 'PUT_RIGHT' END
FROM what WHERE NOT open AND n % 20 = 1;
INSERT INTO typed_in_holds (practice_id, effect_id, held_at) SELECT p, i, at FROM what WHERE open AND n % 50 = 0;
-- 40,000 identities of the large practice, with a number each.
INSERT INTO patient_identities (practice_id, patient_ref, identity, unopened, kid, topic_id, part, off, run, read_at, tokens,
    tokens_by)
SELECT 'practice-big', 'pt-' || i, 'x', CASE WHEN i % 1000 = 0 THEN 'jwe' END, CASE WHEN i % 1000 = 0 THEN 'kid' END, 'topic-4',
       i % 3, i, CASE WHEN i % 2000 = 0 THEN 6 ELSE 7 END, now(),
       ARRAY[1, 100 + i % 40, 1000 + i % 2000, 100000 + i]::bigint[], CASE WHEN i % 1000 = 0 THEN 0 ELSE 600000 END FROM generate_series(1, 40000) i;
INSERT INTO patient_external_ids (practice_id, patient_ref, system, external_id)
SELECT 'practice-big', 'pt-' || i, 'open_dental', i::text FROM generate_series(1, 40000) i;
INSERT INTO patient_positions (part, topic_id, next_offset, run, read_at)
SELECT i, 'topic-4', 40000, 7, now() FROM generate_series(0, 2) i;
INSERT INTO topic_partitions (topic, topic_id, partitions) VALUES ('payments.v1', 'topic-1', 3);
INSERT INTO intake_offsets (topic_id, part, next_offset) VALUES ('topic-1', 0, 1);

-- Two targets of every practice; one in a thousand is not well and told.
INSERT INTO target_health (practice_id, target, state, since, attempts, failed, slow, posted, dead, stated_at, expires_at, tell_at)
SELECT practice_id, target, CASE WHEN unwell THEN 'OFFLINE' ELSE 'HEALTHY' END, now(), 10, 0, 0, 9, 0, now(),
       now() + interval '1 hour', CASE WHEN unwell THEN now() - interval '1 minute' END
FROM (SELECT practice_id, target, row_number() OVER (ORDER BY practice_id) % 1000 = 0 AS unwell
      FROM practices, unnest(ARRAY['PMS', 'QUICKBOOKS']) AS target) t;

-- What is usual of each; a hundred are to be looked at, and one in a thousand is silent.
INSERT INTO upstream_silence (practice_id, target, usual, learned_at, silent_since, look_at)
SELECT practice_id, target, '1 hour', now(), CASE WHEN n % 1000 = 0 THEN now() - interval '1 day' END,
       now() + CASE WHEN n % 500 = 0 THEN -interval '1 minute' ELSE interval '1 day' END
FROM (SELECT practice_id, target, row_number() OVER (ORDER BY practice_id, target) AS n FROM practice_connections) t;
