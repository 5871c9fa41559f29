"""Lives in the hands of one batch: as they were read, and as the batch itself goes on with them (laws 2, 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from processors.rules.lifecycle.payment_state import EntryState, FollowUp, PaidItem, PaymentState, Reported
from schemas.vocabulary import State
from schemas.writebacks import Writeback
from sinks.ledger.intake.duplicates import EventKey
from sinks.ledger.intake.payment_key import PaymentKey

_replace = msgspec.structs.replace


class WorkingState:
    """One life, changed in memory as its transaction will change it in the tables. Not for two threads."""

    def __init__(self, key: PaymentKey) -> None:
        self.key = key
        self.told: Reported | None = None
        self.told_by: Writeback | None = None
        """The record of `told`: what its effects are entered from when another event resolves it (N-5)."""
        self.entries: dict[int, EntryState] = {}
        self.items: list[PaidItem] = []
        self._linked: dict[EventKey, FollowUp] = {}
        self._parked: dict[EventKey, Writeback] = {}

    def life(self) -> PaymentState:
        """The life as it stands now, for the pure rules."""
        return PaymentState(
            told=self.told,
            entries=tuple(self.entries[number] for number in sorted(self.entries)),
            linked=tuple(self._linked.values()),
            items=tuple(self.items),
        )

    def report(self, told: Reported, by: Writeback) -> None:
        self.told, self.told_by = told, by

    def add(self, linked: FollowUp, by: Writeback) -> None:
        """A linked event, new or told of again with another standing."""
        key = event_key(by)
        self._linked[key] = linked
        if linked.waiting is State.AWAITING_ORIGINAL:
            self._parked[key] = by
        else:
            self._parked.pop(key, None)

    def parked(self) -> list[tuple[FollowUp, Writeback]]:
        """What waits for another event of this life, in the order in which it happened."""
        waiting = [(self._linked[key], by) for key, by in self._parked.items()]
        return sorted(waiting, key=lambda each: each[0].event.occurred_at)

    def paid(self, payout_id: str, items: Iterable[PaidItem]) -> None:
        """The payout as it stands now, with these items of this payment; none: it has failed or was replaced (P-21)."""
        self.items = [item for item in self.items if item.payout_id != payout_id] + list(items)

    def move(self, effect_id: int, **changed: object) -> EntryState:
        """The entry with other values."""
        moved = self.entries[effect_id] = _replace(self.entries[effect_id], **changed)
        return moved

    def forget_told(self) -> None:
        """Another event tells this money from now on (B-5)."""
        self.told = self.told_by = None


class WorkingStates(Mapping[PaymentKey, WorkingState]):
    """The lives that concern one batch. A life that was not read is new to the ledger."""

    def __init__(self, held: Mapping[PaymentKey, WorkingState] | None = None) -> None:
        self._held = dict(held or {})

    def of(self, key: PaymentKey) -> WorkingState:
        """The life of this key; an empty one if the ledger has nothing of it."""
        return self._held.setdefault(key, WorkingState(key))

    def __getitem__(self, key: PaymentKey) -> WorkingState:
        return self._held[key]

    def __iter__(self) -> Iterator[PaymentKey]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


def event_key(writeback: Writeback) -> EventKey:
    identity = writeback.identity
    return (identity.practice_id, identity.source, identity.event_id)
