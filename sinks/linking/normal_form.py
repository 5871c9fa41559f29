"""Brings names, dates, telephones and addresses of a person into one form, so that they can be compared. Pure.

Equal means equal whatever the office's hand: case, hyphens, titles, punctuation, how a telephone is typed. What stands
for nothing (a placeholder, an impossible telephone) is nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec
import phonenumbers

REGION: Final = "US"
"""Of a telephone without a country code. Canada shares the plan."""
LONGEST: Final = 200
"""Characters of a name that are looked at."""
EARLIEST: Final = date(1902, 1, 1)
"""Whoever was born before is older than anybody: 1900-01-01 and the like stand for a date that nobody knows."""

SUFFIXES: Final = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr",
    "ii": "ii", "2nd": "ii", "iii": "iii", "3rd": "iii", "iv": "iv", "4th": "iv",
}  # fmt: skip
TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "rev", "mx"})
_NO_NAMES: Final = """
na none unknown unk test testpatient patient new newpatient baby babyboy babygirl boy girl newborn infant child twin
twina twinb babya babyb tbd noname xxx x
"""
_NO_MAILBOXES: Final = """
none noemail no na n.a nomail declined refused unknown x xx xxx test email mail noone nobody noreply no-reply donotreply
notprovided asdf abc patient
"""
NO_NAMES: Final = frozenset(_NO_NAMES.split())
NO_MAILBOXES: Final = frozenset(_NO_MAILBOXES.split())


class Name(msgspec.Struct, frozen=True):
    """A part of a name. Empty where nothing of it is known."""

    words: tuple[str, ...] = ()
    """Folded: lower case, without accents and punctuation."""
    exact: str = ""
    """One word, with its accents."""

    @property
    def joined(self) -> str:
        return "".join(self.words)

    def is_same(self, other: Name) -> bool:
        """Accents count: there are brothers Minh and Mính."""
        return bool(self.exact) and self.exact == other.exact


class NormalForm(msgspec.Struct, frozen=True, kw_only=True):
    """A person, ready to be compared. Never stored or logged."""

    given: Name = Name()
    family: Name = Name()
    suffix: str = ""
    born: date | None = None
    phones: frozenset[str] = frozenset()
    """As E.164."""
    emails: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "NormalForm()"


def normal_form(
    given: str, family: str, born: date | None, phones: Iterable[str] = (), emails: Iterable[str] = ()
) -> NormalForm:
    """The normal form of what an office wrote. Never raises for a text."""
    first, of_first = _without_suffix(_words(given))
    last, of_last = _without_suffix(_words(family))
    while len(first) > 1 and _fold(first[0]) in TITLES:
        first = first[1:]
    return NormalForm(
        given=_name(first),
        family=_name(last),
        suffix=of_last or of_first,
        born=born if born is not None and born >= EARLIEST else None,
        phones=frozenset(each for each in map(phone_form, phones) if each),
        emails=frozenset(each for each in map(email_form, emails) if each),
    )


def phone_form(text: str) -> str:
    """A telephone as E.164 without its extension; empty for what can be no telephone."""
    try:
        number = phonenumbers.parse(text[:LONGEST], REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    number.extension = None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_form(text: str) -> str:
    """A mailbox in lower case, without what follows a plus; empty for a placeholder and for what is none."""
    mailbox, at, domain = text.strip().lower()[: LONGEST * 2].rpartition("@")
    mailbox = mailbox.partition("+")[0]
    if not (mailbox and at and "." in domain) or mailbox in NO_MAILBOXES:
        return ""
    if domain in ("gmail.com", "googlemail.com"):
        mailbox, domain = mailbox.replace(".", ""), "gmail.com"
    return f"{mailbox}@{domain}"


def fold(text: str) -> str:
    """One word, lower case, letters and digits alone, without accents."""
    return "".join(_fold(word) for word in _words(text))


def _words(text: str) -> list[str]:
    """Split at spaces and at what joins words; an apostrophe or a full stop is no letter and splits nothing."""
    out = []
    for character in unicodedata.normalize("NFC", text[:LONGEST]).casefold():
        if character.isalnum() or unicodedata.category(character).startswith("M"):
            out.append(character)
        elif character in " \t-‐‑–_/,&\u00a0":
            out.append(" ")
    return "".join(out).split()


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word)
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


def _without_suffix(words: list[str]) -> tuple[list[str], str]:
    if len(words) > 1 and (suffix := SUFFIXES.get(words[-1])):
        return words[:-1], suffix
    return words, ""


def _name(words: list[str]) -> Name:
    folded = tuple(_fold(word) for word in words)
    if "".join(folded) in NO_NAMES:
        return Name()
    return Name(folded, "".join(words))
