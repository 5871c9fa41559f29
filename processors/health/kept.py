"""Values of HEALTH's two tables to and from their bytes, with the partition that they belong to. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from processors.health.outcome_window import OutcomeWindow
from processors.health.target_window import TargetWindow
from schemas.vocabulary import Target


class KeptTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table of attempts."""

    partition: int
    """Where its heartbeats come from: a worker that has lost it states nothing of it any more."""
    window: TargetWindow = TargetWindow()


class KeptOutcomes(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table of outcomes."""

    window: OutcomeWindow = OutcomeWindow()


_TARGETS: Final = msgspec.json.Decoder(KeptTarget)
_OUTCOMES: Final = msgspec.json.Decoder(KeptOutcomes)
encode: Final = msgspec.json.encode


def target_key(practice_id: str, target: Target) -> bytes:
    """A practice has no colon."""
    return f"{practice_id}:{target.value}".encode()


def practice_of(key: bytes) -> str:
    """The practice of a target's key."""
    return key.decode().rpartition(":")[0]


def kept_target(value: bytes | None, partition: int) -> KeptTarget:
    """The row, or a new one for what is not there and for what an earlier release wrote in another form."""
    if value is not None:
        try:
            return _TARGETS.decode(value)
        except msgspec.DecodeError:
            return KeptTarget(partition=partition)
    return KeptTarget(partition=partition)


def kept_outcomes(value: bytes | None) -> KeptOutcomes:
    """The same of a practice's outcomes."""
    if value is not None:
        try:
            return _OUTCOMES.decode(value)
        except msgspec.DecodeError:
            return KeptOutcomes()
    return KeptOutcomes()
