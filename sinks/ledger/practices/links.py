"""Which patient of the PMS a surrogate stands for, as people told us (L-6); matching comes later."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.waiting.reevaluate import moment, recompute
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

    1. lock the practice. 2. write the link. 3. audit. 4. recompute in later statements (law 8). Posted entries do not
    move when a link changes (E-12). ConfigurationError for an unknown practice or an id that cannot be.
    """
    for name, value in (("PATIENT_REF", patient_ref), ("PMS_PATIENT_ID", pms_patient_id)):
        if not (1 <= len(value) <= 64 and value.isascii() and value.isprintable()):
            raise ConfigurationError(f"{name}: an id has 1 to 64 printable ASCII characters")
    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        at = moment(cursor, clock.for_database())
        key = {"practice_id": practice_id, "patient_ref": patient_ref}
        before = cursor.execute(_SQL["link_of"], key).fetchone()
        written = key | {"pms_patient_id": pms_patient_id, "actor": saving.actor, "now": at}
        cursor.execute(_SQL["put_link"], written)
        append(
            cursor,
            practice_id,
            at=at,
            actor=saving.actor,
            action="patient.link",
            subject=patient_ref,
            before=None if before is None else {"pms_patient_id": before[0]},
            after={"pms_patient_id": pms_patient_id},
            why=saving.reason,
        )
        return recompute(cursor, practice_id, now=clock.for_database(), jitter_s=jitter_s, patient_ref=patient_ref)


def dead_for_their_patient(connection: psycopg.Connection[TupleRow], practice_id: str, patient_ref: str) -> int:
    """How many of the patient's entries stand dead because the target did not have the patient. A link does not bring
    them back: they may have been sent, so a person does (law 4). Blocks for one statement."""
    key = {"practice_id": practice_id, "patient_ref": patient_ref}
    ((count,),) = connection.execute(_SQL["dead_for_their_patient"], key).fetchall()
    return int(count)
