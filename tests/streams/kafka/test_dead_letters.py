"""Headers of dead letters and re-decisions: closed lists, readable, without data (schemas/README section 7, H-4)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from schemas.headers import DEAD_LETTER_HEADERS, REDECISION_HEADERS
from schemas.vocabulary import DeadLetterReason, FieldFault, Stage, Target
from schemas.writebacks import Redecision, SourcePosition
from streams.kafka.dead_letters import DeadLetter, dead_letter_headers, parse_dead_letter
from streams.kafka.header_values import HeaderError
from streams.kafka.redecision_requests import parse_redecision, redecision_headers

AT = datetime(2026, 3, 4, 17, 0, 0, 123456, tzinfo=UTC)
POSITION = SourcePosition(
    topic="payments.v1", topic_id="MzkcdL0TSCSZ-GcGH3yqqg", partition=2, offset=41, appended_at=AT
)
FULL = DeadLetter(
    position=POSITION,
    consumer_group="rules",
    stage=Stage.READBACK,
    reason=DeadLetterReason.FOUND_TWICE,
    practice_id="practice-1",
    first_failed_at=AT,
    last_failed_at=AT,
    attempts=3,
    field="splits.0.amount_minor",
    fault=FieldFault.BELOW_ZERO,
    exception_class="Invalid",
    event_id="ev-1",
    source="payments.example",
    effect_id=77,
    target=Target.PMS,
    ambiguous=True,
    redrive_count=2,
    trace_id="trace-1",
)
BARE = DeadLetter(
    position=POSITION,
    consumer_group="rules",
    stage=Stage.DECODE,
    reason=DeadLetterReason.NOT_WIRE_FORMAT,
    practice_id="?",
    first_failed_at=AT,
    last_failed_at=AT,
)
REQUEST = Redecision(position=POSITION, practice_id="practice-1", least_version=4, original_key=b"k", original=b"v")


@pytest.mark.parametrize("letter", [FULL, BARE])
def test_a_dead_letter_is_readable_again(letter: DeadLetter) -> None:
    assert parse_dead_letter([*dead_letter_headers(letter)]) == letter


def test_headers_are_those_of_the_contract_and_no_others() -> None:
    """H-4: a closed list, in the contract's order."""
    assert tuple(name for name, _ in dead_letter_headers(FULL)) == DEAD_LETTER_HEADERS
    assert {name for name, _ in dead_letter_headers(BARE)} < set(DEAD_LETTER_HEADERS)
    assert tuple(name for name, _ in redecision_headers(REQUEST)) == REDECISION_HEADERS


def test_headers_stay_small() -> None:
    """Law 9: 64 KiB are kept for them; the largest possible ones take a fraction."""
    fields = dict.fromkeys(("practice_id", "event_id", "source", "trace_id", "field"), "x" * 64)
    largest = msgspec.structs.replace(FULL, **fields)
    assert sum(len(name) + len(value) for name, value in dead_letter_headers(largest)) < 4096


def test_headers_of_others_are_left_alone() -> None:
    """CloudEvents headers and those of the outbox may stand beside ours."""
    mixed = [("ce_id", b"x"), *dead_letter_headers(FULL), ("wb-outbox-id", None)]
    assert parse_dead_letter(mixed) == FULL
    assert parse_dead_letter(dict(mixed)) == FULL


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("dl-reason", None, "dl-reason is missing"),
        ("dl-reason", b"SOMETHING", "does not know"),
        ("dl-stage", b"elsewhere", "does not know"),
        ("dl-attempts", b"-1", "whole number"),
        ("dl-attempts", b"9" * 19, "whole number"),
        ("dl-attempts", "\N{SUPERSCRIPT TWO}".encode(), "whole number"),
        ("dl-first-failed-at", b"yesterday", "not an instant"),
        ("dl-first-failed-at", b"2026-03-04T17:00:00", "no zone"),
        ("dl-practice-id", b"\xff", "not text"),
        ("dl-schema", b"9", "another version"),
    ],
)
def test_bad_headers_name_the_header(name: str, value: bytes | None, problem: str) -> None:
    headers = [(n, v) for n, v in dead_letter_headers(FULL) if n != name]
    if value is not None:
        headers.append((name, value))
    with pytest.raises(HeaderError, match=problem):
        parse_dead_letter([*headers])


def test_a_header_that_stands_twice_is_refused() -> None:
    with pytest.raises(HeaderError, match="twice"):
        parse_dead_letter([*dead_letter_headers(FULL), ("dl-reason", b"CONFLICT")])


def test_a_redecision_is_readable_again() -> None:
    assert parse_redecision(b"k", b"v", [*redecision_headers(REQUEST)]) == REQUEST
    with pytest.raises(HeaderError, match="another version"):
        parse_redecision(b"k", b"v", [("rd-schema", b"2")])
    with pytest.raises(HeaderError, match="rd-schema is missing"):
        parse_redecision(None, None, None)
    strange = dict(redecision_headers(REQUEST)) | {"rd-original-topic": b"elsewhere.v1"}
    with pytest.raises(HeaderError, match="no source topic"):
        parse_redecision(b"k", b"v", [*strange.items()])
