"""What breaks a bound is an answer that proves nothing (law 29)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from schemas.bookkeeping.money import MoneyError, parse_decimal
from schemas.vocabulary import ConnectionReason
from sinks.targets.foreign_values import (
    UNREADABLE_ID,
    bounded_answer,
    bounded_prepared,
    bounded_reading,
    parsed_json,
)
from sinks.targets.port import (
    Accepted,
    Answer,
    Charge,
    Found,
    NoAnswer,
    Posted,
    Prepared,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
)

NOON = datetime(2026, 11, 3, 17, 0, tzinfo=UTC)
BAD_IDS = (
    "payments/" + "9" * 4_200,
    "payments/\ud800",
    "payments/",
    "payments/1 2",
    "payments/ü",
    "",
    "x" * 65,
    "a\nb",
)


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\xfd", b"[" * 200_000, b'"\\ud800"', b"1E+999990", b"9" * 5_000, b'{"PayNum":1', b"", b"\x00"],
)
def test_json_that_cannot_be_is_none(body: bytes) -> None:
    """Law 29: never an exception, whatever was sent."""
    assert parsed_json(body) is None


@pytest.mark.parametrize("amount", ["1E+999990", "-1E+999990", "1" * 4_200, "1E-999990", "NaN", "Infinity", "sNaN"])
def test_an_absurd_amount_is_refused_before_it_is_computed_with(amount: str) -> None:
    """Law 29: digits are bounded before a number is made."""
    for value in (amount, Decimal(amount)):
        with pytest.raises(MoneyError):
            parse_decimal(value)


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize("kind", [Posted, Accepted])
def test_a_success_with_an_id_that_cannot_be_stored_proves_nothing(kind: type[Posted | Accepted], bad: str) -> None:
    """Law 29: 64 printable ASCII characters; the entry is read back instead."""
    assert bounded_answer(kind(external_id=bad)) == NoAnswer(code=UNREADABLE_ID, answered=True)
    assert bounded_answer(kind(external_id="payments/1")) == kind(external_id="payments/1")


@pytest.mark.parametrize("bad", BAD_IDS)
def test_a_find_with_such_an_id_is_neither_presence_nor_absence(bad: str) -> None:
    """Laws 19, 29: an entry of ours stands there, and it cannot be said which."""
    failed = ReadFailed(scope=Scope.EFFECT, reason=None, code=UNREADABLE_ID)
    assert bounded_reading(Found(external_ids=(bad,), began_at=NOON)) == failed
    assert bounded_reading(Found(external_ids=("payments/1",), differing_ids=(bad,), began_at=NOON)) == failed
    sound = Found(external_ids=("payments/1",), began_at=NOON)
    assert bounded_reading(sound) == sound


def test_a_balance_with_such_an_id_concerns_its_entry_alone() -> None:
    """Laws 22, 29."""
    charge = Charge(ref="9" * 65, due_minor=1, on=date(2026, 11, 3))
    assert bounded_prepared(Prepared(posts_to="1", charges=(charge,))) == ReadFailed(
        scope=Scope.EFFECT, reason=None, code=UNREADABLE_ID
    )


def test_codes_waits_and_request_ids_are_bounded() -> None:
    """H-3, law 29: a code of the vendor's goes to the ledger, so it is a short word."""
    refused = Refused(
        kind=RefusalClass.TEMPORARY,
        scope=Scope.CONNECTION,
        reason=ConnectionReason.THROTTLED,
        code="Zebediah owes",
        retry_after_s=float("inf"),
        vendor_request_id="\ud800",
    )
    found: Answer = bounded_answer(refused)
    assert isinstance(found, Refused)
    assert (found.code, found.retry_after_s, found.vendor_request_id) == ("UNREADABLE", None, None)
