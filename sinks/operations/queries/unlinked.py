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


def unlinked_page(ledger: Ledger, practice_id: str, *, after: str, most: int) -> UnlinkedPage:
    """References without a link in their order; the first page begins with those whose entries wait, longest first.

    Merged references are settled: the one that was kept is linked. Blocks for a statement per STRETCH references.
    ConfigurationError for an unknown practice.
    """
    check_practice(ledger.connection, practice_id)
    key = {"practice_id": practice_id}
    waiting = {
        each.patient_ref: each for each in fetch_all(ledger.connection, _Waiting, _SQL["waiting"], key | {"most": most})
    }
    found: list[Unlinked] = []
    if not after:
        known = {each.patient_ref: each for each in named_references(ledger, practice_id, list(waiting))}
        for ref, each in waiting.items():
            identity = known[ref].identity if ref in known else None
            found.append(Unlinked(patient_ref=ref, identity=identity, waiting=each.waiting, since=each.since))
    looked_at = 0
    place: str | None = after
    while place is not None and len(found) < most and looked_at < MOST_LOOKED_AT:
        rows = fetch_all(ledger.connection, _Stretch, _SQL["stretch"], key | {"after": place, "most": STRETCH})
        looked_at += len(rows)
        place = rows[-1].patient_ref if len(rows) == STRETCH else None
        for row in rows:
            if row.settled or row.patient_ref in waiting:
                continue
            found.append(Unlinked(patient_ref=row.patient_ref, identity=row.identity))
            if len(found) == most:
                place = row.patient_ref
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
