"""Links beside who both sides are: whether somebody has seen that each is right, and what has changed since (L-7)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import Source, fetch_all, fetch_one
from sinks.linking.decide import Candidate, describe
from sinks.linking.normal_form import NormalForm
from sinks.linking.reasons import Reason
from sinks.operations.ledger import Ledger
from sinks.operations.queries.find_patients import SearchKeys, full_name
from sinks.operations.queries.link_suggestions import upstream_identity
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.sync.page_store import identity_owner
from sinks.sync.patient_tokens import form_of, prints_of
from sinks.targets.reading import Identity

SQL: Final = named_queries("sinks.operations.queries", "links_seen.sql")
STRETCH: Final = 500
MOST_LOOKED_AT: Final = 20_000
"""Links of one page: then it says where the next one begins."""


class LinkStanding(StrEnum):
    """How a link stands, what is worst first."""

    NOT_IN_USE = "NOT_IN_USE"
    """The record is archived, merged or deleted in the practice's system."""
    NAME_AND_BIRTH_DATE_CHANGED = "NAME_AND_BIRTH_DATE_CHANGED"
    """There, since it was linked or verified: perhaps another person has the number now. What is posted waits."""
    BIRTH_DATE_CHANGED = "BIRTH_DATE_CHANGED"
    NAME_CHANGED = "NAME_CHANGED"
    NOT_READ = "NOT_READ"
    """The number is not in what was read of the practice's system."""
    NOT_VERIFIED = "NOT_VERIFIED"
    VERIFIED = "VERIFIED"


class SeenLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link, with both sides. For the person who looks: never stored, logged or published."""

    patient_ref: str
    pms_patient_id: str
    linked_by: str
    verified_at: datetime | None
    verified_by: str | None
    standing: LinkStanding
    name: str
    birth_date: date | None
    name_there: str
    birth_date_there: date | None
    reasons: tuple[Reason, ...]
    """What of the two sides is the same; empty where one of them is not known."""

    def __repr__(self) -> str:
        return f"SeenLink({self.standing.value})"


class SeenLinks(msgspec.Struct, frozen=True, kw_only=True):
    links: tuple[SeenLink, ...]
    next_after: str | None


class SealedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is stored, who both sides are sealed."""

    patient_ref: str
    pms_patient_id: str
    linked_by: str
    verified_at: datetime | None
    verified_by: str | None
    name_print: int | None
    date_print: int | None
    there: bytes | None
    in_use: bool | None
    known: bytes | None
    merged_into: str | None

    def __repr__(self) -> str:
        return f"SealedLink({self.patient_ref!r})"


@sees(View.PATIENTS)
def links_to_verify(ledger: Ledger, keys: SearchKeys, practice_id: str, *, after: str, most: int) -> SeenLinks:
    """Links that nobody has verified, or of which something has changed since, by reference. Blocks for a statement per
    STRETCH links. ConfigurationError for an unknown practice."""
    check_practice(ledger.connection, practice_id)
    found: list[SeenLink] = []
    place: str | None = after
    looked_at = 0
    while place is not None and len(found) < most and looked_at < MOST_LOOKED_AT:
        given = {"practice_id": practice_id, "after": place, "most": STRETCH}
        rows = fetch_all(ledger.connection, SealedLink, SQL["links"], given)
        looked_at += len(rows)
        place = rows[-1].patient_ref if len(rows) == STRETCH else None
        for row in rows:
            seen = seen_link(keys, practice_id, row)
            if seen.standing is LinkStanding.VERIFIED:
                continue
            found.append(seen)
            if len(found) == most:
                place = row.patient_ref
                break
    return SeenLinks(links=tuple(found), next_after=place)


def stored_link(source: Source, practice_id: str, patient_ref: str) -> SealedLink | None:
    """Blocks for one statement."""
    return fetch_one(source, SealedLink, SQL["link"], {"practice_id": practice_id, "patient_ref": patient_ref})


def seen_link(keys: SearchKeys, practice_id: str, row: SealedLink) -> SeenLink:
    """Opened. SecretUnreadableError where its key is not set here."""
    known = upstream_identity(keys, practice_id, row.patient_ref, row.known)
    there = there_of(keys, practice_id, row)
    reasons: tuple[Reason, ...] = ()
    if known is not None and there is not None:
        candidate = Candidate(pms_patient_id=row.pms_patient_id, form=form_of(there), in_use=row.in_use is not False)
        reasons = describe(form_of(known), candidate).reasons
    return SeenLink(
        patient_ref=row.patient_ref,
        pms_patient_id=row.pms_patient_id,
        linked_by=row.linked_by,
        verified_at=row.verified_at,
        verified_by=row.verified_by,
        standing=_standing(keys, practice_id, row, None if there is None else form_of(there)),
        name="" if known is None else full_name(known),
        birth_date=None if known is None else known.birth_date,
        name_there="" if there is None else full_name(there),
        birth_date_there=None if there is None else there.birth_date,
        reasons=reasons,
    )


def there_of(keys: SearchKeys, practice_id: str, row: SealedLink) -> Identity | None:
    """Who the patient is in the practice's system, as last read."""
    if row.there is None:
        return None
    plain = keys.seal.open(practice_id, identity_owner(row.pms_patient_id), row.there)
    return msgspec.json.decode(plain, type=Identity)


def _standing(keys: SearchKeys, practice_id: str, row: SealedLink, form: NormalForm | None) -> LinkStanding:
    if row.in_use is False:
        return LinkStanding.NOT_IN_USE
    if form is None:
        return LinkStanding.NOT_READ
    now = prints_of(keys.tokens, practice_id, form)
    name_changed = row.name_print is not None and row.name_print not in now.names
    date_changed = row.date_print is not None and row.date_print not in now.dates
    if name_changed and date_changed:
        return LinkStanding.NAME_AND_BIRTH_DATE_CHANGED
    if row.verified_at is None:
        return LinkStanding.NOT_VERIFIED
    if name_changed:
        return LinkStanding.NAME_CHANGED
    return LinkStanding.BIRTH_DATE_CHANGED if date_changed else LinkStanding.VERIFIED
