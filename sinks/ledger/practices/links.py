"""Links a patient reference to a patient of the PMS, as staff say (L-6)."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.reevaluate import reevaluate
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

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
    for name, value in (("PATIENT_REF", patient_ref), ("PMS_PATIENT_ID", pms_patient_id)):
        if not (1 <= len(value) <= 64 and value.isascii() and value.isprintable()):
            raise ConfigurationError(f"{name}: an id has 1 to 64 printable ASCII characters")
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        key = {"practice_id": practice_id, "patient_ref": patient_ref}
        before = fetch_value(unit.cursor, _SQL["link_of"], key)
        written = key | {"pms_patient_id": pms_patient_id, "actor": saving.actor, "now": unit.at}
        unit.cursor.execute(_SQL["put_link"], written)
        unit.audit(
            "patient.link",
            actor=saving.actor,
            why=saving.reason,
            subject=patient_ref,
            before=None if before is None else {"pms_patient_id": before},
            after={"pms_patient_id": pms_patient_id},
        )
        return reevaluate(unit, patient_ref=patient_ref)


def dead_for_their_patient(connection: psycopg.Connection[TupleRow], practice_id: str, patient_ref: str) -> int:
    """How many of the patient's entries stand dead because the target did not have the patient. A link does not bring
    them back: they may have been sent, so a person does (law 4). Blocks for one statement."""
    key = {"practice_id": practice_id, "patient_ref": patient_ref}
    return int(fetch_value(connection, _SQL["dead_for_their_patient"], key))
