"""SQL functions that every statement shares: groups of the vocabulary, business time, settings in force, lanes.

Each is one expression that the planner puts in place of the call ("inlining": IMMUTABLE or STABLE, not STRICT, no
sub-select in a scalar one), so a call costs what the text costs and partial indexes, whose predicates are spelt out in
migrations, still match. Bodies are stored parsed (`RETURN`, `BEGIN ATOMIC`), so no plan parses their text again.
`migrate` installs them before the transitions' guard, whenever this text changes. A function that is in a release keeps
its arguments and its result: roles of the release before still call it. A migration that changes a table which one of
`TABLE_FUNCTIONS` reads drops that function first; it is made again afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, LiteralString

from schemas import vocabulary as v
from schemas.events import MOVED_ONCE
from sinks.ledger.schema.gate_functions import GATE_FUNCTIONS

STATE_GROUPS: Final[dict[str, frozenset[v.State]]] = {
    "waits_for_people": v.WAITS_FOR_PEOPLE,
    "is_looked_up": v.LOOKED_UP,
    "is_ready": v.READY,
    "is_pending": v.PENDING,
    "is_read_back": v.READ_BACK,
    "is_in_doubt": v.IN_DOUBT,
    "is_in_lane": v.IN_LANE,
    "is_poster_due": v.POSTER_DUE,
    "is_dead": v.DEAD,
    "is_refused": v.REFUSED,
    "call_may_run": v.CALL_MAY_RUN,
    "is_booked": v.BOOKED,
    "ended_by_person": v.ENDED_BY_PERSON,
    "is_concluded": v.CONCLUDED,
    "is_final": v.FINAL,
    "is_withdrawn": v.WITHDRAWN,
    "is_open": v.OPEN,
}
"""Of effects' states; what each means is said where the group is defined."""

OTHER_GROUPS: Final[dict[str, frozenset[StrEnum]]] = {
    "is_unsettled": frozenset(v.UNSETTLED),
    "is_reported_review": frozenset(v.REPORTED_REVIEWS),
    "is_record_stage": frozenset(v.RECORD_STAGES),
    "is_entry_stage": frozenset(v.ENTRY_STAGES),
    "moves_money": frozenset(v.MONEY_KINDS),
    "books_first": frozenset(v.FIRST_BOOKED),
    "lies_on_charges": frozenset(v.LAID_ON_CHARGES),
    "moves_once": frozenset(MOVED_ONCE),
    "is_unreported": frozenset(v.UNREPORTED),
    "delivery_under_way": frozenset(v.DELIVERY_UNDER_WAY),
    "may_have_arrived": frozenset(v.MAY_HAVE_ARRIVED),
}
"""Of reasons, stages, entry kinds and deliveries."""

_BUSINESS_NOW: Final = """
CREATE OR REPLACE FUNCTION business_now(given timestamptz) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(given, now());
"""
"""Business time: what the caller gives (a rehearsed clock), else the transaction's. Leases use now() alone."""

_SETTINGS_IN_FORCE: Final = """
CREATE OR REPLACE FUNCTION settings_in_force(practice text, at timestamptz)
    RETURNS TABLE (version integer, effective_from timestamptz, body jsonb) LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT s.version, s.effective_from, s.body FROM settings s
    WHERE s.practice_id = settings_in_force.practice AND s.effective_from <= settings_in_force.at
    ORDER BY s.effective_from DESC LIMIT 1;
END;
"""
"""The version of a practice's settings that is in force at a time; no row before its first (law 15). Versions begin in
the order of their numbers, so the newest that has begun is it."""

_MASTER_IS_ON: Final = """
CREATE OR REPLACE FUNCTION master_is_on(settings_body jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (settings_body ->> 'master')::boolean AND settings_body ->> 'status' <> 'OFFBOARDED';
"""
"""Whether a practice posts by these settings. One that has left is switched off, whatever its switch says."""

_LANE_BEFORE: Final = """
CREATE OR REPLACE FUNCTION lane_before(practice text, connection text, in_lane text, effect bigint, at timestamptz)
    RETURNS TABLE (effect_id bigint) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT o.effect_id FROM work o
    WHERE o.practice_id = practice AND o.connection_id = connection AND o.lane = in_lane AND o.effect_id <> effect
      AND is_in_lane(o.state)
      AND (is_in_doubt(o.state) OR (o.effect_id < effect AND (o.state = 'RETRYING' OR o.due_at <= at)
           AND (o.depends_on IS NULL OR EXISTS (SELECT FROM outcomes d WHERE d.practice_id = practice
                AND d.effect_id = o.depends_on AND d.state = 'POSTED'))));
END;
"""
"""What an effect lets go first in its lane (law 23): whatever is in doubt there, and what came before it, is due or
retries, and does not wait for its own original. None: it is the lane's head."""

_REVERSED_KIND: Final = """
CREATE OR REPLACE FUNCTION reversed_kind(part text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN split_part(part, '/', 1);
"""
"""Of an entry of kind `reversal`: what it takes back, as `PartKey.reverses` reads it."""

_EVENT_REF: Final = """
CREATE OR REPLACE FUNCTION event_ref(source text, event_id text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'v:' || left(encode(sha256(convert_to(source || E'\\n' || event_id, 'UTF8')), 'hex'), 12);
"""
"""The name by which a person calls an event of their practice: short, and the same wherever it is asked."""

_ENTRY_VERSION: Final = """
CREATE OR REPLACE FUNCTION entry_version(n integer, state text, reason text, generation integer, attempts integer,
        amount_minor bigint, changed_at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN left(md5(concat_ws(E'\\n', n, state, reason, generation, attempts, amount_minor,
        extract(epoch FROM changed_at))), 12);
"""
"""What a person saw of an entry, in twelve letters: another one as soon as anything of it changed."""

_STANDS_BY_ITSELF: Final = """
CREATE OR REPLACE FUNCTION stands_by_itself(stage text, reason text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN is_record_stage(stage) OR reason = '{duplicate}';
"""
"""Whether a person settles this dead letter by itself; the others end with their effect."""

TABLE_FUNCTIONS: Final[tuple[LiteralString, ...]] = (
    "settings_in_force(text, timestamptz)",
    "lane_before(text, text, text, bigint, timestamptz)",
)
"""Those that read tables, and depend on their columns."""


def functions_sql() -> str:
    """SQL that creates or replaces every function of this module, idempotent. Pure."""
    groups = {**STATE_GROUPS, **OTHER_GROUPS}
    return "".join(
        [
            *(_group_sql(name, members) for name, members in groups.items()),
            _BUSINESS_NOW,
            _SETTINGS_IN_FORCE,
            _MASTER_IS_ON,
            _LANE_BEFORE,
            _REVERSED_KIND,
            _EVENT_REF,
            _ENTRY_VERSION,
            _STANDS_BY_ITSELF.format(duplicate=v.DeadLetterReason.DUPLICATE_AT_TARGET),
            GATE_FUNCTIONS,
        ]
    )


def _group_sql(name: str, members: Iterable[StrEnum]) -> str:
    """Membership in one group. The order is the enum's, so that the text changes only when the group does."""
    kind = type(next(iter(members)))
    values = ", ".join(f"'{member}'" for member in kind if member in frozenset(members))
    return (
        f"CREATE OR REPLACE FUNCTION {name}(value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE\n"
        f"    RETURN value IN ({values});\n"
    )
