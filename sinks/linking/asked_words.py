"""What somebody typed to find a patient: words in any order, each read as what it can be. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec
from rapidfuzz.distance import JaroWinkler

from sinks.linking.compare import ALIKE, DateLikeness, date_likeness, sound
from sinks.linking.nicknames import long_forms
from sinks.linking.normal_form import NormalForm, email_form, fold, phone_form
from sinks.linking.tokens import (
    begins_with,
    born_on,
    email_is,
    pairs,
    phone_ends,
    phone_is,
    sounds_like,
)

MOST_WORDS: Final = 12
LONGEST: Final = 200
NATIONAL: Final = 10
"""Digits of a telephone without its country's: with an extension behind them they are still found."""
STRONG, WEAK = 4, 1
"""Weights of tokens: what few patients share, and what many do."""
_DATES: Final = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})[/.-](?P<d>\d{1,2})[/.-](?P<y>\d{4})"),
)
_PHONE: Final = re.compile(r"\+?[\d().\- ]{7,}")
_ENDS: Final = re.compile(r"\d{4}")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The words, sorted out. Never stored or logged."""

    names: tuple[str, ...] = ()
    """Folded."""
    births: tuple[date, ...] = ()
    """Of one text that can be two dates, both."""
    phones: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    """Four digits: perhaps a telephone's last."""
    emails: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """Words with a digit: perhaps the number of a patient or a member."""

    @property
    def parts(self) -> int:
        """How many things were said."""
        contacts = len(self.phones) + len(self.ends) + len(self.emails)
        return len(self.names) + bool(self.births) + contacts

    def __repr__(self) -> str:
        return f"Asked({self.parts} parts)"


def read_words(text: str) -> Asked:
    """From what was typed. A telephone may have spaces inside if nothing else has digits."""
    words = text[:LONGEST].replace(",", " ").split()[:MOST_WORDS]
    digits = [each for each in words if not any(letter.isalpha() for letter in each) and not _dates(each)]
    together = phone_form(" ".join(digits)) if len(digits) > 1 else ""
    names: list[str] = []
    births: list[date] = []
    phones, ends, emails, numbers = [together] if together else [], [], [], []
    for word in words:
        is_number = any(letter.isdigit() for letter in word) and "@" not in word
        numbers += [word] if is_number and not (together and word in digits) else []
        if dates := _dates(word):
            births += dates
        elif "@" in word:
            emails += [each for each in [email_form(word)] if each]
        elif _PHONE.fullmatch(word) and (phone := phone_form(word)):
            phones.append(phone)
        elif not together and _ENDS.fullmatch(word):
            ends.append(word)
        elif any(letter.isalpha() for letter in word) and not any(letter.isdigit() for letter in word):
            names += [each for each in (fold(part) for part in word.split("-")) if each]
    return Asked(
        names=tuple(names),
        births=tuple(births),
        phones=tuple(phones),
        ends=tuple(ends),
        emails=tuple(emails),
        numbers=tuple(numbers),
    )


def token_words(asked: Asked) -> dict[str, int]:
    """The words whose tokens are looked for, with their weights."""
    found: dict[str, int] = {}
    for day in asked.births:
        found |= dict.fromkeys(map(born_on, _slips(day)), WEAK)
        found[born_on(day)] = STRONG
    found |= {phone_is(each): STRONG for each in asked.phones} | {email_is(each): STRONG for each in asked.emails}
    found |= {phone_ends(each): STRONG if asked.names else WEAK for each in asked.ends}
    for one, other in itertools.combinations(asked.names, 2):
        for first, last in itertools.product(long_forms(one), long_forms(other)):
            found |= dict.fromkeys(pairs(first, last), STRONG)
    for name in asked.names:
        for each in (name, *sorted(long_forms(name))):
            found |= {sounds_like(each): WEAK}
        found |= {begins_with(name): WEAK} if len(name) > 2 else {}
    return found


def likeness_of(asked: Asked, form: NormalForm, phones: Iterable[str] = ()) -> float:
    """From 0 to 100: how well a patient answers what was asked, each part counting alike. `phones` as they are written:
    looking for digits in them costs a hundredth of their normal form."""
    if not asked.parts:
        return 0.0
    given = {each for name in form.given.words for each in long_forms(name)}
    names = [*given, *form.family.words, form.given.joined, form.family.joined]
    points = sum(max((_name_points(each, name) for name in names if name), default=0.0) for each in asked.names)
    if asked.births:
        points += max(_date_points(date_likeness(each, form.born)) for each in asked.births)
    if asked.phones or asked.ends:
        digits = ["".join(each for each in phone if each.isdigit()) for phone in phones]
        points += sum(any(each[-NATIONAL:] in phone for phone in digits) for each in asked.phones)
        points += sum(any(_ends_with(phone, each) for phone in digits) for each in asked.ends)
    points += sum(each in form.emails for each in asked.emails)
    return 100.0 * points / asked.parts


def _ends_with(phone: str, digits: str) -> bool:
    """An extension may stand behind the number."""
    return digits in (phone[-4:], phone[NATIONAL - 4 : NATIONAL], phone[NATIONAL - 3 : NATIONAL + 1])


def _name_points(asked: str, name: str) -> float:
    if asked == name:
        return 1.0
    if asked in long_forms(name) or name in long_forms(asked):
        return 0.9
    if len(asked) > 1 and name.startswith(asked):
        return 0.9
    alike = JaroWinkler.normalized_similarity(asked, name)
    if alike >= ALIKE:
        return alike * 0.9
    return 0.7 if sound(asked) == sound(name) else 0.0


def _date_points(found: DateLikeness) -> float:
    return {DateLikeness.SAME: 1.0, DateLikeness.NEAR: 0.6}.get(found, 0.0)


def _dates(word: str) -> list[date]:
    """The dates that a word can be: month first, as in the United States, and day first."""
    for form in _DATES:
        if found := form.fullmatch(word):
            year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
            possible = {(month, day)} if form is _DATES[0] else {(month, day), (day, month)}
            return [each for m, d in sorted(possible) if (each := _day(year, m, d)) is not None]
    return []


def _slips(day: date) -> list[date]:
    """Day and month swapped."""
    swapped = _day(day.year, day.day, day.month)
    return [swapped] if swapped is not None else []


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
