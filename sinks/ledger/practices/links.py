"""Links a patient reference to a patient of the PMS, as staff say (L-6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.validation.limits import ID_LENGTH
from schemas.vocabulary import EntryKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.fetch import fetch_all, fetch_value, fetch_values
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from sinks.ledger.waiting.reevaluate import reevaluate
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

PMS_ID_LENGTH: Final = 64
"""Of a number or key that a practice management system gives."""
_SQL: Final = named_queries("sinks.ledger.practices")


def link(
    connection: psycopg.Connection[TupleRow],
    practice_id: str,
    patient_ref: str,
    pms_patient_id: str,
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
) -> int:
    """Link a patient and release what waited for it; returns how many effects went on. Blocks.

    1. lock the practice. 2. write the link. 3. audit. 4. re-evaluate in later statements (law 8). Posted entries do not
    move when a link changes (E-12). ConfigurationError for an unknown practice or an id that cannot be.
    """
    lengths = (("PATIENT_REF", patient_ref, ID_LENGTH), ("PMS_PATIENT_ID", pms_patient_id, PMS_ID_LENGTH))
    for name, value, most in lengths:
        if not (1 <= len(value) <= most and value.isascii() and value.isprintable()):
            raise ConfigurationError(f"{name}: an id has 1 to {most} printable ASCII characters")
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        key = {"practice_id": practice_id, "patient_ref": patient_ref}
        before = fetch_value(unit.cursor, _SQL["link_of"], key)
        return _write(
            unit,
            patient_ref,
            saving,
            before=None if before is None else {"pms_patient_id": before},
            after={"pms_patient_id": pms_patient_id},
        )


def link_by_itself(
    connection: psycopg.Connection[TupleRow],
    practice_id: str,
    patient_ref: str,
    pms_patient_id: str,
    saving: Saving,
    *,
    reasons: Sequence[str],
    clock: Clock,
    jitter_s: int,
) -> int | None:
    """Link without a person, as `link`, where under the practice's lock that may still be; None: it may not. Blocks.

    It may not where the practice does not allow it, the reference has a link by now, a person took its link away, or
    the patient is not in use or is somebody else's. `reasons` go to the audit trail. ConfigurationError for a practice
    that nobody added.
    """
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        wanted = {patient_ref: pms_patient_id}
        allowed = may_link_itself(unit.cursor, practice_id)
        if not allowed or not linkable(unit.cursor, practice_id, wanted, by_itself=True):
            return None
        after = {"pms_patient_id": pms_patient_id, "reasons": list(reasons)}
        return _write(unit, patient_ref, saving, before=None, after=after)


def _write(
    unit: UnitOfWork,
    patient_ref: str,
    saving: Saving,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> int:
    """The link, who made it, and what waited for it."""
    written = {"practice_id": unit.practice_id, "patient_ref": patient_ref, "pms_patient_id": after["pms_patient_id"]}
    unit.cursor.execute(_SQL["put_link"], written | {"actor": saving.actor, "now": unit.at})
    unit.audit("patient.link", actor=saving.actor, why=saving.reason, subject=patient_ref, before=before, after=after)
    return reevaluate(unit, patient_ref=patient_ref)


def unlink(
    connection: psycopg.Connection[TupleRow],
    practice_id: str,
    patient_ref: str,
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
) -> str:
    """Forget a link; returns the number that it named. What is still to be sent waits for another, which a person
    makes: no link of this reference is made by itself any more. Blocks.

    ConfigurationError for an unknown practice or a patient that is not linked.
    """
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        key = {"practice_id": practice_id, "patient_ref": patient_ref}
        former: str | None = fetch_value(unit.cursor, _SQL["remove_link"], key)
        if former is None:
            raise ConfigurationError(f"{patient_ref} is not linked at {practice_id}: see `writeback link list`")
        taken = key | {"pms_patient_id": former, "actor": saving.actor, "now": unit.at}
        unit.cursor.execute(_SQL["take_link_away"], taken)
        unit.audit(
            "patient.unlink",
            actor=saving.actor,
            why=saving.reason,
            subject=patient_ref,
            before={"pms_patient_id": former},
        )
        reevaluate(unit, patient_ref=patient_ref)
        return former


def linked_number(cursor: psycopg.Cursor[TupleRow], practice_id: str, patient_ref: str) -> str | None:
    """To whom a reference is linked. Blocks for one statement."""
    found: str | None = fetch_value(cursor, _SQL["link_of"], {"practice_id": practice_id, "patient_ref": patient_ref})
    return found


def may_link_itself(cursor: psycopg.Cursor[TupleRow], practice_id: str) -> bool:
    """Whether the practice lets references be linked where the rules are sure. Blocks for one statement."""
    return bool(fetch_value(cursor, _SQL["may_link_itself"], {"practice_id": practice_id}))


def linkable(
    cursor: psycopg.Cursor[TupleRow], practice_id: str, wanted: Mapping[str, str], *, by_itself: bool
) -> list[str]:
    """Those references that have no link, whose patient is in use and linked to nobody; `by_itself`: and whose link no
    person took away. Blocks for one statement."""
    given = {
        "practice_id": practice_id,
        "patient_refs": list(wanted),
        "numbers": list(wanted.values()),
        "by_itself": by_itself,
    }
    found = set(fetch_values(cursor, _SQL["linkable"], given))
    return [ref for ref in wanted if ref in found]


def verify(
    cursor: psycopg.Cursor[TupleRow],
    practice_id: str,
    patient_ref: str,
    pms_patient_id: str,
    saving: Saving,
    *,
    at: datetime,
    prints: Mapping[str, int | None],
) -> None:
    """Keep who saw that a link is right, and of whom. The caller holds the practice's lock and has seen this number.

    ConfigurationError where the link is another one. Blocks for one statement.
    """
    given = {"practice_id": practice_id, "patient_ref": patient_ref, "pms_patient_id": pms_patient_id} | dict(prints)
    if fetch_value(cursor, _SQL["verify_link"], given | {"actor": saving.actor, "now": at}) is None:
        raise ConfigurationError(f"{patient_ref} is not linked to {pms_patient_id} any more: look at it again")


class LinkedPatient(msgspec.Struct, frozen=True, kw_only=True):
    """A link, with how many entries of the patient are open, and how many are posted."""

    patient_ref: str
    pms_patient_id: str
    linked_by: str
    linked_at: datetime
    open: int
    posted: int


class PostedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that stands in the practice's system, with the request that wrote it."""

    effect_id: int
    entry_kind: EntryKind
    amount_minor: int
    currency: str
    external_id: str | None
    payload: bytes


def links_of(connection: psycopg.Connection[TupleRow], practice_id: str, most: int) -> list[LinkedPatient]:
    """The practice's links, by reference. Blocks for one statement."""
    return fetch_all(connection, LinkedPatient, _SQL["links_of"], {"practice_id": practice_id, "most": most})


def posted_of_patient(
    connection: psycopg.Connection[TupleRow], practice_id: str, patient_ref: str
) -> list[PostedEntry]:
    """What stands for a patient in the practice's system, oldest first. Blocks for one statement."""
    key = {"practice_id": practice_id, "patient_ref": patient_ref}
    return fetch_all(connection, PostedEntry, _SQL["posted_of_patient"], key)


class StandingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A posted entry, and the payment that it is about."""

    effect_id: int
    payment_id: str
    entry_kind: EntryKind


class UnsettledEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that may or may not stand in the practice's system."""

    effect_id: int
    state: str


def payments_of_entries(
    connection: psycopg.Connection[TupleRow], practice_id: str, effect_ids: Sequence[int]
) -> list[StandingEntry]:
    """Which payments these entries are about. Blocks for one statement."""
    key = {"practice_id": practice_id, "effect_ids": list(effect_ids)}
    return fetch_all(connection, StandingEntry, _SQL["standing_payments"], key)


def unsettled_of_patient(
    connection: psycopg.Connection[TupleRow], practice_id: str, patient_ref: str
) -> list[UnsettledEntry]:
    """What of a patient is in flight, in doubt or dead; the first twenty. Blocks for one statement."""
    key = {"practice_id": practice_id, "patient_ref": patient_ref}
    return fetch_all(connection, UnsettledEntry, _SQL["unsettled_of_patient"], key)


def dead_for_their_patient(connection: psycopg.Connection[TupleRow], practice_id: str, patient_ref: str) -> int:
    """How many of the patient's entries stand dead because the target did not have the patient. A link does not bring
    them back: they may have been sent, so a person does (law 4). Blocks for one statement."""
    key = {"practice_id": practice_id, "patient_ref": patient_ref}
    return int(fetch_value(connection, _SQL["dead_for_their_patient"], key))
