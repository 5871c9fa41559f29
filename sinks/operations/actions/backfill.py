"""Posting on purpose what a switch skipped when it happened (E-9 d): shown first, then done by a named person.

Turning a type or the master on posts nothing old. This does, entry by entry, and moves what reverses it along (R-14).
What a rule keeps from automatic posting stays where it is, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from schemas.plan import PartKey
from schemas.vocabulary import BACKFILLABLE, DecisionReason, EntryKind, State
from sinks.ledger.effect_moves import Clears, move_of
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.effects import EffectView
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from sinks.ledger.waiting.reevaluate import master_on
from sinks.operations.queries.read_rows import Connection
from sinks.operations.queries.skipped import PAGE, QUERIES, Item, Skipped, Wanted, skipped_page, ways_of
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError


class Done(msgspec.Struct, frozen=True):
    payments: int = 0
    entries: int = 0
    kept: int = 0


def plan(connection: Connection, wanted: Wanted) -> Iterator[Item]:
    """What a backfill would do, payment by payment; changes nothing. Blocks for a statement a page."""
    ways = ways_of(connection, wanted.practice_id)
    after = ("", "")
    while True:
        page = skipped_page(connection, wanted, ways, after)
        yield from page
        if len(page) < PAGE:
            return
        after = (page[-1].source, page[-1].event_id)


def apply(connection: Connection, wanted: Wanted, saving: Saving, *, clock: Clock, jitter_s: int) -> Done:
    """Do it; asked twice, the second finds nothing. Blocks, a page at a time.

    Each page is one transaction: 1. lock the practice (law 8). 2. look again. 3. SCHEDULED, due now, by the entry's
    own connection of today (E-9 b), under the settings version of its time (E-8). 4. gates. 5. audit. Raises
    ConfigurationError without who and why, for an unknown practice, and while the master is off.
    """
    if not saving.actor.strip() or not saving.reason.strip():
        raise ConfigurationError("a backfill needs --why: the reason stands in the audit trail")
    done = Done()
    after = ("", "")
    while True:
        with unit_of_work(connection, wanted.practice_id, clock=clock, jitter_s=jitter_s) as unit:
            if not master_on(unit.cursor, wanted.practice_id, unit.at):
                raise ConfigurationError(
                    f"the master switch of {wanted.practice_id} is off, so nothing would be posted: switch it on first"
                )
            page = skipped_page(connection, wanted, ways_of(connection, wanted.practice_id), after)
            moved = _move(unit, connection, page, saving)
        done = Done(
            done.payments + sum(1 for item in page if item.moves),
            done.entries + moved,
            done.kept + sum(1 for item in page if item.kept is not None),
        )
        if len(page) < PAGE:
            return done
        after = (page[-1].source, page[-1].event_id)


class _Dependency(msgspec.Struct, frozen=True):
    """What an entry waits for, and whether a failover since its last change may have lost that it was sent (law 4)."""

    effect_id: int
    origin_kind: EntryKind | None
    origin_state: State | None
    after_failover: bool


def _move(unit: UnitOfWork, connection: Connection, page: Sequence[Item], saving: Saving) -> int:
    """Schedule what the page may post. Returns how many entries are due now."""
    ways = ways_of(connection, unit.practice_id)
    chosen = {each.effect_id: (each, item) for item in page for each in item.moves}
    if not chosen:
        return 0
    connections = {number: ways[each.target].connection_id for number, (each, _) in chosen.items()}
    effects = unit.lock_effects(chosen, connections=connections.values())
    parameters = {"practice_id": unit.practice_id, "effect_ids": list(chosen)}
    origins = {
        each.effect_id: each for each in fetch_all(unit.cursor, _Dependency, QUERIES["dependencies"], parameters)
    }
    moves = []
    for effect in effects:
        if effect.state in BACKFILLABLE:
            origin = origins[effect.effect_id]
            depends_on = _depends_on(effect, origin, chosen)
            moves.append(
                move_of(
                    effect,
                    State.SCHEDULED,
                    reason=DecisionReason.BACKFILLED,
                    holds=(),
                    due_at=unit.at,
                    connection_id=connections[effect.effect_id],
                    depends_on=depends_on,
                    # Never sent before, so the first generation goes out; but a lost moment may have sent it.
                    look_first=effect.look_first or origin.after_failover,
                    clears=(Clears.DEPENDS_ON,) if depends_on is None else (),
                )
            )
    unit.move(moves)
    unit.audit(
        "backfill",
        actor=saving.actor,
        why=saving.reason,
        before={"reasons": _counted(each.reason for each, _ in chosen.values())},
        after={"entries": [move.effect_id for move in moves]},
    )
    return len(moves)


def _depends_on(effect: EffectView, origin: _Dependency, chosen: dict[int, tuple[Skipped, Item]]) -> int | None:
    """What an entry waits for: as planned; but not for a charge that nobody writes (B-1), and what reverses a payment
    waits for it from now on, since it will be posted (law 2)."""
    each, item = chosen[effect.effect_id]
    if effect.depends_on is None and each.reason is DecisionReason.ORIGINAL_NOT_POSTED:
        return _reversed(each, item)
    unwritten = origin.origin_kind is EntryKind.CHARGE and origin.origin_state is not State.POSTED
    return None if unwritten and effect.depends_on not in chosen else effect.depends_on


def _reversed(each: Skipped, item: Item) -> int | None:
    """The entry that a reversal takes back: of its part, the payment where no part says it."""
    own = [other for other in item.moves if other.reason is not DecisionReason.ORIGINAL_NOT_POSTED]
    part = PartKey.parse(each.part)
    named = [other for other in own if (other.entry_kind, other.part) == (part.reverses, part.original)]
    same = [other for other in own if other.part == each.part and other.entry_kind is EntryKind.PAYMENT]
    first = (named or same or own)[:1]
    return first[0].effect_id if first else None


def _counted(reasons: Iterable[DecisionReason]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reason in reasons:
        found[reason.value] = found.get(reason.value, 0) + 1
    return found
