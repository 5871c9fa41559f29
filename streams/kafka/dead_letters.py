"""Dead letters: original key and bytes, and closed headers without free text (schemas/README section 7, H-4).

Written in the stage's own transaction, at the partition number of the source. Whoever cannot write one stops.
"""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec

from schemas.vocabulary import DeadLetterReason, FieldFault, Stage, Target
from schemas.writebacks import SourcePosition
from streams.kafka.header_values import (
    HeaderError,
    HeaderList,
    Headers,
    as_text,
    encoded,
    instant,
    number,
    position_headers,
    position_of,
    required,
    stamp,
)

SCHEMA: Final = "1"
PREFIX: Final = "dl"
UNKNOWN_PRACTICE: Final = "?"
"""The practice of a record whose key cannot be read (law 11)."""


def _app_version() -> str:
    try:
        return version("writeback")
    except PackageNotFoundError:
        return "unknown"


APP_VERSION: Final = _app_version()


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers say. Anyone may route on `reason` and on nothing else."""

    position: SourcePosition
    """Of the source record; `appended_at` is the broker's append time."""
    consumer_group: str
    stage: Stage
    reason: DeadLetterReason
    practice_id: str
    """UNKNOWN_PRACTICE when it cannot be known."""
    first_failed_at: datetime
    last_failed_at: datetime
    attempts: int = 1
    field: str | None = None
    """The name of the field at fault, from the contract; never its value."""
    fault: FieldFault | None = None
    """What is wrong with that field."""
    exception_class: str | None = None
    event_id: str | None = None
    source: str | None = None
    effect_id: int | None = None
    target: Target | None = None
    ambiguous: bool = False
    """A redrive must read back first."""
    redrive_count: int = 0
    trace_id: str | None = None
    app_version: str = APP_VERSION


def dead_letter_headers(letter: DeadLetter) -> HeaderList:
    """The headers of a dead letter; what is not known has none."""
    return encoded(
        {"dl-schema": SCHEMA}
        | position_headers(PREFIX, letter.position)
        | {
            "dl-consumer-group": letter.consumer_group,
            "dl-stage": letter.stage.value,
            "dl-reason": letter.reason.value,
            "dl-field": letter.field,
            "dl-fault": letter.fault,
            "dl-exception-class": letter.exception_class,
            "dl-attempts": str(letter.attempts),
            "dl-first-failed-at": stamp(letter.first_failed_at),
            "dl-last-failed-at": stamp(letter.last_failed_at),
            "dl-event-id": letter.event_id,
            "dl-effect-id": None if letter.effect_id is None else str(letter.effect_id),
            "dl-practice-id": letter.practice_id,
            "dl-source": letter.source,
            "dl-target": letter.target.value if letter.target else None,
            "dl-ambiguous": "true" if letter.ambiguous else "false",
            "dl-redrive-count": str(letter.redrive_count),
            "dl-trace-id": letter.trace_id,
            "dl-app-version": letter.app_version,
        }
    )


def parse_dead_letter(headers: Headers) -> DeadLetter:
    """What the headers of a dead letter say. HeaderError names what is missing or wrong."""
    values = as_text(headers, f"{PREFIX}-")
    if required(values, "dl-schema") != SCHEMA:
        raise HeaderError("dl-schema is of another version")
    try:
        return DeadLetter(
            position=position_of(PREFIX, values),
            consumer_group=required(values, "dl-consumer-group"),
            stage=Stage(required(values, "dl-stage")),
            reason=DeadLetterReason(required(values, "dl-reason")),
            practice_id=required(values, "dl-practice-id"),
            first_failed_at=instant(values, "dl-first-failed-at"),
            last_failed_at=instant(values, "dl-last-failed-at"),
            attempts=number(values, "dl-attempts"),
            field=values.get("dl-field"),
            fault=_fault_of(values.get("dl-fault")),
            exception_class=values.get("dl-exception-class"),
            event_id=values.get("dl-event-id"),
            source=values.get("dl-source"),
            effect_id=number(values, "dl-effect-id") if "dl-effect-id" in values else None,
            target=Target(values["dl-target"]) if "dl-target" in values else None,
            ambiguous=required(values, "dl-ambiguous") == "true",
            redrive_count=number(values, "dl-redrive-count"),
            trace_id=values.get("dl-trace-id"),
            app_version=required(values, "dl-app-version"),
        )
    except HeaderError:
        raise
    except ValueError as error:
        raise HeaderError("dl-stage, dl-reason or dl-target holds a word that this version does not know") from error


def _fault_of(text: str | None) -> FieldFault | None:
    """A word that this version does not know explains nothing, and is no reason to refuse the letter."""
    return FieldFault.__members__.get(text or "")


REDRIVE_COUNT: Final = "dl-redrive-count"
"""The one header that a redriven source record carries, so that its next dead letter counts on."""
MOST_COUNTED: Final = 1000
"""Far above the limit of redrives, far below what a column holds: the header may come from anybody."""


def redrive_count_of(headers: Headers) -> int:
    """How often a source record was redriven, at most MOST_COUNTED; 0 for one that never was.

    A header that says nothing sensible counts as 0: a sender's header may not stop a role or make a dead letter.
    """
    try:
        return min(number(as_text(headers, REDRIVE_COUNT), REDRIVE_COUNT), MOST_COUNTED)
    except ValueError:
        return 0
