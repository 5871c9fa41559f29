"""SQL functions of gates and lanes that take several steps: what a chain lets go, when a gate is due, its release.

Written in plpgsql: each statement inside reads with a snapshot of its own, after the locks before it (law 8), and keeps
its plan for the session. `functions.functions_sql` installs them with the others.
"""

from __future__ import annotations

from typing import Final

_ORIGIN_LETS_GO: Final = """
CREATE OR REPLACE FUNCTION origin_lets_go(practice text, connection text, in_lane text, effect bigint, origin bigint,
                                          at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $body$
DECLARE
    later bigint := effect;
    next bigint := origin;
    before bigint;
BEGIN
    WHILE next IS NOT NULL LOOP
        IF EXISTS (SELECT FROM outcomes o
                   WHERE o.practice_id = practice AND o.effect_id = next AND o.state = 'POSTED') THEN
            RETURN true;
        END IF;
        SELECT w.depends_on INTO before FROM work w
        WHERE w.practice_id = practice AND w.effect_id = next AND w.connection_id = connection AND w.lane = in_lane
          AND w.effect_id < later AND is_ready(w.state) AND w.due_at <= at;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        later := next;
        next := before;
    END LOOP;
    RETURN true;
END $body$;
"""
"""Whether an effect's origin is posted, or goes before it in the same lane because its own origin lets it go, and so on
to the first of the chain. Ids fall at each step, so it ends."""

_HAS_DUE_HEAD: Final = """
CREATE OR REPLACE FUNCTION has_due_head(practice text, connection text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $body$
BEGIN
    RETURN EXISTS (
        SELECT FROM work e
        WHERE e.practice_id = practice AND e.connection_id = connection AND is_ready(e.state) AND e.due_at <= at
          AND (e.depends_on IS NULL OR EXISTS (
               SELECT FROM outcomes o
               WHERE o.practice_id = practice AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
          AND NOT EXISTS (SELECT FROM lane_before(practice, connection, e.lane, e.effect_id, at) OFFSET 0)
        ORDER BY e.effect_id LIMIT 1);
END $body$;
"""
"""Whether something could be marked now. It stops at the first, so a backlog costs nothing."""

_GATE_DUE_AT: Final = """
CREATE OR REPLACE FUNCTION gate_due_at(practice text, connection text, at timestamptz, jitter_s integer)
    RETURNS timestamptz LANGUAGE plpgsql STABLE AS $body$
BEGIN
    RETURN (
        SELECT min(CASE WHEN h.state = 'SCHEDULED' AND h.due_at > at
                        THEN h.due_at + gate_jitter(practice, jitter_s) ELSE h.due_at END)
        FROM (
            (SELECT DISTINCT ON (e.lane) e.state, e.due_at
             FROM work e
             WHERE e.practice_id = practice AND e.connection_id = connection AND is_in_lane(e.state)
               AND (e.state <> 'SCHEDULED' OR e.due_at <= at)
               AND (NOT is_ready(e.state) OR e.depends_on IS NULL OR EXISTS (
                    SELECT FROM outcomes o
                    WHERE o.practice_id = practice AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
             ORDER BY e.lane, is_in_doubt(e.state) DESC, e.effect_id)
            UNION ALL
            (SELECT 'SCHEDULED', min(e.due_at)
             FROM work e
             WHERE e.practice_id = practice AND e.connection_id = connection AND is_in_lane(e.state)
               AND e.state = 'SCHEDULED' AND e.due_at > at)
            UNION ALL
            (SELECT 'POSTED', min(s.look_at) FROM second_looks s
             WHERE s.practice_id = practice AND s.connection_id = connection)
        ) h);
END $body$;
"""
"""When a gate has work next: heads of lanes as the mark sees them, SCHEDULED ones still to come, second looks. Null:
never. It reads the whole of what is open in the gate."""

_RELEASE_GATES: Final = """
CREATE OR REPLACE FUNCTION release_gates(given json, holder text, business timestamptz, jitter_s integer)
    RETURNS integer LANGUAGE plpgsql AS $body$
DECLARE
    ours record;
    at timestamptz := business_now(business);
    due timestamptz;
    woken_at timestamptz;
    released integer := 0;
BEGIN
    FOR ours IN
        SELECT g.practice_id AS p, g.connection_id AS c, g.not_before, i.pause_s, i.blackout_until
        FROM gates g
        JOIN json_to_recordset(given) AS i(p text, c text, e bigint, pause_s float8, blackout_until timestamptz)
            ON i.p = g.practice_id AND i.c = g.connection_id AND i.e = g.epoch
        WHERE g.owner = holder
        ORDER BY g.practice_id, g.connection_id
        FOR UPDATE OF g
    LOOP
        due := CASE WHEN has_due_head(ours.p, ours.c, at) THEN at
                    ELSE gate_due_at(ours.p, ours.c, at, jitter_s) END;
        woken_at := ours.blackout_until + gate_jitter(ours.p, jitter_s);
        UPDATE gates g
        SET owner = NULL, lease_until = 'epoch', blackout_until = woken_at,
            next_due_at = CASE WHEN due IS NOT NULL
                THEN greatest(due, woken_at,
                              at + greatest(make_interval(secs => ours.pause_s), ours.not_before - now())) END
        WHERE g.practice_id = ours.p AND g.connection_id = ours.c;
        released := released + 1;
    END LOOP;
    RETURN released;
END $body$;
"""
"""Gives gates back that are still the holder's: each is locked, in the order of keys; then, in a later statement, it is
asked when it is due (at once where a head can be marked); then it goes to the back of the queue, after a pause where
nothing moved, and in a blackout it sleeps to that one's end (T-8). Answers how many."""

GATE_FUNCTIONS: Final = _ORIGIN_LETS_GO + _HAS_DUE_HEAD + _GATE_DUE_AT + _RELEASE_GATES
