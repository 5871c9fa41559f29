"""Adjustment codes as dated data (I-5)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.bookkeeping.adjustment_codes import CodeStatus, parse_codes, reason_codes, remark_codes

TODAY = date(2026, 3, 4)
IN_USE, STOPPED, NOT_YET, UNKNOWN, MALFORMED = CodeStatus


@pytest.mark.parametrize("code", ["1", "2", "3", "23", "45", "94", "97", "242", "277", "308", "A0", "B7", "P1", "P32"])
def test_codes_in_use(code: str) -> None:
    """I-5."""
    assert reason_codes().status(code, TODAY) is IN_USE


@pytest.mark.parametrize(
    ("code", "standing"),
    [("0", UNKNOWN), ("309", UNKNOWN), ("045", UNKNOWN), ("9999", MALFORMED), ("CO-45", MALFORMED), ("", MALFORMED)]
    + [(code, STOPPED) for code in ("W1", "D1", "A2", "17", "B5", "Y3")],
)
def test_codes_that_are_none_or_were_stopped(code: str, standing: CodeStatus) -> None:
    """I-5: never an error. A code that could be one may be younger than the list."""
    assert reason_codes().status(code, TODAY) is standing


def test_a_code_is_in_use_from_its_first_day_to_its_last() -> None:
    """I-5: W1 from 2000-02-29 until P12 took its place: the day it was stopped is the last that may name it."""
    days = [date(2000, 2, 28), date(2000, 2, 29), date(2014, 7, 1), date(2014, 7, 2)]
    assert [reason_codes().status("W1", day) for day in days] == [NOT_YET, IN_USE, IN_USE, STOPPED]
    assert (reason_codes().stopped("W1"), reason_codes().stopped("45")) == (date(2014, 7, 1), None)


@pytest.mark.parametrize(
    ("code", "on", "standing"),
    [
        ("N362", TODAY, IN_USE),
        ("MA130", TODAY, IN_USE),
        ("MA130", date(2001, 10, 11), NOT_YET),
        ("M118", TODAY, STOPPED),
        ("N102", date(2016, 7, 1), IN_USE),
        ("N102", date(2016, 7, 2), STOPPED),
        ("N411", TODAY, IN_USE),
        ("N940", TODAY, IN_USE),
        ("N941", TODAY, UNKNOWN),
        ("N813", TODAY, UNKNOWN),
        ("X1", TODAY, MALFORMED),
        ("n362", TODAY, MALFORMED),
    ],
)
def test_remark_codes_have_their_days_too(code: str, on: date, standing: CodeStatus) -> None:
    """I-5: N411 was stopped for years and given out again; N813 never was."""
    assert remark_codes().status(code, on) is standing


def test_the_lists_are_as_long_as_they_were_published() -> None:
    """I-5: 407 and 1216 codes on 2026-08-17. A list of another day has other numbers, and says so in its head."""
    assert (len(reason_codes().spans), len(remark_codes().spans)) == (407, 1216)
    ended = [sum(stop is not None for _, stop in codes().spans.values()) for codes in (reason_codes, remark_codes)]
    assert ended == [110, 79]


def test_lists_hold_numbers_and_dates_alone() -> None:
    """The texts are X12's: none is carried along."""
    for codes in (reason_codes(), remark_codes()):
        assert all(codes.shape.fullmatch(code) for code in codes.spans)


@pytest.mark.parametrize(
    "line", ["45", "45,1995-01-01", ",1995-01-01,", "45,1995-13-01,", "45,,,", "45,1996-01-01,1995-01-01"]
)
def test_a_broken_list_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"line 2|month"):
        parse_codes(["code,start,stop", line])


def test_a_code_reported_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_codes(["45,,", "45,1995-01-01,"])
