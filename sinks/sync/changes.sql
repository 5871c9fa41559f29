-- Entries of ours that people may have deleted or changed at the practice's own system.

-- name: suspects
-- Of the practice's latest entries, those that stand by what was written and that the mirror does not show so; those that
-- it cannot show, once a day; and those that were found gone or changed. The numbers of a whole list prove absence.
WITH latest AS (
    SELECT o.effect_id, o.external_id, o.posted_at, o.ledger_date, o.connection_id
    FROM (SELECT * FROM outcomes x WHERE x.practice_id = :practice_id ORDER BY x.effect_id DESC, x.n DESC LIMIT :latest) o
    WHERE o.state = 'POSTED' AND o.external_id IS NOT NULL AND o.connection_id = :connection_id
      AND o.posted_at >= business_now(:now) - :watched::interval AND o.posted_at < :round_at
      AND NOT sent_elsewhere(:practice_id, :connection_id, coalesce(o.sent_at, o.posted_at))
), looked AS (
    SELECT l.*, m.external_id AS mirrored, m.amount_minor AS mirrored_minor, m.entry_date, m.changed_at, m.gone_at,
           c.state, c.looked_at, c.ended_as, c.ended_at, split_part(l.external_id, '/', 1) AS list
    FROM latest l
    LEFT JOIN mirror_entries m ON m.practice_id = :practice_id AND m.external_id = l.external_id
    LEFT JOIN entry_changes c ON c.practice_id = :practice_id AND c.effect_id = l.effect_id
), chosen AS (
    SELECT k.effect_id, k.looked_at FROM looked k
    JOIN entries e ON e.practice_id = :practice_id AND e.effect_id = k.effect_id
    WHERE e.target = 'PMS' AND e.entry_kind <> 'allocation' AND e.entry_kind <> 'note'
      AND k.ended_as IS DISTINCT FROM 'ACCEPTED'
      AND CASE
          WHEN k.state IN ('GONE', 'CHANGED') AND k.ended_at IS NULL THEN true
          WHEN k.list = ANY(:mirrored::text[]) THEN
              (k.gone_at IS NOT NULL OR k.changed_at IS NOT NULL OR k.mirrored_minor <> e.amount_minor
               OR k.entry_date <> k.ledger_date OR (k.mirrored IS NULL AND k.list = ANY(:whole::text[])))
              AND (k.looked_at IS NULL OR k.looked_at < business_now(:now) - :again_after::interval
                   OR k.gone_at > k.looked_at OR k.changed_at > k.looked_at)
          ELSE k.posted_at >= business_now(:now) - :alone_for::interval
               AND (k.looked_at IS NULL OR k.looked_at < business_now(:now) - :again_after::interval)
          END
    ORDER BY k.looked_at NULLS FIRST, k.effect_id LIMIT :most
)
SELECT e.effect_id, e.source, e.event_id, e.target, e.entry_kind, e.part, e.connection_id, e.generation, e.request_id,
       e.instruction::text, e.external_id, e.payload, e.sent_at
FROM chosen k JOIN effects e ON e.practice_id = :practice_id AND e.effect_id = k.effect_id
WHERE e.state = 'POSTED' AND e.payload IS NOT NULL
ORDER BY k.looked_at NULLS FIRST, k.effect_id;

-- name: keep_look
-- What a person accepted stays accepted. True where something is gone or changed that was not known so.
WITH before AS (
    SELECT c.state, c.ended_at FROM entry_changes c WHERE c.practice_id = :practice_id AND c.effect_id = :effect_id
), kept AS (
    INSERT INTO entry_changes AS c (practice_id, effect_id, state, found_at, looked_at)
    VALUES (:practice_id, :effect_id, :state, CASE WHEN :is_change THEN business_now(:now) END, business_now(:now))
    ON CONFLICT (practice_id, effect_id) DO UPDATE
    SET looked_at = EXCLUDED.looked_at,
        state = CASE WHEN EXCLUDED.state = 'UNREAD' AND c.ended_at IS NULL THEN c.state ELSE EXCLUDED.state END,
        found_at = CASE WHEN NOT :is_change THEN c.found_at
                        WHEN c.ended_at IS NULL THEN coalesce(c.found_at, EXCLUDED.found_at) ELSE EXCLUDED.found_at END,
        ended_at = CASE WHEN :is_change THEN NULL
                        WHEN EXCLUDED.state = 'STANDS' AND c.state IN ('GONE', 'CHANGED')
                        THEN coalesce(c.ended_at, EXCLUDED.looked_at) ELSE c.ended_at END,
        ended_as = CASE WHEN :is_change THEN NULL
                        WHEN EXCLUDED.state = 'STANDS' AND c.state IN ('GONE', 'CHANGED')
                        THEN coalesce(c.ended_as, 'PUT_RIGHT') ELSE c.ended_as END
    WHERE c.ended_as IS DISTINCT FROM 'ACCEPTED'
    RETURNING c.practice_id
)
SELECT EXISTS (SELECT FROM kept) AND :is_change
       AND NOT EXISTS (SELECT FROM before b WHERE b.state IN ('GONE', 'CHANGED') AND b.ended_at IS NULL);
