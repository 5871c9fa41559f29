"""Blind-index tokens of a person: keyed, one way, by which a sealed identity is found. Pure.

A token is 64 bits of an HMAC under a key of the practice, which follows from the program's secret key and is not in the
database. What is tokenised, and what that tells somebody who has the database and not the key, stands in README.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from sinks.linking.compare import sound
from sinks.linking.nicknames import long_forms
from sinks.linking.normal_form import NormalForm

RULES: Final = 2
"""Counts changes of what is tokenised or printed: rows of another number are made anew."""
MOST_WORDS: Final = 3
"""Of a first and of a last name: the fourth name finds nobody whom the first three do not."""
MOST_TOKENS: Final = 120
PREFIX: Final = 3
START: Final = 2
_PURPOSE: Final = b"writeback patient search\0"


class TokenKeys:
    """Of a program: its active key, which makes tokens, and the retired ones, under which older rows still stand."""

    def __init__(self, active: bytes, retired: Iterable[bytes] = ()) -> None:
        self._keys = (active, *retired)
        self.made_by = _made_by(active)

    def tokens(self, practice_id: str, words: Iterable[str]) -> list[int]:
        """What is stored: under the active key, in an order that says nothing of what they are."""
        return sorted(set(_tokens(self._keys[0], practice_id, words)))[:MOST_TOKENS]

    def asked(self, practice_id: str, words: Sequence[str]) -> list[list[int]]:
        """For each word its tokens under every key."""
        found = zip(*(_tokens(key, practice_id, words) for key in self._keys), strict=True)
        return [[*each] for each in found]

    def __repr__(self) -> str:
        return f"TokenKeys({len(self._keys)} keys)"


def words_of(form: NormalForm) -> list[str]:
    """What is tokenised of a person: of each name its sound and its beginning, of first and last names together their
    sounds, letters and beginnings; birth date, telephones and their last four digits, addresses."""
    given, family = _given_names(form), form.family.words[:MOST_WORDS]
    found: dict[str, None] = {}
    for name in (*given, *family):
        found |= dict.fromkeys((sounds_like(name), begins_with(name)))
    for first in given:
        for last in family:
            found |= dict.fromkeys(pairs(first, last))
    found |= dict.fromkeys(_others(form))
    return list(found)


def exact_words_of(form: NormalForm) -> list[str]:
    """Those of `words_of` that few patients share: for candidates to link, not for a person's search."""
    given, family = _given_names(form), form.family.words[:MOST_WORDS]
    joint = [each for first in given for last in family for each in pairs(first, last)]
    others = [each for each in _others(form) if not each.startswith("end ")]
    return list(dict.fromkeys((*others, *joint)))


def sounds_like(name: str) -> str:
    return f"sound {sound(name)}"


def begins_with(name: str) -> str:
    return f"start {name[:PREFIX]}"


def pairs(one: str, other: str) -> Iterator[str]:
    """Two names in either order: by sound, by their letters whatever the order, by one and the other's beginning."""
    yield _pair("sounds", sound(one), sound(other))
    yield _pair("letters", "".join(sorted(one)), "".join(sorted(other)))
    yield f"name {one} {other[:START]}"
    yield f"name {other} {one[:START]}"


def born_on(day: date) -> str:
    return f"born {day.isoformat()}"


def phone_is(phone: str) -> str:
    return f"phone {phone}"


def phone_ends(digits: str) -> str:
    return f"end {digits[-4:]}"


def email_is(email: str) -> str:
    return f"email {email}"


def _given_names(form: NormalForm) -> list[str]:
    """With the names for which a short form may stand, so that Bob and Robert have a token in common."""
    found: dict[str, None] = {}
    for name in form.given.words[:MOST_WORDS]:
        found |= dict.fromkeys((name, *sorted(long_forms(name))))
    return list(found)[: 2 * MOST_WORDS]


def _others(form: NormalForm) -> Iterator[str]:
    if form.born is not None:
        yield born_on(form.born)
    for phone in sorted(form.phones):
        yield phone_is(phone)
        yield phone_ends(phone)
    for email in sorted(form.emails):
        yield email_is(email)


def _pair(kind: str, one: str, other: str) -> str:
    first, last = sorted((one, other))
    return f"{kind} {first} {last}"


def _tokens(secret: bytes, practice_id: str, words: Iterable[str]) -> list[int]:
    key = hmac.digest(secret, _PURPOSE + practice_id.encode(), hashlib.sha256)
    return [int.from_bytes(hmac.digest(key, word.encode(), hashlib.sha256)[:8], "big", signed=True) for word in words]


def _made_by(secret: bytes) -> int:
    """A name for key and rules, from 1 to 2**31 - 1. It tells nothing of the key."""
    named = hmac.digest(secret, _PURPOSE + b"name %d" % RULES, hashlib.sha256)
    return int.from_bytes(named[:4], "big") % (2**31 - 1) + 1
