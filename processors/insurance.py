"""Insurance payments: booked in a later release; what is off is skipped now (ET-3, I-7)."""

from __future__ import annotations

from processors.amounts import applied_total
from processors.arrival import Arrival
from processors.lanes import at_pms, of_remittance
from processors.standing import switched_off
from processors.timing import booked_on, timing_of
from processors.waiting import awaiting_review
from schemas.events import PaymentKind, PaymentSucceeded
from schemas.practice_settings import AmountMode, SettingsVersion, TypeMode
from schemas.reasons import DecisionReason
from schemas.states import EntryKind, Target
from schemas.writebacks import Decision, Instruction, PlannedEffect


def decide_insurance(event: PaymentSucceeded, version: SettingsVersion, mode: TypeMode, arrival: Arrival) -> Decision:
    """AUTO and MANUAL wait for their release (COMES_LATER); OFF is one skipped entry of the whole amount.

    The claim payment is gross in every mode (I-7). Zero-pay claims are not zero payments (M-9), so they wait too.
    """
    off = switched_off(version.settings, mode)
    if off is None:
        return awaiting_review(version, DecisionReason.COMES_LATER)
    remittance = event.remittance
    amount = applied_total(event.gross_minor, event.surcharge_minor)
    effect = PlannedEffect(
        target=Target.PMS,
        entry_kind=EntryKind.INSURANCE_PAYMENT,
        part="",
        state=off.state,
        reason=off.reason,
        lane=of_remittance(remittance.remittance_id) if remittance else at_pms(event.patient_ref, event.event_id),
        instruction=Instruction(
            entry_kind=EntryKind.INSURANCE_PAYMENT,
            amount_minor=amount,
            currency=event.currency,
            ledger_date=booked_on(version.settings, event.occurred_at, arrival),
            occurred_at=event.occurred_at,
            patient_ref=event.patient_ref,
            payment_kind=PaymentKind.INSURANCE,
            tender=event.tender,
            payment_ref=event.payment_id,
            gross_minor=event.gross_minor,
            fee_minor=event.fee_minor,
            surcharge_minor=event.surcharge_minor,
        ),
    )
    return Decision(
        settings_version=version.version,
        reason=off.reason,
        amount_mode=AmountMode.GROSS,
        timing=timing_of(version.settings, PaymentKind.INSURANCE, event.tender, event.settled_outside),
        effects=(effect,),
    )
