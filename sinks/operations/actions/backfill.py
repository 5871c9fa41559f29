"""Posts on purpose what a switch skipped when it happened (E-9 d).

Turning a type or the master on posts nothing old. This does, entry by entry, and moves what reverses it along (R-14).
What a rule keeps from automatic posting stays where it is, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from schemas.plan import PartKey
from schemas.vocabulary import BACKFILLABLE, DecisionReason, EntryKind, State
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.waiting.reevaluate import master_on
from sinks.operations.acting import Act, Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.queries.skipped import PAGE, BackfillItem, BackfillWanted, Skipped, skipped_page, ways_of
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.operations.actions", "backfill.sql")


class BackfillDone(msgspec.Struct, frozen=True):
    payments: int = 0
    entries: int = 0
    kept: int = 0


class _Dependency(msgspec.Struct, frozen=True):
    """What an entry waits for, and whether a failover since its last change may have lost that it was sent (law 4)."""

    effect_id: int
    origin_kind: EntryKind | None
    origin_state: State | None
    after_failover: bool


def plan_backfill(ledger: Ledger, wanted: BackfillWanted) -> Iterator[BackfillItem]:
    """What a backfill would do, payment by payment; changes nothing. Blocks for a statement a page."""
    ways = ways_of(ledger.connection, wanted.practice_id)
    after = ("", "")
    while True:
        page = skipped_page(ledger.connection, wanted, ways, after)
        yield from page
        if len(page) < PAGE:
            return
        after = (page[-1].source, page[-1].event_id)


def backfill(ledger: Ledger, wanted: BackfillWanted, order: Order) -> BackfillDone | None:
    """Do it; asked twice, the second finds nothing. Blocks, a page at a time.

    None for an order that is not to be applied: its preview is `plan_backfill`, which years of payments do not make
    slow. Each page is one transaction: 1. lock the practice. 2. look again. 3. SCHEDULED, due now, by the entry's own
    connection of today (E-9 b), under the settings version of its time (E-8). 4. gates. 5. audit. Raises as `acting`,
    and ConfigurationError while the master is off.
    """
    authorise(order, Action.BACKFILL, wanted.practice_id)
    if not order.apply:
        return None
    done = BackfillDone()
    after = ("", "")
    while True:
        with acting(ledger, order, Action.BACKFILL, wanted.practice_id) as act:
            if not master_on(act.cursor, wanted.practice_id, act.at):
                raise ConfigurationError(
                    f"the master switch of {wanted.practice_id} is off, so nothing would be posted: switch it on first"
                )
            page = skipped_page(ledger.connection, wanted, ways_of(ledger.connection, wanted.practice_id), after)
            moved = _move(ledger, act, page)
        done = BackfillDone(
            done.payments + sum(1 for item in page if item.moves),
            done.entries + moved,
            done.kept + sum(1 for item in page if item.kept is not None),
        )
        if len(page) < PAGE:
            return done
        after = (page[-1].source, page[-1].event_id)


def _move(ledger: Ledger, act: Act, page: Sequence[BackfillItem]) -> int:
    """Schedule what the page may post; returns how many entries are due now."""
    ways = ways_of(ledger.connection, act.practice_id)
    chosen = {each.effect_id: (each, item) for item in page for each in item.moves}
    if not chosen:
        return 0
    connections = {number: ways[each.target].connection_id for number, (each, _) in chosen.items()}
    effects = act.unit.lock_effects(chosen, connections=connections.values())
    wanted = {"practice_id": act.practice_id, "effect_ids": list(chosen)}
    origins = {each.effect_id: each for each in fetch_all(act.cursor, _Dependency, _SQL["dependencies"], wanted)}
    moves = [
        _scheduled(effect, connections[effect.effect_id], origins[effect.effect_id], chosen, act.at)
        for effect in effects
        if effect.state in BACKFILLABLE
    ]
    act.unit.move(moves)
    act.audit(
        before={"reasons": _counted(each.reason for each, _ in chosen.values())},
        after={"entries": [move.effect_id for move in moves]},
    )
    return len(moves)


def _scheduled(
    effect: LockedEffect,
    connection_id: str,
    origin: _Dependency,
    chosen: Mapping[int, tuple[Skipped, BackfillItem]],
    at: datetime,
) -> Move:
    """Never sent, so its first generation goes out; but after a failover a lost moment may have sent it."""
    depends_on = _depends_on(effect, origin, chosen)
    return move_of(
        effect,
        State.SCHEDULED,
        reason=DecisionReason.BACKFILLED,
        holds=(),
        due_at=at,
        connection_id=connection_id,
        depends_on=depends_on,
        look_first=effect.look_first or origin.after_failover,
        clears=(Clears.DEPENDS_ON,) if depends_on is None else (),
    )


def _depends_on(
    effect: LockedEffect, origin: _Dependency, chosen: Mapping[int, tuple[Skipped, BackfillItem]]
) -> int | None:
    """What an entry waits for: as planned; but not for a charge that nobody writes (B-1), and what reverses a payment
    waits for it from now on, since it will be posted (law 2)."""
    each, item = chosen[effect.effect_id]
    if effect.depends_on is None and each.reason is DecisionReason.ORIGINAL_NOT_POSTED:
        return _reversed(each, item)
    unwritten = origin.origin_kind is EntryKind.CHARGE and origin.origin_state is not State.POSTED
    return None if unwritten and effect.depends_on not in chosen else effect.depends_on


def _reversed(each: Skipped, item: BackfillItem) -> int | None:
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
