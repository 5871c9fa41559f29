"""Banking days against the Federal Reserve's published holidays (P-23)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.bookkeeping.banking_days import bank_holidays, banking_days_before, is_banking_day

PUBLISHED = {
    2026: "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25",
}
"""On working days; what falls on a Saturday closes no bank."""


@pytest.mark.parametrize("year", PUBLISHED)
def test_p23_the_holidays_of_a_year(year: int) -> None:
    """P-23: those that the Federal Reserve names."""
    found = sorted(day for day in bank_holidays(year) if day.weekday() < 5)
    assert [f"{day:%m-%d}" for day in found] == PUBLISHED[year].split()


def test_p23_weekends_and_own_holidays_are_no_banking_days() -> None:
    """P-23: Thanksgiving, and a day of the practice's own."""
    assert is_banking_day(date(2026, 11, 25))
    assert not is_banking_day(date(2026, 11, 26))
    assert not is_banking_day(date(2026, 11, 28))
    assert not is_banking_day(date(2026, 11, 25), (date(2026, 11, 25),))


def test_p23_five_whole_banking_days_have_passed() -> None:
    """P-23: what came on Friday the 20th is due when Tuesday the 1st begins: 23, 24, 25, 27 and 30 were between."""
    assert banking_days_before(date(2026, 12, 1), 5) == date(2026, 11, 22)
    assert banking_days_before(date(2026, 11, 30), 5) == date(2026, 11, 19)
