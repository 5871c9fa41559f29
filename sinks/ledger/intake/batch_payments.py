"""In-memory copy of the payments and payouts that a batch touches, and the records of their events (laws 2, 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from processors.rules.lifecycle.payment_state import EventId, PaymentState
from schemas.writebacks import Writeback
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey

EMPTY = PaymentState()


class BatchPayments:
    """As they were read under the lock, and as the batch itself goes on with them. Not for two threads."""

    def __init__(self, keys: Iterable[PaymentKey] = ()) -> None:
        self._states: dict[PaymentKey, PaymentState] = dict.fromkeys(keys, EMPTY)
        self._records: dict[tuple[str, EventId], Writeback] = {}

    def __contains__(self, key: object) -> bool:
        """Whether the ledger may know more of this money than that it happened."""
        return key in self._states

    def __iter__(self) -> Iterator[PaymentKey]:
        return iter(self._states)

    def state(self, key: PaymentKey) -> PaymentState:
        """Empty where the ledger has nothing of this money."""
        return self._states.get(key, EMPTY)

    def put(self, key: PaymentKey, state: PaymentState) -> None:
        """The money as it stands from now on."""
        self._states[key] = state

    def record(self, practice_id: str, event: EventId) -> Writeback:
        """The record of an event of these payments. KeyError for one that is none of theirs."""
        return self._records[practice_id, event]

    def put_record(self, record: Writeback) -> None:
        """An event of these payments, with the plan that holds now."""
        identity = record.identity
        self._records[identity.practice_id, (identity.source, identity.event_id)] = record

    def payments_beside(self, payout: PaymentKey) -> Collection[PaymentKey]:
        """The payments of this batch that the payout may carry: of its practice."""
        return [key for key in self._states if (key.kind, key.practice_id) == (PAYMENT, payout.practice_id)]
