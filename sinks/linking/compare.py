"""Compares two people, part by part, and scores how much alike they are. Pure.

The score ranks what a person is shown. It decides nothing: `decide` looks at the parts.
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final

import jellyfish
import msgspec
from rapidfuzz.distance import OSA, JaroWinkler

from sinks.linking.nicknames import may_be_one_name
from sinks.linking.normal_form import Name, NormalForm

ALIKE: Final = 0.88
"""Of Jaro-Winkler: one slip in a name of four letters or more lies above it, another name as a rule below."""


class Likeness(IntEnum):
    """How a part of two people compares."""

    DIFFERENT = 0
    UNKNOWN = 1
    ALIKE = 2
    """A slip of the pen, or it sounds the same."""
    RELATED = 3
    """A short form, or a part of the other."""
    SAME = 4


class DateLikeness(StrEnum):
    DIFFERENT = "DIFFERENT"
    UNKNOWN = "UNKNOWN"
    NEAR = "NEAR"
    """Day and month swapped, or one digit is another."""
    SAME = "SAME"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two people, part by part."""

    given: Likeness
    family: Likeness
    is_swapped: bool
    """First and last name stand in each other's place."""
    is_suffix_same: bool
    """Neither is a junior, or both are the same one."""
    born: DateLikeness
    phones: frozenset[str]
    emails: frozenset[str]
    """Those that both have."""
    score: float
    """0 to 100."""

    @property
    def is_name_same(self) -> bool:
        return self.given is Likeness.SAME and self.family is Likeness.SAME and self.is_suffix_same

    def __repr__(self) -> str:
        return f"Comparison(score={self.score:.0f})"


_NAME_POINTS: Final = {
    Likeness.DIFFERENT: 0.0,
    Likeness.UNKNOWN: 0.2,
    Likeness.ALIKE: 0.75,
    Likeness.RELATED: 0.8,
    Likeness.SAME: 1.0,
}
_DATE_POINTS: Final = {
    DateLikeness.DIFFERENT: 0.0,
    DateLikeness.UNKNOWN: 0.2,
    DateLikeness.NEAR: 0.6,
    DateLikeness.SAME: 1.0,
}
GIVEN, FAMILY, BORN, CONTACT = 28.0, 24.0, 30.0, 9.0
"""Points; a telephone and an address count each. A suffix that differs takes away SUFFIX."""
SUFFIX: Final = 15.0
SWAPPED: Final = 0.85


def compare(one: NormalForm, other: NormalForm) -> Comparison:
    given, family = likeness(one.given, other.given), likeness(one.family, other.family)
    swapped = (
        not (given is Likeness.SAME and family is Likeness.SAME)
        and one.given.is_same(other.family)
        and one.family.is_same(other.given)
    )
    born = date_likeness(one.born, other.born)
    phones, emails = one.phones & other.phones, one.emails & other.emails
    names = _NAME_POINTS[given] * GIVEN + _NAME_POINTS[family] * FAMILY
    if swapped:
        names = (GIVEN + FAMILY) * SWAPPED
    contacts = CONTACT * (bool(phones) + bool(emails))
    same_suffix = one.suffix == other.suffix
    score = names + _DATE_POINTS[born] * BORN + contacts - (0.0 if same_suffix else SUFFIX)
    return Comparison(
        given=given,
        family=family,
        is_swapped=swapped,
        is_suffix_same=same_suffix,
        born=born,
        phones=phones,
        emails=emails,
        score=max(0.0, min(100.0, score)),
    )


def likeness(one: Name, other: Name) -> Likeness:
    """Of first names or of last ones."""
    if not one.words or not other.words:
        return Likeness.UNKNOWN
    if one.is_same(other):
        return Likeness.SAME
    if set(one.words) & set(other.words) or _is_initial(one, other) or may_be_one_name(one.words[0], other.words[0]):
        return Likeness.RELATED
    return Likeness.ALIKE if _is_alike(one.joined, other.joined) else Likeness.DIFFERENT


def date_likeness(one: date | None, other: date | None) -> DateLikeness:
    if one is None or other is None:
        return DateLikeness.UNKNOWN
    if one == other:
        return DateLikeness.SAME
    swapped = one.year == other.year and one.month == other.day and one.day == other.month
    if swapped or OSA.distance(one.strftime("%Y%m%d"), other.strftime("%Y%m%d")) == 1:
        return DateLikeness.NEAR
    return DateLikeness.DIFFERENT


@lru_cache(maxsize=50_000)
def sound(word: str) -> str:
    """How a folded word sounds, by Metaphone; the word itself where it has no Latin letters."""
    return (jellyfish.metaphone(word) if word.isascii() else "") or word


@lru_cache(maxsize=50_000)
def _is_alike(one: str, other: str) -> bool:
    if JaroWinkler.normalized_similarity(one, other) >= ALIKE or OSA.distance(one, other) == 1:
        return True
    return sound(one) == sound(other)


def _is_initial(one: Name, other: Name) -> bool:
    """One is the other's first letter: "J." and "John"."""
    short, long = sorted((one.joined, other.joined), key=len)
    return len(short) == 1 and long.startswith(short)
