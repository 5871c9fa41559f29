"""Plans insurance payments: per claim a payment and its write-off, gross in every mode (ET-3, I-1 to I-12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from processors.rules.decisions import shares as sharing
from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.claims import SettledClaim, WriteOffPolicy, settle_claim
from processors.rules.decisions.initial_state import (
    ZERO,
    InitialState,
    at_once,
    initial_state_when_on,
    on_its_day,
    switched_off,
    with_hold,
)
from processors.rules.decisions.lanes import at_pms, of_remittance
from processors.rules.decisions.timing import ledger_date_of, timing_of
from schemas.bookkeeping.cut_offs import local_date
from schemas.events import PaymentCorrected, PaymentFacts, PaymentKind, Remittance
from schemas.plan import ClaimOrder, Decision, Instruction, PlannedEntry
from schemas.practice_settings import AmountMode, PracticeSettings, SettingsVersion, UnattachedInsurance
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State, Target

_INSURANCE: Final = PaymentKind.INSURANCE
_PAYMENT: Final = EntryKind.INSURANCE_PAYMENT
_WRITE_OFF: Final = EntryKind.WRITE_OFF
_AT_OFFICE: Final = InitialState(State.AWAITING_MANUAL_POST, DecisionReason.OF_NO_CLAIM)


def decide_insurance(event: PaymentFacts, version: SettingsVersion, arrival: Arrival) -> Decision:
    """One remittance over many claims and patients, or a payment that names no claim (I-10, I-12).

    A virtual card's fee stays out: it is QuickBooks' alone (I-7). Zero-pay claims are not zero payments (M-9).
    `schemas.validation.events` has checked that it balances (I-1, I-2).
    """
    settings = version.settings
    mode = settings.types.insurance
    timing = timing_of(settings, _INSURANCE, event.tender, event.settled_outside)
    off = switched_off(settings, mode)
    on = ledger_date_of(settings, event.occurred_at, arrival)
    initial = off or initial_state_when_on(mode, timing, event.occurred_at, arrival)
    initial = on_its_day(initial, on, settings.zone)
    booking = _Booking(event, settings, initial, arrival, on)
    remittance = event.remittance
    if remittance is None or not (remittance.claims or remittance.provider_adjustments):
        effects = tuple(booking.unattached())
    else:
        effects = (*booking.claims(remittance), *booking.at_office(remittance))
    nothing = all(effect.state is State.SKIPPED_ZERO for effect in effects)
    return Decision(
        settings_version=version.version,
        reason=ZERO.reason if nothing else initial.reason,
        amount_mode=AmountMode.GROSS,
        timing=timing,
        late=initial.late,
        effects=effects,
    )


class _Booking(msgspec.Struct, frozen=True):
    """What the entries of one insurance payment share."""

    event: PaymentFacts
    settings: PracticeSettings
    initial: InitialState
    arrival: Arrival
    ledger_date: date

    def claims(self, remittance: Remittance) -> Iterator[PlannedEntry]:
        """Per claim its payment, zero included, and the write-off that waits for it: one unit (I-6, M-9)."""
        codes = frozenset(self.settings.write_off_codes)
        policy = WriteOffPolicy(codes, local_date(self.event.occurred_at, self.settings.zone))
        alone = len(remittance.claims) == 1
        for position, each in enumerate(remittance.claims):
            claim = settle_claim(remittance, each, policy)
            part = "" if alone else str(position)
            initial = self._state_of_claim(claim)
            yield self._of_claim(_PAYMENT, part, claim, claim.order.paid_minor, initial, None)
            if claim.order.write_off_minor:
                origin = (_PAYMENT, part)
                yield self._of_claim(_WRITE_OFF, part, claim, claim.order.write_off_minor, initial, origin)

    def at_office(self, remittance: Remittance) -> Iterator[PlannedEntry]:
        """What the insurer kept or added for no claim (PLB), so that the entries add up to the payment (I-2).

        It belongs on no patient's ledger: a person books it at office level.
        """
        for position, adjustment in enumerate(remittance.provider_adjustments):
            initial = self.initial if self.initial.state in SKIPPED else _AT_OFFICE
            yield self._effect(
                _PAYMENT,
                f"plb{position}",
                -adjustment.amount_minor,
                initial if adjustment.amount_minor else ZERO,
                of_remittance(remittance.remittance_id),
                office_level=True,
            )

    def unattached(self) -> Iterator[PlannedEntry]:
        """A payment without a remittance: posted as it is or held until somebody names its claim, by setting (I-12)."""
        initial = self._unnamed(self.initial)
        for share in sharing.of_payment(self.event):
            yield self._effect(
                _PAYMENT,
                share.part,
                share.applied_minor,
                initial if share.applied_minor else ZERO,
                at_pms(share.patient_ref, self.event.event_id),
                patient_ref=share.patient_ref,
                provider_ref=share.provider_ref,
                procedure_ref=share.procedure_ref,
            )

    def _state_of_claim(self, claim: SettledClaim) -> InitialState:
        """A claim in doubt is held whole (I-3); one that takes money back waits for no clearance (I-9, T-13)."""
        initial = self.initial
        if claim.takes_back and initial.state is State.AWAITING_CLEARANCE:
            initial = at_once(self.arrival.at)
        if not claim.named:
            initial = self._unnamed(initial)
        if claim.doubtful:
            initial = with_hold(initial, State.AWAITING_REVIEW, DecisionReason.CODE_NOT_ALLOWED)
        return initial

    def _unnamed(self, initial: InitialState) -> InitialState:
        if self.settings.unattached_insurance is UnattachedInsurance.POST:
            return initial
        return with_hold(initial, State.AWAITING_ALLOCATION, DecisionReason.CLAIM_NOT_NAMED)

    def _of_claim(
        self,
        entry_kind: EntryKind,
        part: str,
        claim: SettledClaim,
        amount_minor: int,
        initial: InitialState,
        depends_on: tuple[EntryKind, str] | None,
    ) -> PlannedEntry:
        order = claim.order
        lane = of_remittance(order.remittance_ref)
        return self._effect(
            entry_kind, part, amount_minor, initial, lane, depends_on, patient_ref=claim.patient_ref, claim=order
        )

    def _effect(
        self,
        entry_kind: EntryKind,
        part: str,
        amount_minor: int,
        initial: InitialState,
        lane: str,
        depends_on: tuple[EntryKind, str] | None = None,
        *,
        patient_ref: str | None = None,
        provider_ref: str | None = None,
        procedure_ref: str | None = None,
        claim: ClaimOrder | None = None,
        office_level: bool = False,
    ) -> PlannedEntry:
        """Without gross, fee or surcharge of the whole: they are no business of one patient's ledger (I-7, I-10)."""
        event = self.event
        return PlannedEntry(
            target=Target.PMS,
            entry_kind=entry_kind,
            part=part,
            depends_on=depends_on,
            state=initial.state,
            holds=initial.holds,
            reason=initial.reason,
            due_at=initial.due_at,
            lane=lane,
            instruction=Instruction(
                entry_kind=entry_kind,
                amount_minor=amount_minor,
                currency=event.currency,
                ledger_date=self.ledger_date,
                occurred_at=event.occurred_at,
                patient_ref=patient_ref,
                payment_kind=_INSURANCE,
                tender=event.tender,
                provider_ref=provider_ref,
                procedure_ref=procedure_ref,
                payment_ref=event.payment_id,
                version=event.version if isinstance(event, PaymentCorrected) else 1,
                claim=claim,
                office_level=office_level,
            ),
        )
