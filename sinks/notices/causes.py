"""What a notice is about: one cause at one practice, however many entries it concerns (reference: notifications)."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

import msgspec

from schemas.reasons import ConnectionReason, DeadLetterReason
from schemas.states import Target

UNKNOWN_PRACTICE = "?"
"""The practice of a record whose key cannot be read (law 11): only an operator can be told."""


class CauseKind(StrEnum):
    """What the numbers of a notice count."""

    RECORD = "record"
    """Source records that were not understood or not stored."""
    POSTING = "posting"
    """Entries that stand dead or in doubt."""
    CONNECTION = "connection"
    """Entries that wait behind a closed connection."""


class Cause(msgspec.Struct, frozen=True, order=True):
    """Why something is open; with the practice it is the group of a notice."""

    kind: CauseKind
    target: Target | None
    reason: DeadLetterReason | ConnectionReason

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
        if kind is CauseKind.CONNECTION:
            return cls(kind, target, ConnectionReason(reason_name))
        return cls(kind, target, DeadLetterReason(reason_name))
