"""Which rows are an entry, and what they are together (law 19, README section 4)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import EntryKind
from sinks.targets.nexhealth.find_entries import (
    ADJUSTMENTS,
    PAYMENTS,
    Line,
    Standing,
    ledgers_of,
    lines_of,
    standing_of,
)
from sinks.targets.port import Placement, TargetEntry
from tests.sinks.targets.nexhealth.examples import EARLIER, MARKER, an_entry

TRANSACTION = f"WRITEBACK:{MARKER}"


def row(number: int = 2001, amount: str = "-96.80", **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "foreign_id": f"PMS-{number}",
        "patient_id": 17,
        "description": None,
        "deleted_at": None,
        "payment_amount": {"amount": amount, "currency": "USD"},
        "paid_at": "2026-03-04",
        "transaction_id": TRANSACTION,
    } | changed


def standing(*rows: dict[str, Any], entry: TargetEntry | None = None) -> Standing:
    entry = entry or an_entry()
    return standing_of(lines_of(PAYMENTS, rows, entry), entry)


def on_charges(*shares: tuple[str, int]) -> TargetEntry:
    placement = Placement(patient="17", posts_to="17", shares=shares)
    return msgspec.structs.replace(an_entry(), placement=placement)


def test_one_row_with_our_transaction_is_the_entry() -> None:
    assert standing(row()) == Standing(external_ids=("nexhealth_payments/2001",))


def test_several_rows_of_one_request_are_one_entry() -> None:
    """One POST may create several rows: they are summed."""
    rows = (row(2002, "-16.80"), row(2001, "-80.00"))
    assert standing(*rows).external_ids == ("nexhealth_payments/2001",)


@given(parts=st.lists(st.integers(1, 10**9), min_size=1, max_size=6), times=st.integers(1, 3))
def test_an_entry_that_stands_several_times_is_found_so_often(parts: list[int], times: int) -> None:
    """PROTOCOL section 3: a request of n rows that landed twice is two entries, whatever its rows."""
    entry = an_entry(amount_minor=sum(parts))
    amounts = [f"-{minor // 100}.{minor % 100:02d}" for minor in parts] * times
    found = standing(*(row(2001 + place, amount) for place, amount in enumerate(amounts)), entry=entry)
    assert len(found.external_ids) == times
    assert found.differing_ids == ()


@pytest.mark.parametrize("amount", ["96.80", "-96.81", "-193.60", "0.00", "x", None, "1E+999990"])
def test_another_amount_or_sign_is_neither_presence_nor_absence(amount: Any) -> None:
    """Law 18. One row of twice the amount is another amount, not two entries."""
    assert standing(row(amount=amount)) == Standing(differing_ids=("nexhealth_payments/2001",))


@pytest.mark.parametrize("number", [None, "", " ", "0", 0])
def test_a_row_that_the_practice_does_not_have_is_not_posted(number: Any) -> None:
    """ "NexHealth only": neither proof nor absence."""
    assert standing(row(foreign_id=number)) == Standing(possible_ids=("nexhealth_payments/2001",))


def test_a_row_without_a_number_beside_one_with_is_not_counted() -> None:
    assert standing(row(), row(2002, foreign_id=None)).external_ids == ("nexhealth_payments/2001",)


@pytest.mark.parametrize(
    "changed",
    [
        {"transaction_id": "WRITEBACK:WBAAAAAAAAAAAAAAAA"},
        {"transaction_id": None},
        {"transaction_id": MARKER.lower()},
        {"deleted_at": "2026-03-05T00:00:00Z"},
    ],
)
def test_other_rows_are_not_ours(changed: dict[str, Any]) -> None:
    """A filter may be ignored: all is matched here."""
    assert standing(row(**changed)).is_nothing


def test_every_generation_and_every_id_that_was_seen_is_found() -> None:
    """Laws 18 and 19."""
    earlier = row(transaction_id=f"WRITEBACK:{EARLIER}")
    assert standing(earlier).external_ids == ("nexhealth_payments/2001",)
    seen = an_entry(beside={"known_ids": ("nexhealth_payments/2001",)})
    assert standing(row(transaction_id=None), entry=seen).external_ids == ("nexhealth_payments/2001",)
    in_text = row(transaction_id=None, description=f"{MARKER} payment pay-1")
    assert standing(in_text).external_ids == ("nexhealth_payments/2001",)


def test_some_rows_of_a_split_request_are_neither_yet() -> None:
    """Reads lag: a payment on two charges whose second row is not read yet is no other amount."""
    entry = on_charges(("1101", 8000), ("1102", 1680))
    assert standing(row(amount="-80.00"), entry=entry) == Standing(partly=True)
    both = (row(2001, "-80.00"), row(2002, "-16.81"))
    assert standing(*both, entry=entry).differing_ids == ("nexhealth_payments/2001",)


def test_a_refund_is_looked_for_in_both_ledgers() -> None:
    """R-12: a system may have made an adjustment of a payment."""
    assert ledgers_of(EntryKind.REFUND) == (PAYMENTS, ADJUSTMENTS)
    assert ledgers_of(EntryKind.PAYMENT) == (PAYMENTS,)
    assert ledgers_of(EntryKind.FEE_ADJUSTMENT) == (ADJUSTMENTS,)


def test_a_row_of_nothing_is_no_crash() -> None:
    assert Line(PAYMENTS, {}).minor is None
    assert standing({}).is_nothing
