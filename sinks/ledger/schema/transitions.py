"""Every change of state that an effect may make (PROTOCOL section 3), in one table.

Code asks `allowed`, the database refuses any other pair by a trigger made from the same table (`guard_sql`), and
`TRANSITIONS.md` is generated from it (`python -m sinks.ledger.schema.transitions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from schemas.vocabulary import (
    DEAD,
    EFFECT_STATES,
    ENDED_BY_PERSON,
    IN_DOUBT,
    NEVER_SENT,
    NOT_ENDED_BY_PERSON,
    PENDING,
    READY,
    WAITING,
    State,
)

REFUSED_SQLSTATE: Final = "WB001"
"""Raised by the database for a pair that is not in the table: a fault of ours, so the role stops."""


class Who(StrEnum):
    INTAKE = "intake"
    LEDGER = "a fact that changed (link, settings, release)"
    POSTER = "poster"
    PERSON = "a named person"


class Transition(msgspec.Struct, frozen=True):
    """One pair. `origin` None = the effect is new. The guard is for people; its code is where `who` acts."""

    origin: State | None
    to: State
    guard: str
    who: Who


def _each(origins: Iterable[State | None], to: Iterable[State], guard: str, who: Who) -> list[Transition]:
    rank = list(State).index
    return [
        Transition(a, b, guard, who)
        for a in sorted(origins, key=lambda state: -1 if state is None else rank(state))
        for b in sorted(to, key=rank)
        if a is not b
    ]


TRANSITIONS: Final[tuple[Transition, ...]] = tuple(
    _each(
        [None],
        WAITING | {State.SCHEDULED, State.SKIPPED_DISABLED, State.SKIPPED_ZERO},
        "its event is resolved in this transaction",
        Who.INTAKE,
    )
    + _each([None], ENDED_BY_PERSON, "a person ends its event, which waited, in this transaction", Who.PERSON)
    + _each(
        PENDING,
        WAITING | {State.SCHEDULED},
        "the first unmet condition, under the practice's lock; never sent",
        Who.LEDGER,
    )
    + _each(PENDING, [State.VOIDED_BEFORE_POST], "voided or replaced; neither in doubt nor look_first", Who.INTAKE)
    + _each(READY, [State.UNCERTAIN], "look_first: read back before any send", Who.POSTER)
    + _each(READY, [State.SENDING], "the mark; payload frozen", Who.POSTER)
    + _each(READY, [State.INVALID_CONFIG, State.BLOCKED_PERIOD], "checked before the mark; nothing sent", Who.POSTER)
    + _each(
        READY,
        [State.SKIPPED_ZERO],
        "checked before the mark: its lines cancel in every account; practice lock",
        Who.POSTER,
    )
    + _each(
        READY,
        [State.SKIPPED_DISABLED],
        "checked before the mark: it is from before the day from which its target is written; practice lock",
        Who.POSTER,
    )
    + _each(
        READY,
        [State.AWAITING_MANUAL_POST],
        "checked before the mark: its date is closed, or its route has no call for it: made by hand; practice lock",
        Who.POSTER,
    )
    + _each(
        READY,
        [State.AWAITING_REVIEW],
        "read before the mark: what it takes back is gone or changed, or what must be read cannot be; practice lock",
        Who.POSTER,
    )
    + _each([State.SENDING], [State.RETRYING], "own epoch; proof that nothing was written", Who.POSTER)
    + _each([State.SENDING], [State.ACCEPTED], "own epoch; 202", Who.POSTER)
    + _each([State.SENDING], [State.UNCERTAIN], "own epoch and no proof, or an older epoch", Who.POSTER)
    + _each(
        [State.SENDING],
        [State.REJECTED, State.INVALID_CONFIG, State.BLOCKED_PERIOD],
        "own epoch; definite refusal",
        Who.POSTER,
    )
    + _each([State.ACCEPTED], [State.REJECTED, State.RETRYING], "the target's own outcome says failed", Who.POSTER)
    + _each([State.ACCEPTED], [State.UNCERTAIN], "timed out, or no outcome by settle_until", Who.POSTER)
    + _each(
        [State.UNCERTAIN],
        [State.RETRYING],
        "absent: read begun after settle_until, gate's epoch current, target can prove absence",
        Who.POSTER,
    )
    + _each(
        [State.UNCERTAIN],
        [State.DEAD_LETTERED],
        "no read-back possible or none that worked in time; found twice or more, or with another amount",
        Who.POSTER,
    )
    + _each([State.RETRYING], [State.DEAD_LETTERED], "budget spent", Who.POSTER)
    + _each(IN_DOUBT, [State.POSTED], "positive proof; any epoch", Who.POSTER)
    + _each(
        NEVER_SENT | DEAD,
        [State.POSTED],
        "a late positive answer; any epoch",
        Who.POSTER,
    )
    + _each(DEAD, [State.SCHEDULED], "redrive or repaired setting; once in doubt: look_first", Who.PERSON)
    + _each([State.SKIPPED_DISABLED, State.DISMISSED], [State.SCHEDULED], "backfill, or on request", Who.PERSON)
    + _each(
        EFFECT_STATES - NOT_ENDED_BY_PERSON, ENDED_BY_PERSON, "recorded or dismissed by hand; practice lock", Who.PERSON
    )
)

_PAIRS: Final = frozenset((each.origin, each.to) for each in TRANSITIONS)


def allowed(origin: State | None, to: State) -> bool:
    """Whether an effect may go from `origin` (None = new) to `to`. Pure."""
    return (origin, to) in _PAIRS


def pairs() -> tuple[tuple[State | None, State], ...]:
    """Every allowed pair once, in the table's order. Pure."""
    return tuple(dict.fromkeys((each.origin, each.to) for each in TRANSITIONS))


_USUAL: Final = frozenset({(State.SCHEDULED, State.SENDING), (State.SENDING, State.POSTED)})
"""What happens to nearly every effect."""


def guard_sql() -> str:
    """SQL that makes the database refuse every other pair, idempotent. Pure.

    After the row, not before: a BEFORE trigger locks and logs each row once more, and makes COPY insert rows singly.
    The usual pairs are let through by WHEN and call no function; it stays short because it is read anew for each
    statement.
    """
    initial = ", ".join(f"'{to}'" for origin, to in pairs() if origin is None)
    changes = ", ".join(f"'{origin}>{to}'" for origin, to in pairs() if origin is not None)
    usual = ", ".join(f"'{origin}>{to}'" for origin, to in pairs() if (origin, to) in _USUAL)
    return f"""
CREATE OR REPLACE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    origin text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        origin := OLD.state;
    ELSIF TG_TABLE_NAME = 'work' THEN
        origin := NEW.reopened_from;
    ELSE
        origin := NEW.was;
    END IF;
    IF origin IS NULL AND NEW.state IN ({initial}) OR (origin || '>' || NEW.state) IN ({changes}) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'an effect cannot go from % to %', coalesce(origin, 'new'), NEW.state
        USING ERRCODE = '{REFUSED_SQLSTATE}';
END
$body$;
CREATE OR REPLACE TRIGGER work_initial AFTER INSERT ON work
    FOR EACH ROW WHEN (NEW.reopened_from IS NOT NULL OR NEW.state NOT IN ({initial}))
    EXECUTE FUNCTION refuse_transition();
CREATE OR REPLACE TRIGGER work_transition AFTER UPDATE OF state ON work
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN ({usual}))
    EXECUTE FUNCTION refuse_transition();
CREATE OR REPLACE TRIGGER outcomes_transition AFTER INSERT ON outcomes
    FOR EACH ROW WHEN (NEW.was IS NULL OR (NEW.was || '>' || NEW.state) NOT IN ({usual}))
    EXECUTE FUNCTION refuse_transition();
"""


def markdown() -> str:
    """The table as documentation. Pure."""
    lines = [
        "# Transitions of an effect",
        "",
        "Generated by `python -m sinks.ledger.schema.transitions`; the database refuses every other pair. Which",
        'statements write a state, and that no other may: [`../README.md`](../README.md), "Who writes a state".',
        "",
        "| from | to | guard | who |",
        "|---|---|---|---|",
    ]
    grouped: dict[tuple[str, Who], tuple[dict[str, None], dict[str, None]]] = {}
    for each in TRANSITIONS:
        origins, to = grouped.setdefault((each.guard, each.who), ({}, {}))
        origins[each.origin or "new"] = None
        to[each.to] = None
    lines += [f"| {', '.join(a)} | {', '.join(b)} | {g} | {w} |" for (g, w), (a, b) in grouped.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("TRANSITIONS.md").write_text(markdown(), encoding="utf-8")
