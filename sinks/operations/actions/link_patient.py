"""Links a patient, and lets what waited for the link go on (L-6)."""

from __future__ import annotations

import msgspec

from sinks.ledger.practices import links
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes
from sinks.operations.queries.patients import StandsAt, stands_elsewhere


class PatientLinked(msgspec.Struct, frozen=True, kw_only=True):
    """What was linked, or in a preview would be."""

    practice_id: str
    patient_ref: str
    pms_patient_id: str
    released: int
    """Entries that waited for the link and go on."""
    dead: int
    """Entries of the patient that stand dead, because the target did not have the patient: a link does not redrive."""
    moves: tuple[StateChange, ...]
    elsewhere: tuple[StandsAt, ...] = ()
    """What stands at another number of the practice's system, and stays there."""


class PatientUnlinked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose link was removed, or in a preview would be."""

    practice_id: str
    patient_ref: str
    former: str
    moves: tuple[StateChange, ...]


def link_patient(
    ledger: Ledger, practice_id: str, patient_ref: str, pms_patient_id: str, order: Order
) -> PatientLinked:
    """Link a surrogate to the practice's own number. Entries that are posted already do not move (E-12). Blocks.

    Raises as `acting` and `links.link`.
    """
    with acting(ledger, order, Action.PATIENT_LINK, practice_id):
        before = open_entries(ledger.connection, practice_id)
        released = links.link(
            ledger.connection,
            practice_id,
            patient_ref,
            pms_patient_id,
            order.saving(),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
        )
        return PatientLinked(
            practice_id=practice_id,
            patient_ref=patient_ref,
            pms_patient_id=pms_patient_id,
            released=released,
            dead=links.dead_for_their_patient(ledger.connection, practice_id, patient_ref),
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
            elsewhere=stands_elsewhere(ledger.connection, practice_id, patient_ref, pms_patient_id),
        )


def unlink_patient(ledger: Ledger, practice_id: str, patient_ref: str, order: Order) -> PatientUnlinked:
    """Forget a link. Posted entries stay where they are; what is still to be sent waits for another link. Blocks.

    Raises as `acting` and `links.unlink`.
    """
    with acting(ledger, order, Action.PATIENT_UNLINK, practice_id):
        before = open_entries(ledger.connection, practice_id)
        former = links.unlink(
            ledger.connection,
            practice_id,
            patient_ref,
            order.saving(),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
        )
        return PatientUnlinked(
            practice_id=practice_id,
            patient_ref=patient_ref,
            former=former,
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
        )
