"""Plans a note in the PMS for each payment request (NOTE-1, SET-13, ET-13)."""

from __future__ import annotations

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.initial_state import NOTES_OFF, OFFBOARDED, InitialState, at_once
from processors.rules.decisions.lanes import at_pms
from schemas.bookkeeping.cut_offs import local_date
from schemas.events import PaymentRequestSent
from schemas.plan import Decision, Instruction, PlannedEntry
from schemas.practice_settings import PracticeSettings, PracticeStatus, SettingsVersion
from schemas.vocabulary import EntryKind, Target


def decide_request(event: PaymentRequestSent, version: SettingsVersion, arrival: Arrival) -> Decision:
    """One note at once, whatever the master switch and the timing of payments say: it moves no money (NOTE-1).

    Its amount is 0, so that no sum counts it; `gross_minor` is what the patient was asked for. Date and time are read
    in the practice's zone by whoever writes it.
    """
    settings = version.settings
    initial = _initial_state(settings, arrival)
    effect = PlannedEntry(
        target=Target.PMS,
        entry_kind=EntryKind.NOTE,
        part="",
        state=initial.state,
        reason=initial.reason,
        due_at=initial.due_at,
        lane=at_pms(event.patient_ref, event.event_id),
        instruction=Instruction(
            entry_kind=EntryKind.NOTE,
            amount_minor=0,
            gross_minor=event.amount_minor,
            payment_ref=event.request_id,
            currency=settings.currency,
            ledger_date=local_date(event.occurred_at, settings.zone),
            occurred_at=event.occurred_at,
            patient_ref=event.patient_ref,
            channel=event.channel,
            zone=settings.zone,
        ),
    )
    return Decision(settings_version=version.version, reason=initial.reason, effects=(effect,))


def _initial_state(settings: PracticeSettings, arrival: Arrival) -> InitialState:
    if settings.status is PracticeStatus.OFFBOARDED:
        return OFFBOARDED
    return at_once(arrival.at) if settings.notes else NOTES_OFF
