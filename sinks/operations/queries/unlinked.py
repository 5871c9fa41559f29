"""References without a link: those whose entries wait for one, and those whom the upstream has named."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_values
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice

STRETCH: Final = 2_000
"""References of one statement: 1 MB of identities."""
MOST_LOOKED_AT: Final = 100_000
"""References of one page: then it says where the next one begins."""
MOST_NUMBERS: Final = 10

_SQL: Final = named_queries("sinks.operations.queries", "unlinked.sql")


class Unlinked(msgspec.Struct, frozen=True, kw_only=True):
    """A reference without a link. `identity` None: the upstream has not said who that is, or it cannot be opened."""

    patient_ref: str
    identity: bytes | None
    waiting: int = 0
    """Entries that wait for the link."""
    since: datetime | None = None
    merged: bool = False
    """The upstream has merged it into another: a person says what becomes of it."""

    def __repr__(self) -> str:
        return f"Unlinked({self.patient_ref!r})"


class UnlinkedPage(msgspec.Struct, frozen=True, kw_only=True):
    found: tuple[Unlinked, ...]
    next_after: str | None
    """Where the next page begins; None: this was the last one, or those that wait fill it by themselves."""


class NamedReference(msgspec.Struct, frozen=True, kw_only=True):
    patient_ref: str
    identity: bytes | None
    merged_into: str | None
    linked: str | None

    def __repr__(self) -> str:
        return f"NamedReference({self.patient_ref!r})"


class _Waiting(msgspec.Struct, frozen=True, kw_only=True):
    patient_ref: str
    waiting: int
    since: datetime


class _Stretch(msgspec.Struct, frozen=True, kw_only=True):
    patient_ref: str
    identity: bytes | None
    settled: bool


class UnlinkedStretch(msgspec.Struct, frozen=True, kw_only=True):
    found: tuple[Unlinked, ...]
    next_after: str | None
    """None: there are no more references."""


def waiting_for_a_link(ledger: Ledger, practice_id: str, *, most: int) -> tuple[Unlinked, ...]:
    """Those whose entries wait, longest first. Blocks for two statements."""
    rows = fetch_all(ledger.connection, _Waiting, _SQL["waiting"], {"practice_id": practice_id, "most": most})
    refs = [each.patient_ref for each in rows]
    known = {each.patient_ref: each for each in named_references(ledger, practice_id, refs)}
    return tuple(
        Unlinked(
            patient_ref=each.patient_ref,
            identity=known[each.patient_ref].identity if each.patient_ref in known else None,
            waiting=each.waiting,
            since=each.since,
            merged=each.patient_ref in known and known[each.patient_ref].merged_into is not None,
        )
        for each in rows
    )


def unlinked_stretch(ledger: Ledger, practice_id: str, *, after: str, most: int) -> UnlinkedStretch:
    """Those without a link among the next `most` references whom the upstream has named. Blocks for one statement."""
    given = {"practice_id": practice_id, "after": after, "most": most}
    rows = fetch_all(ledger.connection, _Stretch, _SQL["stretch"], given)
    return UnlinkedStretch(
        found=tuple(Unlinked(patient_ref=row.patient_ref, identity=row.identity) for row in rows if not row.settled),
        next_after=rows[-1].patient_ref if len(rows) == most else None,
    )


def unlinked_page(ledger: Ledger, practice_id: str, *, after: str, most: int) -> UnlinkedPage:
    """References without a link in their order; the first page begins with those whose entries wait, longest first.

    Merged references are settled: the one that was kept is linked. Blocks for a statement per STRETCH references.
    ConfigurationError for an unknown practice.
    """
    check_practice(ledger.connection, practice_id)
    first = waiting_for_a_link(ledger, practice_id, most=most)
    waiting = {each.patient_ref for each in first}
    found = [*first] if not after else []
    looked_at = 0
    place: str | None = after
    while place is not None and len(found) < most and looked_at < MOST_LOOKED_AT:
        stretch = unlinked_stretch(ledger, practice_id, after=place, most=STRETCH)
        looked_at += STRETCH
        place = stretch.next_after
        for each in stretch.found:
            if each.patient_ref in waiting:
                continue
            found.append(each)
            if len(found) == most:
                place = each.patient_ref
                break
    return UnlinkedPage(found=tuple(found[:most]), next_after=place or None)


def named_references(ledger: Ledger, practice_id: str, refs: list[str]) -> list[NamedReference]:
    """Of these references those whom the upstream has named. Blocks for one statement."""
    given = {"practice_id": practice_id, "patient_refs": refs}
    return fetch_all(ledger.connection, NamedReference, _SQL["named"], given)


def own_numbers(ledger: Ledger, practice_id: str, patient_ref: str) -> frozenset[str]:
    """The reference's numbers in the practice's own system, as the upstream says. Blocks for one statement."""
    given = {"practice_id": practice_id, "patient_ref": patient_ref, "most": MOST_NUMBERS}
    return frozenset(fetch_values(ledger.connection, _SQL["own_numbers"], given))
