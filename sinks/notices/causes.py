"""What a notice is about: one cause at one practice, however many entries it concerns.

Its words stand in `sinks.operations.words.reasons`, one table per family of reasons; what to do about a vendor's own
code in that target's `remedies`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self

import msgspec

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, Target

UNKNOWN_PRACTICE = "?"
"""The practice of a record whose key cannot be read (law 11): only an operator can be notified."""


class CauseKind(StrEnum):
    """What the numbers of a notice count."""

    RECORD = "record"
    """Source records that were not understood or not stored."""
    POSTING = "posting"
    """Entries that are dead or in doubt."""
    CONNECTION = "connection"
    """Entries that wait behind a closed connection."""
    EVENT = "event"
    """Events that staff should know of: what waits too long, and what happened to money after it was first reported."""
    HEALTH = "health"
    """How a target answers, whatever became of its entries."""


Reason = DeadLetterReason | ConnectionReason | AttentionReason

_REASONS: Final[dict[CauseKind, type[Reason]]] = {
    CauseKind.RECORD: DeadLetterReason,
    CauseKind.POSTING: DeadLetterReason,
    CauseKind.CONNECTION: ConnectionReason,
    CauseKind.EVENT: AttentionReason,
    CauseKind.HEALTH: AttentionReason,
}
NEWS: Final[frozenset[Reason]] = frozenset(
    {
        AttentionReason.DISPUTE_OPENED,
        AttentionReason.DISPUTE_WON,
        AttentionReason.DISPUTE_LOST,
        AttentionReason.DISPUTE_WITHDRAWN,
        AttentionReason.MOVED_AFTER_VOID,
        AttentionReason.PAYMENT_RETURNED,
        AttentionReason.PAYOUT_FAILED,
        AttentionReason.ROLE_STOPPED,
        AttentionReason.LEDGER_SET_BACK,
        AttentionReason.ONE_BANK_ACCOUNT,
        AttentionReason.FEE_FOR_THE_BATCH,
    }
)
"""Reported when it happens and closed without a message: there is nothing to solve. The end of a dispute is news of its
own."""


OF_ALL_PRACTICES: Final[frozenset[Reason]] = frozenset(
    {AttentionReason.ROLE_STOPPED, AttentionReason.LEDGER_SET_BACK, AttentionReason.UPSTREAM_SILENT}
)
"""About the program itself: no practice is meant."""


class Cause(msgspec.Struct, frozen=True, order=True):
    """Why something is open; with the practice it is the group of a notice."""

    kind: CauseKind
    target: Target | None
    reason: Reason

    @property
    def key(self) -> str:
        """The `cause` column, for example `posting:PMS:MAPPING_MISSING`."""
        return f"{self.kind.value}:{self.target.value if self.target else '-'}:{self.reason.value}"

    @classmethod
    def parse(cls, key: str) -> Self:
        """The inverse of `key`. Raises ValueError for anything that `key` never made."""
        kind_name, target_name, reason_name = key.split(":")
        kind = CauseKind(kind_name)
        target = None if target_name == "-" else Target(target_name)
        return cls(kind, target, reason_of(kind, reason_name))


def reason_of(kind: CauseKind, name: str) -> Reason:
    """The reason of that name in the kind's own list. Raises ValueError for any other name."""
    return _REASONS[kind](name)
