"""Plans a redrive: what would happen with each dead letter, whole lanes in order. Judging is pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from schemas.vocabulary import DeadLetterReason, Stage
from sinks.operations.ledger import Connection
from sinks.operations.queries.dead_letters import (
    DeadEntry,
    DeadRecord,
    DeadWanted,
    check_wanted,
    dead_entries,
    dead_records,
)
from sinks.operations.roles import View
from sinks.operations.viewing import sees

MOST_REDRIVES: Final = 5
"""What failed this often after repairs does not need another try but a person who looks at the entry itself."""
CHUNK: Final = 50
"""Entries per transaction: it ends far below its timeout and holds the practice's lock for milliseconds."""
WHOLE_LANES: Final = 10_000
"""Dead entries that are taken of the chosen lanes of one practice; of more, the first in their order."""


class Fate(StrEnum):
    RELEASE = "RELEASE"
    """The entry is due again."""
    REPUBLISH = "REPUBLISH"
    """The record's original bytes go to its source topic again."""
    REFUSE = "REFUSE"


class RedriveItem(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen with one dead letter."""

    practice_id: str
    id: str
    reason: str
    fate: Fate
    order_key: str
    """Entries of a lane stay together and in order; never shown, it may hold a patient's surrogate."""
    effect_id: int | None = None
    record: DeadRecord | None = None
    look_first: bool = False
    dependents: int = 0
    notes: tuple[str, ...] = ()


class RedrivePlan(msgspec.Struct, frozen=True):
    items: tuple[RedriveItem, ...]
    more: bool = False
    """As many as were asked for at most: others may stand dead that match too."""

    def of(self, fate: Fate) -> list[RedriveItem]:
        return [item for item in self.items if item.fate is fate]


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def plan_redrive(connection: Connection, wanted: DeadWanted) -> RedrivePlan:
    """What a redrive of these would do; changes nothing. Blocks for a few statements. Raises as `check_wanted`."""
    check_wanted(connection, wanted)
    chosen = dead_entries(connection, wanted)
    records = dead_records(connection, wanted)
    entries: list[DeadEntry] = []
    for practice_id in sorted({entry.practice_id for entry in chosen}):
        mine = tuple(entry.effect_id for entry in chosen if entry.practice_id == practice_id)
        entries += dead_entries(connection, DeadWanted(practice_id=practice_id, lanes_of=mine, most=WHOLE_LANES))
    items = [*_entries(entries, {entry.effect_id for entry in chosen}), *map(_record, records)]
    return RedrivePlan(tuple(items), more=wanted.most in (len(chosen), len(records)))


def _entries(entries: Sequence[DeadEntry], chosen: set[int]) -> Iterator[RedriveItem]:
    spent: dict[tuple[str, str | None, str], DeadEntry] = {}
    for entry in entries:
        if entry.redrives >= MOST_REDRIVES or entry.elsewhere:
            spent.setdefault((entry.practice_id, entry.connection_id, entry.lane), entry)
    with_them = {(entry.practice_id, entry.effect_id) for entry in entries}
    for entry in entries:
        lane = (entry.practice_id, entry.connection_id, entry.lane)
        first = spent.get(lane)
        yield RedriveItem(
            practice_id=entry.practice_id,
            id=entry.id,
            reason=entry.reason,
            fate=Fate.RELEASE if first is None else Fate.REFUSE,
            order_key=f"{entry.connection_id}\0{entry.lane}",
            effect_id=entry.effect_id,
            look_first=entry.look_first,
            dependents=entry.dependents,
            notes=tuple(_notes(entry, chosen, with_them)) if first is None else (_spent_note(entry, first),),
        )


def _spent_note(entry: DeadEntry, first: DeadEntry) -> str:
    if entry.elsewhere:
        return (
            "it may stand in the other account that was connected when it was sent: look for it there, then record or "
            "dismiss it (`writeback entries`); or connect that account again (`writeback target add`) and redrive it "
            "before the new one is connected"
        )
    if entry.redrives >= MOST_REDRIVES:
        return (
            f"redriven {entry.redrives} times already, so its cause still stands: enter it by hand "
            "(`writeback entries record`) or end it (`writeback entries dismiss`)"
        )
    return f"{first.id} of the same lane is refused: end that one first, as it says, then redrive this one"


def _notes(entry: DeadEntry, chosen: set[int], with_them: set[tuple[str, int]]) -> Iterator[str]:
    if entry.effect_id not in chosen:
        yield "comes along: same lane"
    if entry.look_first:
        yield "was sent or may have been: looked up at the target before anything is sent"
    if entry.held_by is not None and (entry.practice_id, entry.held_by) not in with_them:
        yield f"stays held: e:{entry.held_by}, which it depends on, is not posted"
    elif entry.held_by is not None:
        yield f"follows e:{entry.held_by}"
    if entry.in_doubt is not None:
        yield f"waits: the outcome of e:{entry.in_doubt} in its lane is open"
    if entry.closed_reason is not None:
        yield f"waits: the connection is closed ({entry.closed_reason})"
    if entry.dependents:
        yield f"releases {entry.dependents} that depend on it"


def _record(record: DeadRecord) -> RedriveItem:
    refusal = _refusal(record)
    return RedriveItem(
        practice_id=record.practice_id,
        id=record.id,
        reason=record.reason,
        fate=Fate.REFUSE if refusal else Fate.REPUBLISH,
        order_key=f"{record.topic}\0{record.part}",
        record=record,
        notes=(refusal or f"its original bytes go to {record.topic} again",),
    )


def _refusal(record: DeadRecord) -> str | None:
    if record.stage not in (Stage.DECODE, Stage.RULES, Stage.INTAKE):
        return "only a person can tell which of the two entries at the target should stay"
    if record.reason == DeadLetterReason.CONFLICT:
        return "the first record stands; sending the second again is the same conflict again: `writeback dlq dismiss`"
    if record.size is None:
        return "the record has no content that could be sent again"
    if record.redrives >= MOST_REDRIVES:
        return (
            f"redriven {record.redrives} times already: its sender has to correct it and send it again; then "
            "`writeback dlq dismiss`"
        )
    return None


def chunks_of(planned: RedrivePlan, *, most: int) -> Iterator[list[RedriveItem]]:
    """At most so many items of one practice and fate at a time, lane after lane, in order; a long lane is several
    chunks. Pure."""
    for fate in (Fate.RELEASE, Fate.REPUBLISH):
        practices = dict.fromkeys(item.practice_id for item in planned.of(fate))
        for practice_id in practices:
            mine = [item for item in planned.of(fate) if item.practice_id == practice_id]
            ordered = [
                item for key in dict.fromkeys(i.order_key for i in mine) for item in mine if item.order_key == key
            ]
            for start in range(0, len(ordered), most):
                yield ordered[start : start + most]
