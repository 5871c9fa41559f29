"""Stores contacts: who at a practice, or in a group of practices, gets notices, of what and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from enum import StrEnum
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from schemas.vocabulary import ContactRole, Timing
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import Source, fetch_all, fetch_value

_SQL: Final = named_queries("sinks.ledger.practices", "contacts.sql")
Cursor = psycopg.Cursor[TupleRow]
MOST_CONTACTS: Final = 20
"""More people at one practice, or in one group, read a digest that is posted on the wall."""


class OwnerKind(StrEnum):
    PRACTICE = "practice"
    ORGANISATION = "organisation"


class Owner(msgspec.Struct, frozen=True):
    """Whose contact it is."""

    kind: OwnerKind
    id: str


class StoredContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as people set it; its secret address, if it has one, stays sealed in the ledger."""

    channel: str
    address: str
    name: str | None = None
    roles: tuple[ContactRole, ...] = tuple(ContactRole)
    timings: Mapping[str, Timing] = msgspec.field(default_factory=dict)
    digest: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: str | None = None
    escalate_after: timedelta = timedelta(0)


def contacts_of(source: Source, owner: Owner) -> list[StoredContact]:
    """A practice's or a group's own contacts. Blocks for one statement."""
    parameters = {"owner": owner.id, "most": MOST_CONTACTS}
    return fetch_all(source, StoredContact, _SQL[f"contacts_of_{owner.kind}"], parameters)


def put_contact(cursor: Cursor, owner: Owner, contact: StoredContact, endpoint: bytes | None = None) -> None:
    """Add a contact, or change the one of that address. The caller holds the owner's lock. `endpoint`: sealed; None
    keeps the one that is stored."""
    parameters = msgspec.structs.asdict(contact) | {
        "owner": owner.id,
        "endpoint": endpoint,
        "roles": [each.value for each in contact.roles],
        "timings": Jsonb(dict(contact.timings)),
    }
    cursor.execute(_SQL[f"put_{owner.kind}_contact"], parameters)


def remove_contact(cursor: Cursor, owner: Owner, address: str) -> None:
    """The caller holds the owner's lock."""
    cursor.execute(_SQL[f"remove_{owner.kind}_contact"], {"owner": owner.id, "address": address})


def lock_organisation(cursor: Cursor, organisation_id: str) -> None:
    """To the end of the transaction. Blocks for the lock."""
    cursor.execute(_SQL["lock_organisation"], {"owner": organisation_id})


def organisation_of(source: Source, practice_id: str) -> str | None:
    """The group of a practice, None where it has none. Blocks for one statement."""
    found: str | None = fetch_value(source, _SQL["organisation_of"], {"owner": practice_id})
    return found
