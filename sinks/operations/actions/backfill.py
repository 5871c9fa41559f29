"""Posting on purpose what a switch skipped when it happened (E-9 d): shown first, then done by a named person.

Turning a type or the master on posts nothing old. This does, entry by entry, and moves what reverses it along (R-14).
What a rule keeps from automatic posting stays where it is, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from schemas.plan import PartKey
from schemas.vocabulary import DecisionReason, EntryKind, State
from sinks.ledger import gates
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.schema.transitions import allowed
from sinks.ledger.waiting.reevaluate import master_on, moment
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
        with connection.transaction(), connection.cursor() as cursor:
            require_practice(cursor, wanted.practice_id)
            if not master_on(cursor, wanted.practice_id, clock.for_database()):
                raise ConfigurationError(
                    f"the master switch of {wanted.practice_id} is off, so nothing would be posted: switch it on first"
                )
            page = skipped_page(connection, wanted, ways_of(connection, wanted.practice_id), after)
            moved = _move(connection, wanted, page, saving, clock, jitter_s)
        done = Done(
            done.payments + sum(1 for item in page if item.moves),
            done.entries + moved,
            done.kept + sum(1 for item in page if item.kept is not None),
        )
        if len(page) < PAGE:
            return done
        after = (page[-1].source, page[-1].event_id)


def _move(
    connection: Connection, wanted: Wanted, page: Sequence[Item], saving: Saving, clock: Clock, jitter_s: int
) -> int:
    """The caller holds the practice's lock. Returns how many entries are due now."""
    if not (allowed(State.SKIPPED_DISABLED, State.SCHEDULED) and allowed(State.AWAITING_MANUAL_POST, State.SCHEDULED)):
        raise ConfigurationError("the table of transitions allows no backfill")
    practice_id, now = wanted.practice_id, clock.for_database()
    ways = ways_of(connection, practice_id)
    chosen = {each.effect_id: (each, item) for item in page for each in item.moves}
    if not chosen:
        return 0
    keys = {(practice_id, ways[each.target].connection_id) for each, _ in chosen.values()}
    with connection.cursor() as cursor:
        gates.lock(cursor, keys)
        depends_on = _dependencies(connection, practice_id, chosen)
        moved = connection.execute(
            QUERIES["schedule"],
            {
                "practice_id": practice_id,
                "effect_ids": list(chosen),
                "connection_ids": [ways[each.target].connection_id for each, _ in chosen.values()],
                "depends_ons": [depends_on[effect_id] for effect_id in chosen],
                "now": now,
            },
        ).fetchall()
        gates.refresh(cursor, keys, now=now, jitter_s=jitter_s)
        append(
            cursor,
            practice_id,
            at=moment(cursor, now),
            actor=saving.actor,
            action="backfill",
            before={"reasons": _counted(each.reason for each, _ in chosen.values())},
            after={"entries": [row[0] for row in moved]},
            why=saving.reason,
        )
    return len(moved)


def _dependencies(
    connection: Connection, practice_id: str, chosen: dict[int, tuple[Skipped, Item]]
) -> dict[int, int | None]:
    """What each entry waits for: as planned; but not for a charge that nobody writes (B-1), and what reverses a
    payment waits for it from now on, since it will be posted (law 2)."""
    rows = connection.execute(
        QUERIES["dependencies"], {"practice_id": practice_id, "effect_ids": list(chosen)}
    ).fetchall()
    found: dict[int, int | None] = {}
    for effect_id, depends_on, origin_kind, origin_state in rows:
        each, item = chosen[effect_id]
        if depends_on is None and each.reason is DecisionReason.ORIGINAL_NOT_POSTED:
            found[effect_id] = _reversed(each, item)
        elif origin_kind == EntryKind.CHARGE and origin_state != State.POSTED and depends_on not in chosen:
            found[effect_id] = None
        else:
            found[effect_id] = depends_on
    return found


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
