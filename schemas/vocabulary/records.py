"""What becomes of a source record: its verdict, and the stage at which it became a dead letter."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What a source record turned out to be; one receipt each (law 11)."""

    FIRST = "FIRST"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    OLD_VERSION = "OLD_VERSION"
    DEAD_LETTER = "DEAD_LETTER"


class Stage(StrEnum):
    """Where a record became a dead letter."""

    DECODE = "decode"
    RULES = "rules"
    INTAKE = "intake"
    POST = "post"
    READBACK = "readback"


class Ruling(StrEnum):
    """How a person ended an event that waited (`events.ended_as`)."""

    RECORD = "record"
    """It was entered by hand."""
    DISMISS = "dismiss"
    """Nobody enters it: it is no fact about its payment."""
    POST = "post"
    """It is posted as it was reported."""


RECORD_STAGES: Final = frozenset({Stage.DECODE, Stage.RULES, Stage.INTAKE})
"""The record became no event: the dead letter is all that stands for it."""

ENTRY_STAGES: Final = frozenset({Stage.POST, Stage.READBACK})
"""An effect died: the dead letter is a copy for consumers, and ends with the effect."""
