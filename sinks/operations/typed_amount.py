"""Reads amounts that people and spreadsheets write, and refuses one that can be read in two ways. Pure."""

from __future__ import annotations

import re
from typing import Final

from schemas.bookkeeping.money import Money, MoneyError, parse_decimal

_LONGEST: Final = 30
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]{1,2})?|[.,][0-9]{1,2})")
_GROUPED: Final = re.compile(
    r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3})+\.[0-9]{1,2}|(?:\.[0-9]{3})+,[0-9]{1,2}|(?:,[0-9]{3}){2,}|(?:\.[0-9]{3}){2,})"
)
"""With thousands apart, and a mark that tells them from cents: one more of them, or another one before the cents."""
_DOUBTFUL: Final = re.compile(r"[+-]?[0-9]+[.,][0-9]{3}")
"""One mark with three digits behind it: 1,170 is 1170.00 to some and 1.17 to others."""


def typed_minor(text: str) -> int:
    """Minor units, with the sign that was written. Raises MoneyError whose text says what to write."""
    found = readings(text)
    if _DOUBTFUL.fullmatch(text) and found:
        meant = " or ".join(f"{Money(each).decimal():.2f}" for each in found)
        raise MoneyError(f"{text!r} can be read in two ways: write it with two decimals, {meant}")
    if not found:
        raise MoneyError(f"{text!r} is no amount: write it like 1170.00")
    return found[0]


def readings(text: str) -> tuple[int, ...]:
    """Each amount that the text may mean, in minor units; none where it is no amount."""
    if len(text) > _LONGEST:
        return ()
    if _DECIMAL.fullmatch(text):
        found = [text.replace(",", ".")]
    elif _GROUPED.fullmatch(text):
        whole, cents = (text, "") if len(set(re.findall("[.,]", text))) == 1 else re.split(r"[.,](?=[0-9]{1,2}$)", text)
        found = [f"{re.sub('[.,]', '', whole)}.{cents or '0'}"]
    elif _DOUBTFUL.fullmatch(text):
        found = [re.sub("[.,]", "", text), text.replace(",", ".")]
    else:
        return ()
    return tuple(minor for each in found if (minor := _minor(each)) is not None)


def _minor(text: str) -> int | None:
    """None for more decimals than cents have, or an amount beyond what is taken as real."""
    try:
        return parse_decimal(text).minor
    except MoneyError:
        return None
