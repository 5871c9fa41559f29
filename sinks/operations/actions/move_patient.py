"""Moves a patient's posted entries to another record of the practice's system, because the link was wrong (E-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.vocabulary import EntryKind
from sinks.ledger.practices import links
from sinks.ledger.practices.moved_patients import move_entries
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes
from sinks.operations.queries.patients import StandsAt, stands_elsewhere
from streams.runtime.errors import ConfigurationError, Permanent

MOST_PAYMENTS: Final = 500
"""Of one move: it is one transaction, and the practice's lock is held for it."""


class PatientMoved(msgspec.Struct, frozen=True, kw_only=True):
    """What was moved, or in a preview would be."""

    practice_id: str
    patient_ref: str
    pms_patient_id: str
    stands: tuple[StandsAt, ...]
    """What stands at other numbers, reversals of it included."""
    payments: int
    entries: tuple[LedgerEntryRow, ...]
    """What takes it back there, and what is posted anew."""
    notes: int
    """Notes stay where they are: they are about no money."""
    moves: tuple[StateChange, ...]
    """Of entries that were still to be sent: they go to the new number."""


def move_patient(ledger: Ledger, practice_id: str, patient_ref: str, pms_patient_id: str, order: Order) -> PatientMoved:
    """Link the reference to this number, take back what stands at others, and post it anew. Blocks.

    One transaction: 1. the practice's lock. 2. nothing of the patient is in flight, in doubt or dead. 3. the link.
    4. an event for each payment. 5. audit. Raises as `acting` and `links.link`; Permanent, with what to do first, where
    something cannot be moved; ConfigurationError for a reference that is not linked.
    """
    with acting(ledger, order, Action.PATIENT_MOVE, practice_id) as act:
        act.unit.lock_gates()
        _refuse_unsettled(ledger, practice_id, patient_ref)
        before = open_entries(ledger.connection, practice_id)
        stands = stands_elsewhere(ledger.connection, practice_id, patient_ref, pms_patient_id)
        standing, notes = _by_payment(ledger, practice_id, stands)
        if not standing:
            raise ConfigurationError(
                f"nothing of {patient_ref} stands at another number than {pms_patient_id}: "
                "`writeback link add` is enough"
            )
        links.link(
            ledger.connection,
            practice_id,
            patient_ref,
            pms_patient_id,
            order.saving(),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
        )
        entries = move_entries(act.cursor, practice_id, standing, at=act.at, jitter_s=ledger.jitter_s)
        if not entries:
            raise ConfigurationError(
                f"what stood of {patient_ref} at another number than {pms_patient_id} is taken back already: "
                "`writeback link add` is enough"
            )
        act.audit(
            subject=patient_ref,
            before={"stands": {each.id: [each.pms_patient_id, each.amount_minor] for each in stands}},
            after={
                "pms_patient_id": pms_patient_id,
                "entries": {f"e:{each.effect_id}": each.amount_minor for each in entries},
            },
        )
        return PatientMoved(
            practice_id=practice_id,
            patient_ref=patient_ref,
            pms_patient_id=pms_patient_id,
            stands=stands,
            payments=len({each.event_id for each in entries}),
            entries=tuple(entries),
            notes=notes,
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
        )


def _refuse_unsettled(ledger: Ledger, practice_id: str, patient_ref: str) -> None:
    found = links.unsettled_of_patient(ledger.connection, practice_id, patient_ref)
    if found:
        named = ", ".join(f"e:{each.effect_id} ({each.state})" for each in found)
        raise Permanent(
            f"of {patient_ref} it is not known what stands: {named}. What is in flight or in doubt ends by itself; "
            f"what is dead ends with `writeback dlq redrive --practice {practice_id}`, or with "
            "`writeback entries record|dismiss`. Then repeat this"
        )


def _by_payment(ledger: Ledger, practice_id: str, stands: Sequence[StandsAt]) -> tuple[dict[str, set[int]], int]:
    """The entries that stand elsewhere, by payment, and how many notes."""
    numbers = [int(each.id.removeprefix("e:")) for each in stands]
    found: dict[str, set[int]] = {}
    notes = 0
    for each in links.payments_of_entries(ledger.connection, practice_id, numbers):
        if each.entry_kind is EntryKind.NOTE:
            notes += 1
        else:
            found.setdefault(each.payment_id, set()).add(each.effect_id)
    if len(found) > MOST_PAYMENTS:
        raise Permanent(
            f"{len(found)} payments stand at the former patient, and {MOST_PAYMENTS} are moved at once: have the two "
            "records merged in the practice's system instead"
        )
    return found, notes
