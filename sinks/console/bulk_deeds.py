"""What is done with several entries at once: each by the operations' own action, with the versions that were seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from sinks.console.visit import Visit
from sinks.operations.acting import Action, Order
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import NOTHING_SAID, EntriesDone, act_on_entries
from sinks.operations.actions.hold_entries import assign_entries, hold_entries
from sinks.operations.actions.hold_rules import HoldAction

Seen = Mapping[int, str]
"""Versions by the entries' numbers."""
Do = Callable[[Visit, Sequence[int], str, Order, Seen], EntriesDone]
_TICK: Final = re.compile(r"e:([0-9]{1,18})@([0-9a-f]{12})", re.ASCII)


class BulkDeed(msgspec.Struct, frozen=True):
    """One of them as people read it."""

    slug: str
    title: str
    what: str
    action: Action
    do: Do
    takes_name: bool = False


def _act(action: EntryAction) -> Do:
    def do(visit: Visit, numbers: Sequence[int], name: str, order: Order, seen: Seen) -> EntriesDone:
        return act_on_entries(visit.ledger, action, visit.practice_id, numbers, order, NOTHING_SAID, seen)

    return do


def _hold(action: HoldAction) -> Do:
    def do(visit: Visit, numbers: Sequence[int], name: str, order: Order, seen: Seen) -> EntriesDone:
        return hold_entries(visit.ledger, action, visit.practice_id, numbers, order, seen)

    return do


def _assign(visit: Visit, numbers: Sequence[int], name: str, order: Order, seen: Seen) -> EntriesDone:
    return assign_entries(visit.ledger, visit.practice_id, numbers, name, order, seen)


BULK: Final[Mapping[str, BulkDeed]] = MappingProxyType(
    {
        each.slug: each
        for each in (
            BulkDeed("post", "Post to Ledger", "Writeback posts them.", Action.ENTRY_POST, _act(EntryAction.POST)),
            BulkDeed(
                "record",
                "Mark Recorded",
                "Somebody has entered them in the books, with their amounts.",
                Action.ENTRY_RECORD,
                _act(EntryAction.RECORD),
            ),
            BulkDeed("dismiss", "Dismiss", "Nobody will enter them.", Action.ENTRY_DISMISS, _act(EntryAction.DISMISS)),
            BulkDeed(
                "hold",
                "Hold",
                "They stay until somebody releases or posts them.",
                Action.ENTRY_HOLD,
                _hold(HoldAction.HOLD),
            ),
            BulkDeed(
                "release",
                "Release",
                "They go on as they would have gone.",
                Action.ENTRY_RELEASE,
                _hold(HoldAction.RELEASE),
            ),
            BulkDeed(
                "retry",
                "Retry now",
                "They are tried at once.",
                Action.ENTRY_RETRY,
                _hold(HoldAction.RETRY),
            ),
            BulkDeed(
                "assign",
                "Assign",
                "Somebody sees to them.",
                Action.ENTRY_ASSIGN,
                _assign,
                True,
            ),
        )
    }
)


def offered(visit: Visit) -> tuple[BulkDeed, ...]:
    """Those that this person may do here."""
    return tuple(each for each in BULK.values() if visit.rights.may(each.action, visit.practice_id))


def tick(effect_id: int, version: str) -> str:
    """What a ticked row sends: the entry, and what was seen of it."""
    return f"e:{effect_id}@{version}"


def ticked(texts: Iterable[str]) -> dict[int, str]:
    """Versions by the entries' numbers, in their order; what no row sends is left out. Pure."""
    found = (_TICK.fullmatch(each) for each in texts)
    return {int(each[1]): each[2] for each in found if each is not None}
