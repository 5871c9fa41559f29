"""Adjustment codes as dated data (I-5)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.adjustment_codes import parse_codes, reason_codes, remark_codes

TODAY = date(2026, 3, 4)


@pytest.mark.parametrize("code", ["1", "2", "3", "23", "45", "94", "97", "242", "277", "308", "A0", "B7", "P1", "P23"])
def test_codes_in_use(code: str) -> None:
    """I-5."""
    assert reason_codes().knows(code, TODAY)


@pytest.mark.parametrize("code", ["0", "309", "9999", "045", "CO-45", "", "W1", "D1", "A2", "17", "Y3"])
def test_codes_that_are_none_or_were_stopped(code: str) -> None:
    """I-5: unknown, never an error."""
    assert not reason_codes().knows(code, TODAY)


def test_a_code_is_in_use_from_its_first_day_to_the_day_before_its_end() -> None:
    """I-5: W1 from 2000-02-29 until P12 took its place on 2014-07-01."""
    days = [date(2000, 2, 28), date(2000, 2, 29), date(2014, 6, 30), date(2014, 7, 1)]
    assert [reason_codes().knows("W1", day) for day in days] == [False, True, True, False]


def test_remark_codes_are_kept_beside() -> None:
    """I-5: the other list of the two."""
    known = remark_codes()
    assert all(known.knows(code, TODAY) for code in ("M1", "M144", "MA01", "MA130", "N1", "N130", "N381"))
    assert not known.knows("X1", TODAY)


def test_lists_hold_numbers_and_dates_alone() -> None:
    """The texts are X12's: none is carried along."""
    for codes in (reason_codes(), remark_codes()):
        assert all(code.isalnum() and len(code) <= 5 for code in codes.spans)


@pytest.mark.parametrize("line", ["45", "45,1995-01-01", ",1995-01-01,", "45,1995-13-01,", "45,,,"])
def test_a_broken_list_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"line 2|month"):
        parse_codes(["code,valid_from,valid_to", line])


def test_a_code_told_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_codes(["45,,", "45,1995-01-01,"])
