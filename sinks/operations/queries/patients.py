"""Who a patient is in the practice's own system, and what stands there for a patient (L-6, E-12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Final, TypeVar

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.links import LinkedPatient, links_of, posted_of_patient
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.open_targets import adapter_context, open_stored
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.poster.planned_call import FrozenRequest
from sinks.targets.patients import (
    MOST_FOUND,
    FoundPatient,
    PatientQuery,
    PatientRecord,
    ReadsPatients,
    SearchesPatients,
)
from sinks.targets.port import PaymentTarget, ReadFailed
from sinks.targets.route import UnusableConnectionError
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

READ_S: Final = 15.0
"""For the one read."""
LONGEST_NAME: Final = 100
MOST_SHOWN: Final = MOST_FOUND
"""Patients that one search answers with at most."""

Found = TypeVar("Found")


class StandsAt(msgspec.Struct, frozen=True, kw_only=True):
    """A posted entry, and the patient's number that it was posted for."""

    id: str
    entry_kind: str
    amount_minor: int
    currency: str
    external_id: str | None
    pms_patient_id: str


@sees(View.PATIENTS)
def linked_patients(ledger: Ledger, practice_id: str, most: int) -> list[LinkedPatient]:
    """The practice's links. ConfigurationError for an unknown practice. Blocks for two statements."""
    check_practice(ledger.connection, practice_id)
    return links_of(ledger.connection, practice_id, most)


@asynccontextmanager
async def _opened(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, instead: str
) -> AsyncIterator[PaymentTarget]:
    """The practice's own system for one read. `instead`: what a person does where it cannot be asked."""
    try:
        opened = open_stored(ledger, adapter_context(settings, "link"), practice_id, Target.PMS)
    except (ConfigurationError, UnusableConnectionError) as error:
        raise ConfigurationError(f"the practice's system cannot be asked ({error}); {instead}") from None
    try:
        yield opened
    finally:
        await opened.close()


def _read(found: Found | ReadFailed, instead: str) -> Found:
    if isinstance(found, ReadFailed):
        raise ConfigurationError(
            f"the practice's system cannot be asked now ({found.code}): repeat the command later, or {instead}"
        )
    return found


@sees(View.PATIENTS)
async def read_patient(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, pms_patient_id: str
) -> PatientRecord:
    """The patient whom somebody is about to link, as the practice's system has it.

    Raises ConfigurationError where there is no such patient, where the record is archived or deleted, and where the
    system cannot be asked: then `--unread` links all the same.
    """
    check_practice(ledger.connection, practice_id)
    unread = "give --unread to link without asking"
    async with _opened(ledger, settings, practice_id, unread) as opened:
        if not isinstance(opened, ReadsPatients):
            raise ConfigurationError(f"the practice's system cannot be asked for a patient; {unread}")
        found = _read(await opened.patient(pms_patient_id, READ_S), unread)
    if found is None:
        raise ConfigurationError(f"the practice's system has no patient {pms_patient_id}: nothing was linked")
    if not found.in_use:
        raise ConfigurationError(
            f"patient {pms_patient_id} is archived or deleted in the practice's system: link the record that was kept"
        )
    return found


@sees(View.PATIENTS)
async def search_patients(
    ledger: Ledger,
    settings: ProgramSettings,
    practice_id: str,
    *,
    first_name: str,
    last_name: str,
    birth_date: date | None,
) -> tuple[FoundPatient, ...]:
    """Patients of the practice's own system with these parts of a name, at most `MOST_FOUND`. Blocks for one read.

    Raises ConfigurationError without a name, and where the system cannot be asked. Nothing of it is stored.
    """
    check_practice(ledger.connection, practice_id)
    query = PatientQuery(first_name=first_name.strip(), last_name=last_name.strip(), birth_date=birth_date)
    if not (query.first_name or query.last_name):
        raise ConfigurationError(
            "give words to search for, or --last-name, --first-name or both: a part of the name is enough"
        )
    if len(query.first_name) > LONGEST_NAME or len(query.last_name) > LONGEST_NAME:
        raise ConfigurationError(f"a name has {LONGEST_NAME} characters at most")
    there = "look the patient up there"
    async with _opened(ledger, settings, practice_id, there) as opened:
        if not isinstance(opened, SearchesPatients):
            raise ConfigurationError(f"the practice's system cannot be searched; {there}")
        return _read(await opened.search_patients(query, READ_S), there)


@sees(View.PATIENTS)
async def read_names(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, patient_ref: str, pms_patient_id: str
) -> dict[str, str]:
    """By number, who the new patient is, and who the former ones are, at whom something stands.

    Raises as `read_patient` for the new one; a former one that cannot be read, or is archived, is named so.
    """
    names = {pms_patient_id: (await read_patient(ledger, settings, practice_id, pms_patient_id)).name}
    stands = stands_elsewhere(ledger.connection, practice_id, patient_ref, pms_patient_id)
    for number in dict.fromkeys(each.pms_patient_id for each in stands):
        try:
            names[number] = (await read_patient(ledger, settings, practice_id, number)).name
        except ConfigurationError:
            names[number] = "(archived, deleted, or not to be read now)"
    return names


def stands_elsewhere(
    connection: Connection, practice_id: str, patient_ref: str, pms_patient_id: str
) -> tuple[StandsAt, ...]:
    """What stands for a patient at another number than this one: a link does not move it (E-12). Blocks."""
    found = []
    for entry in posted_of_patient(connection, practice_id, patient_ref):
        at = FrozenRequest.from_column(entry.payload).pms_patient_id
        if at is not None and at != pms_patient_id:
            found.append(
                StandsAt(
                    id=f"e:{entry.effect_id}",
                    entry_kind=entry.entry_kind.value,
                    amount_minor=entry.amount_minor,
                    currency=entry.currency,
                    external_id=entry.external_id,
                    pms_patient_id=at,
                )
            )
    return tuple(found)
