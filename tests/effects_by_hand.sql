-- Test equipment: lets a test write to the view `effects` as if it were one table, so that it can put an entry into any
-- state without a poster. What the product does not allow, the guards of `work` and `outcomes` refuse here too.
CREATE OR REPLACE FUNCTION write_effect_by_hand() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    next_n integer;
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM work WHERE practice_id = OLD.practice_id AND effect_id = OLD.effect_id;
        DELETE FROM outcomes WHERE practice_id = OLD.practice_id AND effect_id = OLD.effect_id;
        DELETE FROM entries WHERE practice_id = OLD.practice_id AND effect_id = OLD.effect_id;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, depends_on,
            late, amount_minor, currency, ledger_date, patient_ref, settings_version, instruction)
        VALUES (NEW.practice_id, NEW.effect_id, NEW.source, NEW.event_id, NEW.target, NEW.entry_kind, NEW.part,
            NEW.lane, NEW.depends_on, coalesce(NEW.late, false), NEW.amount_minor, NEW.currency, NEW.ledger_date,
            NEW.patient_ref, NEW.settings_version, NEW.instruction);
        next_n := 1;
    ELSE
        UPDATE entries SET amount_minor = NEW.amount_minor, instruction = NEW.instruction, part = NEW.part,
            depends_on = NEW.depends_on, patient_ref = NEW.patient_ref, lane = NEW.lane,
            settings_version = NEW.settings_version, target = NEW.target, entry_kind = NEW.entry_kind
        WHERE practice_id = NEW.practice_id AND effect_id = NEW.effect_id;
        next_n := CASE WHEN OLD.unfinished THEN OLD.n ELSE OLD.n + 1 END;
        IF current_setting('writeback.forgets', true) = 'on' AND NOT OLD.unfinished AND NEW.state <> OLD.state THEN
            -- As after a failover to a standby that lagged: the ledger never knew how the entry ended.
            DELETE FROM outcomes WHERE practice_id = OLD.practice_id AND effect_id = OLD.effect_id AND n = OLD.n;
            next_n := OLD.n;
            OLD.state := NULL;
        END IF;
    END IF;
    DELETE FROM second_looks WHERE practice_id = NEW.practice_id AND effect_id = NEW.effect_id;
    IF NEW.second_look_at IS NOT NULL THEN
        INSERT INTO second_looks VALUES (NEW.practice_id, NEW.effect_id, NEW.connection_id, NEW.second_look_at);
    END IF;
    IF is_final(NEW.state) THEN
        DELETE FROM work WHERE practice_id = NEW.practice_id AND effect_id = NEW.effect_id;
        IF TG_OP = 'UPDATE' AND NOT OLD.unfinished AND NEW.state = OLD.state THEN
            UPDATE outcomes SET reason = NEW.reason, holds = NEW.holds, connection_id = NEW.connection_id,
                due_at = NEW.due_at, ledger_date = NEW.ledger_date, generation = NEW.generation,
                request_id = NEW.request_id, payload = NEW.payload, payload_digest = NEW.payload_digest,
                placement = NEW.placement, epoch = NEW.epoch, sent_at = NEW.sent_at, settle_until = NEW.settle_until,
                look_first = NEW.look_first, attempts = NEW.attempts, failing_since = NEW.failing_since,
                last_code = NEW.last_code, redrives = NEW.redrives, external_id = NEW.external_id,
                posted_at = NEW.posted_at, changed_at = NEW.changed_at
            WHERE practice_id = NEW.practice_id AND effect_id = NEW.effect_id AND n = OLD.n;
            RETURN NEW;
        END IF;
        INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, planned_reason, holds, connection_id,
            due_at, ledger_date, generation, request_id, payload, payload_digest, placement, epoch, sent_at,
            settle_until, look_first, attempts, failing_since, last_code, redrives, external_id, posted_at, changed_at)
        VALUES (NEW.practice_id, NEW.effect_id, next_n, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state,
            NEW.reason, NEW.planned_reason, coalesce(NEW.holds, '{}'), NEW.connection_id, NEW.due_at, NEW.ledger_date,
            coalesce(NEW.generation, 1), NEW.request_id, NEW.payload, NEW.payload_digest, NEW.placement,
            coalesce(NEW.epoch, 0), NEW.sent_at, NEW.settle_until, coalesce(NEW.look_first, false),
            coalesce(NEW.attempts, 0), NEW.failing_since, NEW.last_code, coalesce(NEW.redrives, 0), NEW.external_id,
            NEW.posted_at, NEW.changed_at);
    ELSIF TG_OP = 'UPDATE' AND OLD.unfinished THEN
        UPDATE work SET state = NEW.state, reason = NEW.reason, planned_reason = NEW.planned_reason,
            holds = NEW.holds, connection_id = NEW.connection_id, lane = NEW.lane, depends_on = NEW.depends_on,
            patient_ref = NEW.patient_ref, due_at = NEW.due_at, ledger_date = NEW.ledger_date,
            generation = NEW.generation, request_id = NEW.request_id, payload = NEW.payload,
            payload_digest = NEW.payload_digest, placement = NEW.placement, epoch = NEW.epoch, sent_at = NEW.sent_at,
            settle_until = NEW.settle_until, look_first = NEW.look_first, attempts = NEW.attempts,
            failing_since = NEW.failing_since, last_code = NEW.last_code, redrives = NEW.redrives,
            changed_at = NEW.changed_at
        WHERE practice_id = NEW.practice_id AND effect_id = NEW.effect_id;
    ELSE
        INSERT INTO work (practice_id, effect_id, n, connection_id, lane, depends_on, patient_ref, state,
            reopened_from, reason, planned_reason, holds, due_at, ledger_date, generation, request_id, payload,
            payload_digest, placement, epoch, sent_at, settle_until, look_first, attempts, failing_since, last_code,
            redrives, changed_at)
        VALUES (NEW.practice_id, NEW.effect_id, next_n, NEW.connection_id, NEW.lane, NEW.depends_on, NEW.patient_ref,
            NEW.state, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.reason, NEW.planned_reason,
            coalesce(NEW.holds, '{}'), NEW.due_at, NEW.ledger_date, coalesce(NEW.generation, 1), NEW.request_id,
            NEW.payload, NEW.payload_digest, NEW.placement, coalesce(NEW.epoch, 0), NEW.sent_at, NEW.settle_until,
            coalesce(NEW.look_first, false), coalesce(NEW.attempts, 0), NEW.failing_since, NEW.last_code,
            coalesce(NEW.redrives, 0), NEW.changed_at);
    END IF;
    RETURN NEW;
END
$body$;
CREATE OR REPLACE TRIGGER effects_by_hand INSTEAD OF INSERT OR UPDATE OR DELETE ON effects
    FOR EACH ROW EXECUTE FUNCTION write_effect_by_hand();
