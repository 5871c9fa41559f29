"""Files of events: what is read, and what is refused by line, field and reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import msgspec
import pytest

from schemas.events import Event
from schemas.vocabulary import DeadLetterReason as Reason
from streams.kafka.event_files import LINE_BYTES, Accepted, Refused, read_events
from tests.schemas.examples import AT, EXAMPLES, ITEM, PAYMENT, PAYOUT, changed

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def line_of(event: Event, **fields: Any) -> bytes:
    values = {"type": type(event).__name__} | msgspec.to_builtins(event) | fields
    return msgspec.json.encode(values) + b"\n"


def read(*lines: bytes, now: datetime = NOW) -> list[Accepted | Refused]:
    return list(read_events(BytesIO(b"".join(lines)), now))


def refused(line: bytes) -> tuple[Reason, str]:
    found = read(line)[0]
    assert isinstance(found, Refused)
    return found.reason, found.field


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda event: type(event).__name__)
def test_every_type_can_be_sent_from_a_file(event: Event) -> None:
    """JSON has the names of the contract, instants as text with their offset."""
    assert read(line_of(event)) == [Accepted(line=1, event=event)]


def test_lines_are_counted_and_empty_ones_left_out() -> None:
    """The number is the one that an editor shows; a last line needs no end."""
    found = read(line_of(PAYMENT), b"\n", b"  \n", b"oops\n", line_of(PAYMENT).rstrip())
    assert [(type(each).__name__, each.line) for each in found] == [("Accepted", 1), ("Refused", 4), ("Accepted", 5)]


def test_one_bad_line_keeps_no_other_from_being_sent() -> None:
    """Bad input: nothing is lost beside it."""
    found = read(line_of(PAYMENT), b"\xff\xfe\x00\n", line_of(PAYMENT))
    assert [type(each) for each in found] == [Accepted, Refused, Accepted]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"{", (Reason.UNDECODABLE, "")),
        (b"[1]", (Reason.UNDECODABLE, "")),
        (b"null", (Reason.UNDECODABLE, "")),
        (b'{"event_id":"\xff"}', (Reason.UNDECODABLE, "")),
        (b"[" * 100_000, (Reason.UNDECODABLE, "")),
        (b"{}", (Reason.UNKNOWN_SCHEMA, "type")),
        (b'{"type":7}', (Reason.UNKNOWN_SCHEMA, "type")),
        (b'{"type":"PaymentSuceeded"}', (Reason.UNKNOWN_SCHEMA, "type")),
        (line_of(PAYMENT, gross_minor=100.0), (Reason.INVALID_FIELD, "gross_minor")),
        (line_of(PAYMENT, gross_minor="10000"), (Reason.INVALID_FIELD, "gross_minor")),
        (line_of(PAYMENT, gross_minor=True), (Reason.INVALID_FIELD, "gross_minor")),
        (line_of(PAYMENT, gross_minor=10**30), (Reason.INVALID_FIELD, "gross_minor")),
        (line_of(PAYMENT, gross_minr=1), (Reason.INVALID_FIELD, "gross_minr")),
        (line_of(PAYMENT, kind="GIFT"), (Reason.UNKNOWN_ENUM, "kind")),
        (line_of(PAYMENT, occurred_at="yesterday"), (Reason.INVALID_FIELD, "occurred_at")),
        (line_of(PAYMENT, occurred_at="2026-03-01T17:00:00"), (Reason.INVALID_FIELD, "occurred_at")),
        (line_of(PAYMENT, splits=[{"patient_ref": "p"}]), (Reason.INVALID_FIELD, "splits.0.amount_minor")),
        (
            line_of(PAYMENT, splits=[{"patient_ref": "p", "amount_minor": "1"}]),
            (Reason.INVALID_FIELD, "splits.0.amount_minor"),
        ),
        (line_of(PAYMENT, net_minor=1), (Reason.AMOUNTS_DISAGREE, "net_minor")),
        (line_of(PAYMENT, practice_id="a\0"), (Reason.INVALID_FIELD, "practice_id")),
    ],
)
def test_what_is_wrong_is_named(line: bytes, expected: tuple[Reason, str]) -> None:
    """Reason and field as a dead letter would have them, before anything is sent."""
    assert refused(line) == expected


@pytest.mark.parametrize("day", ["2026-3-5", "05.03.2026", "2026-02-30"])
def test_a_day_that_is_none_is_reported_in_the_words_of_the_file(day: str) -> None:
    """As every other field: what it takes, and what stands there."""
    found = read(line_of(PAYOUT, arrival_date=day))[0]
    assert isinstance(found, Refused)
    assert (found.field, found.problem) == (
        "arrival_date",
        "takes a day as text, like 2026-03-02; this is a text that is not written so, or names no day that there is",
    )


def test_a_mistyped_type_is_answered_with_the_nearest() -> None:
    """The message says what to write instead."""
    found = read(b'{"type":"PaymentSuceeded"}')[0]
    assert isinstance(found, Refused)
    assert "did you mean PaymentSucceeded?" in found.problem


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gross_minor": "10000"}, "takes a whole number without quotes or decimals; this is a text in quotes"),
        ({"fee_minor": [1]}, "takes a whole number without quotes or decimals or null; this is a list in [ ]"),
        ({"payment_id": 7}, "takes a text in quotes; this is a whole number without quotes or decimals"),
        ({"settled_outside": "no"}, "takes true or false without quotes; this is a text in quotes"),
        ({"splits": {}}, "takes a list in [ ]; this is an object in { }"),
        (
            {"occurred_at": "yesterday"},
            "takes an instant as text with its offset, like 2026-03-02T15:04:05Z"
            "; this is a text that is not written so, or names no day that there is",
        ),
    ],
)
def test_a_wrong_type_is_reported_in_the_words_of_the_file(fields: dict[str, Any], words: str) -> None:
    """Bad input: what the field takes, not how the decoder calls it."""
    found = read(line_of(PAYMENT, **fields))[0]
    assert isinstance(found, Refused)
    assert found.field == next(iter(fields))
    assert found.problem == words


def test_values_are_not_repeated() -> None:
    """H-1: a refusal names the field; what stood in it stays in the file."""
    found = read(line_of(PAYMENT, kind="Jane Doe"))[0]
    assert "Jane" not in str(found)


def test_events_of_the_future_are_refused() -> None:
    """E-10: RULES would refuse them by the broker's time."""
    found = read(line_of(PAYMENT), now=AT - timedelta(minutes=6))[0]
    assert isinstance(found, Refused)
    assert found.reason is Reason.OCCURRED_IN_FUTURE


def test_a_ten_megabyte_line_is_refused_and_the_next_one_read() -> None:
    """Bad input: a huge event is TOO_LARGE with its limit; a line without end is not held in memory."""
    huge = changed(PAYOUT, items=(ITEM,) * 19_000)
    fat = changed(PAYMENT, splits=PAYMENT.splits[:1] * 60_000)
    endless = b"x" * (LINE_BYTES + 10) + b"\n"
    found = read(line_of(huge), line_of(fat), endless, line_of(PAYMENT))
    assert [type(each) for each in found] == [Accepted, Refused, Refused, Accepted]
    assert isinstance(found[2], Refused)
    assert found[2].reason is Reason.TOO_LARGE


def test_an_event_above_its_topics_limit_is_refused() -> None:
    """Law 9: 256 KiB, although every field is valid."""
    zero = changed(PAYMENT.splits[0], amount_minor=0, provider_ref="d" * 255, procedure_ref="c" * 255)
    many = changed(PAYMENT, splits=(*PAYMENT.splits, *(zero,) * 990))
    assert refused(line_of(many)) == (Reason.TOO_LARGE, "event")


ABSURD = [
    b"1E+999990",
    b"1E-999990",
    b"9" * 5000,
    b"-" + b"9" * 5000,
    b"9223372036854775808",
    b"NaN",
    b"Infinity",
    b"1e3",
]


@pytest.mark.parametrize("number", ABSURD, ids=lambda each: each[:12].decode())
def test_an_absurd_number_is_refused_before_it_is_computed_with(number: bytes) -> None:
    """Law 9: digits are bounded before a number is made of them; the line fails alone."""
    line = line_of(PAYMENT).replace(b'"gross_minor":10000', b'"gross_minor":' + number)
    assert number in line
    refusals = read(line, line_of(PAYMENT))
    assert isinstance(refusals[0], Refused)
    assert isinstance(refusals[1], Accepted)


@pytest.mark.parametrize(
    "text", [b"\\ud800", b"7" * 4200, b"\xed\xa0\x80", b"\xff"], ids=["escape", "digits", "bytes", "ff"]
)
def test_an_id_that_is_none_is_refused_and_stops_nobody(text: bytes) -> None:
    """Law 9: lone surrogates in both spellings, and an id of 4,200 digits."""
    line = line_of(PAYMENT).replace(b'"payment_id":"pay-1"', b'"payment_id":"' + text + b'"')
    assert text in line
    refusals = read(line, line_of(PAYMENT))
    assert isinstance(refusals[0], Refused)
    assert isinstance(refusals[1], Accepted)
