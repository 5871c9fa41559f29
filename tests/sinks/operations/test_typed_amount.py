"""Amounts as people write them: read exactly, or refused with what to write (POST-10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bookkeeping.money import MoneyError
from sinks.operations.typed_amount import readings, typed_minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("96.80", 9680), ("96,80", 9680), ("96.8", 9680), ("96", 9600), ("1170", 117_000), (".50", 50), ("-3.20", -320),
        ("1,170.00", 117_000), ("1.170,00", 117_000), ("1,170,000", 117_000_000), ("1.170.000,5", 117_000_050),
    ],
)  # fmt: skip
def test_one_reading(text: str, minor: int) -> None:
    assert typed_minor(text) == minor


@pytest.mark.parametrize("text", ["1,170", "1.170", "-1,170"])
def test_two_readings_are_refused_with_what_to_write(text: str) -> None:
    """1,170 is 1170.00 to some and 1.17 to others."""
    with pytest.raises(MoneyError, match=r"in two ways.*1170\.00 or -?1\.17"):
        typed_minor(text)


@pytest.mark.parametrize(
    "text", ["", "yes", "1e3", "NaN", "1 170", "11,70.00", "1,17,000", "96.8055", "1_000", "\u0661", "9" * 31]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(MoneyError, match="is no amount"):
        typed_minor(text)


def test_three_decimals_are_never_taken_for_thousands() -> None:
    with pytest.raises(MoneyError, match=r"1175\.00"):
        typed_minor("1.175")


@given(st.integers(0, 10**12))
def test_whatever_a_spreadsheet_makes_of_an_amount_still_says_it(minor: int) -> None:
    """Thousands apart or not, a point or a comma before the cents, or no cents where there are none."""
    for form in (f"{minor / 100:.2f}", f"{minor / 100:,.2f}"):
        turned = form.translate(str.maketrans(",.", ".,"))
        assert typed_minor(form) == typed_minor(turned) == minor
    if minor % 100 == 0:
        assert minor in readings(f"{minor // 100:,}")
