"""Tokens by which a patient is found whose identity is sealed, as a column of the mirror. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from sinks.linking.normal_form import NormalForm, normal_form
from sinks.linking.tokens import TokenKeys, words_of
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.targets.reading import Identity


def form_of(identity: Identity | UpstreamIdentity) -> NormalForm:
    """A stored identity, ready to be compared."""
    return normal_form(identity.given_name, identity.family_name, identity.birth_date, identity.phones, identity.emails)


_NO_DATE: Final = "print born "


class Prints(msgspec.Struct, frozen=True):
    """Keyed prints of a name and a birth date under every key, the active one first: they tell a change and no more."""

    names: list[int]
    dates: list[int]
    """Of no date too."""
    has_date: bool

    @property
    def name(self) -> int:
        return self.names[0]

    @property
    def date(self) -> int | None:
        """None: there is none, so that a date which becomes known is no change."""
        return self.dates[0] if self.has_date else None


def prints_of(keys: TokenKeys, practice_id: str, form: NormalForm) -> Prints:
    """Of one patient's record."""
    name = f"print name {form.given.exact} {form.family.exact} {form.suffix}"
    born = f"{_NO_DATE}{form.born.isoformat() if form.born else ''}"
    names, dates = keys.asked(practice_id, [name, born])
    return Prints(names, dates, form.born is not None)


def prints_columns(records: Iterable[tuple[str, str, Prints]]) -> dict[str, list[Any]]:
    """Parameters of `settle_links`: practice, number and prints of each record, once for each retired key."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("practice_ids", "ids", "names", "dates", "old_names", "old_dates")
    }
    for practice_id, number, prints in records:
        retired: list[tuple[int | None, int | None]] = [*zip(prints.names[1:], prints.dates[1:], strict=True)]
        for old_name, old_date in retired or [(None, None)]:
            values = (practice_id, number, prints.name, prints.date, old_name, old_date)
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
    return columns


def tokens_column(keys: TokenKeys, practice_id: str, identity: Identity | UpstreamIdentity) -> str:
    """As a literal of bigint[]: a list of lists of different lengths is no array of Postgres."""
    return f"{{{','.join(map(str, keys.tokens(practice_id, words_of(form_of(identity)))))}}}"
