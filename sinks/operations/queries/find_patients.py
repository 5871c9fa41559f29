"""Finds patients of a practice and references of the upstream by words in any order, though who they are is sealed.

Tokens of the words find a bounded number of rows; those are opened, compared and ranked in memory, and forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.linking.asked_words import Asked, likeness_of, read_words, token_words
from sinks.linking.normal_form import normal_form
from sinks.linking.tokens import TokenKeys
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.sync.identities.store import upstream_owner
from sinks.sync.page_store import identity_owner
from sinks.targets.credentials import KeyRing
from sinks.targets.reading import Identity
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

EACH: Final = 150
"""Rows of one token that are looked at: of a frequent last name some, of two names together all as a rule."""
MOST_OPENED: Final = 60
"""Identities that one search opens, of each side."""
MOST_FOUND: Final = 20
LEAST: Final = 45.0
"""Likeness below which a row is not shown: of two words at least one is right."""

SQL: Final = named_queries("sinks.operations.queries", "find_patients.sql")


class Side(StrEnum):
    PRACTICE = "PRACTICE"
    """A patient of the practice's own system, from the mirror."""
    UPSTREAM = "UPSTREAM"
    """A reference, as `patients.v1` says."""


class SealedPatient(msgspec.Struct, frozen=True, kw_only=True):
    """A row that tokens or a number have found."""

    patient_id: str
    identity: bytes
    in_use: bool
    linked: str | None
    """The other side of its link."""
    merged_into: str | None
    crowded: bool
    """Of one token there are more rows than were looked at."""

    def __repr__(self) -> str:
        return f"SealedPatient({self.patient_id!r})"


class FoundPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person who answers a search. For the person who asked: never stored, logged or published."""

    side: Side
    id: str
    name: str
    birth_date: date | None
    in_use: bool
    linked: str | None
    merged_into: str | None
    likeness: int
    """0 to 100; 100 where the number was given."""

    def __repr__(self) -> str:
        return f"FoundPerson({self.side.value})"


class PeopleFound(msgspec.Struct, frozen=True, kw_only=True):
    people: tuple[FoundPerson, ...]
    more: bool
    """There may be others: the words are too frequent, or too many people answer them."""


class SearchKeys(msgspec.Struct, frozen=True):
    """What opens identities, and what makes tokens. Holds key material: never printed."""

    seal: KeyRing
    tokens: TokenKeys

    @classmethod
    def of(cls, settings: ProgramSettings) -> SearchKeys:
        """ConfigurationError where the program's secret key is missing or bad."""
        return cls(KeyRing.of(settings), TokenKeys(settings.secret(), settings.retired_secrets()))


@sees(View.PATIENTS)
def find_people(ledger: Ledger, keys: SearchKeys, practice_id: str, text: str) -> PeopleFound:
    """People whom the words may mean, the likeliest first, at most MOST_FOUND. Blocks for five statements at most.

    ConfigurationError for an unknown practice, and for words that say nothing; SecretUnreadableError where what is
    stored was sealed under a key that is not set here.
    """
    check_practice(ledger.connection, practice_id)
    asked = read_words(text)
    if not (asked.parts or asked.numbers):
        raise ConfigurationError(
            "give a name, birth date, telephone, e-mail or number: in any order, parts of them too"
        )
    found: dict[tuple[Side, str], FoundPerson] = {}
    crowded = False
    for side, by_tokens, by_number in (
        (Side.PRACTICE, "mirrored", "mirrored_by_number"),
        (Side.UPSTREAM, "known", "known_by_number"),
    ):
        rows = sealed_by_words(ledger, keys, practice_id, token_words(asked), query=by_tokens)
        crowded = crowded or any(each.crowded for each in rows)
        for row in rows:
            one = _person(keys, practice_id, side, row, asked)
            if one.likeness >= LEAST:
                found[side, one.id] = one
        for row in _by_number(ledger, practice_id, asked, by_number):
            one = _person(keys, practice_id, side, row, asked)
            found[side, one.id] = msgspec.structs.replace(one, likeness=100)
    ranked = sorted(found.values(), key=lambda each: (-each.likeness, not each.in_use, each.side, each.name, each.id))
    return PeopleFound(people=tuple(ranked[:MOST_FOUND]), more=crowded or len(ranked) > MOST_FOUND)


def sealed_by_words(
    ledger: Ledger,
    keys: SearchKeys,
    practice_id: str,
    words: Mapping[str, int],
    *,
    query: str = "mirrored",
    each: int = EACH,
    most: int = MOST_OPENED,
) -> list[SealedPatient]:
    """Rows by the tokens of weighted words, those with most weight first. Blocks for one statement."""
    if not words:
        return []
    tokens: list[int] = []
    weights: list[int] = []
    for of_word, weight in zip(keys.tokens.asked(practice_id, list(words)), words.values(), strict=True):
        tokens += of_word
        weights += [weight] * len(of_word)
    given = {"practice_id": practice_id, "tokens": tokens, "weights": weights, "each": each, "most": most}
    return fetch_all(ledger.connection, SealedPatient, SQL[query], given)


def opened(keys: SearchKeys, practice_id: str, side: Side, row: SealedPatient) -> Identity | UpstreamIdentity:
    """Who a row is. SecretUnreadableError where its key is not set here."""
    if side is Side.PRACTICE:
        plain = keys.seal.open(practice_id, identity_owner(row.patient_id), row.identity)
        return msgspec.json.decode(plain, type=Identity)
    plain = keys.seal.open(practice_id, upstream_owner(row.patient_id), row.identity)
    return msgspec.json.decode(plain, type=UpstreamIdentity)


def full_name(identity: Identity | UpstreamIdentity) -> str:
    return " ".join(part for part in (identity.given_name, identity.family_name) if part)


def _person(keys: SearchKeys, practice_id: str, side: Side, row: SealedPatient, asked: Asked) -> FoundPerson:
    identity = opened(keys, practice_id, side, row)
    emails = identity.emails if asked.emails else ()
    form = normal_form(identity.given_name, identity.family_name, identity.birth_date, (), emails)
    return FoundPerson(
        side=side,
        id=row.patient_id,
        name=full_name(identity),
        birth_date=identity.birth_date,
        in_use=row.in_use,
        linked=row.linked,
        merged_into=row.merged_into,
        likeness=round(likeness_of(asked, form, identity.phones)),
    )


def _by_number(ledger: Ledger, practice_id: str, asked: Asked, query: str) -> list[SealedPatient]:
    if not asked.numbers:
        return []
    given = {"practice_id": practice_id, "numbers": list(asked.numbers), "most": MOST_FOUND}
    return fetch_all(ledger.connection, SealedPatient, SQL[query], given)
