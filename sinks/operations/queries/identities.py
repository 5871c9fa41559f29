"""Who a surrogate is, as the upstream says on `patients.v1`, by the surrogate or by a number in another system."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.sync.identities.store import upstream_owner
from sinks.targets.credentials import KeyRing
from streams.runtime.errors import ConfigurationError

MOST_FOUND: Final = 20
"""Patients of one number: it should name one."""
MOST_NUMBERS: Final = 20
"""Of one patient that are shown."""
COUNTED: Final = 20_000
"""Identities of a practice that are counted: more is said so."""

_SQL: Final = named_queries("sinks.operations.queries", "identities.sql")


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    asked: str
    patient_ref: str
    merged_into: str | None
    identity: bytes | None
    kid: str | None


class _Number(msgspec.Struct, frozen=True, kw_only=True):
    patient_ref: str
    system: str
    external_id: str


class KnownPatient(msgspec.Struct, frozen=True, kw_only=True):
    """A patient as the upstream knows it, for a person who links it. Never logged or published."""

    patient_ref: str
    """The surrogate that was kept, where records were merged."""
    merged_from: str | None
    """The surrogate that was asked for, where it is another one."""
    merged_into: str | None
    """A further one, of whom nothing is known."""
    name: str
    birth_date: date | None
    external_ids: tuple[tuple[str, str], ...]
    """System and number."""
    is_open: bool
    """False: the newest identity is encrypted to a key that is not set here, and what is shown may be older."""

    def __repr__(self) -> str:
        return f"KnownPatient(is_open={self.is_open})"


class IdentitiesKnown(msgspec.Struct, frozen=True, kw_only=True):
    """Of one practice, up to COUNTED."""

    known: int
    unopened: int
    """Their newest identity is encrypted to a key that is not set here."""


class IdentityReading(msgspec.Struct, frozen=True, kw_only=True):
    """How `patients.v1` is read."""

    read_at: datetime | None
    """None: it was never read."""
    partitions: int
    rebuilding: int


@sees(View.PATIENTS)
def find_known(ledger: Ledger, keys: KeyRing, practice_id: str, text: str) -> tuple[KnownPatient, ...]:
    """Patients whose surrogate, or whose number in any other system, is exactly this. Blocks for three statements.

    Raises ConfigurationError for an unknown practice and an empty text, SecretUnreadableError where what is stored was
    sealed under a key that is not set here.
    """
    check_practice(ledger.connection, practice_id)
    if not text.strip():
        raise ConfigurationError("give the surrogate, or the patient's number in another system")
    given = {"practice_id": practice_id, "id": text.strip(), "most": MOST_FOUND}
    found = fetch_all(ledger.connection, _Named, _SQL["named"], given)
    refs = {"practice_id": practice_id, "patient_refs": [each.patient_ref for each in found], "most": MOST_NUMBERS}
    numbers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in fetch_all(ledger.connection, _Number, _SQL["numbers"], refs) if found else ():
        if (row.system, row.external_id) not in numbers[row.patient_ref]:
            numbers[row.patient_ref].append((row.system, row.external_id))
    return tuple(_shown(each, keys, practice_id, numbers[each.patient_ref]) for each in found)


@sees(View.SETTINGS)
def identities_known(ledger: Ledger, practice_id: str) -> IdentitiesKnown:
    """How many patients of a practice the upstream has named. Blocks for one statement."""
    given = {"practice_id": practice_id, "most": COUNTED}
    found = fetch_one(ledger.connection, IdentitiesKnown, _SQL["counted"], given)
    return found or IdentitiesKnown(known=0, unopened=0)


@sees(View.HEALTH, practice=None)
def identity_reading(ledger: Ledger) -> IdentityReading:
    """How far `patients.v1` was read. Blocks for one statement."""
    found = fetch_one(ledger.connection, IdentityReading, _SQL["reading"])
    return found or IdentityReading(read_at=None, partitions=0, rebuilding=0)


def _shown(found: _Named, keys: KeyRing, practice_id: str, numbers: list[tuple[str, str]]) -> KnownPatient:
    identity = UpstreamIdentity()
    if found.identity is not None:
        plain = keys.open(practice_id, upstream_owner(found.patient_ref), found.identity)
        identity = msgspec.json.decode(plain, type=UpstreamIdentity)
    return KnownPatient(
        patient_ref=found.patient_ref,
        merged_from=None if found.asked == found.patient_ref else found.asked,
        merged_into=found.merged_into,
        name=" ".join(part for part in (identity.given_name, identity.family_name) if part),
        birth_date=identity.birth_date,
        external_ids=tuple(numbers),
        is_open=found.kid is None,
    )
