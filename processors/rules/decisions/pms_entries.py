"""Builds a payment's entries at the PMS: per share payment, fee adjustment, membership charge (N-2, B-1, law 2)."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from processors.rules.decisions.allocation import allocation_of, family_of
from processors.rules.decisions.divide_payment import divide
from processors.rules.decisions.initial_state import COMPANION_OFF, ZERO, InitialState, with_hold
from processors.rules.decisions.lanes import at_pms
from processors.rules.decisions.shares import Share
from schemas.bookkeeping.companion import SplitAmount, is_debit_first
from schemas.events import MoneyFields, PaymentKind
from schemas.plan import Instruction, PlannedEntry
from schemas.practice_settings import Allocation, AmountMode, FamilyBooking, FeeAdjustment, PracticeSettings
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State, Target

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_replace: Final = msgspec.structs.replace
_PAYMENT: Final = EntryKind.PAYMENT
_FEE: Final = EntryKind.FEE_ADJUSTMENT
_CHARGE: Final = EntryKind.CHARGE
_PMS: Final = Target.PMS
_OFF: Final = FeeAdjustment.OFF
_BY_HAND: Final = Allocation.BY_HAND
_ALLOCATION: Final = State.AWAITING_ALLOCATION
_ALLOCATE_BY_HAND: Final = DecisionReason.ALLOCATE_BY_HAND


class PaymentEntries(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries of one payment share."""

    event: MoneyFields
    kind: PaymentKind
    settings: PracticeSettings
    initial: InitialState
    mode: AmountMode
    fee_minor: int | None
    ledger_date: date
    charged: bool = False
    """Each share brings its charge line (B-1)."""
    plan_ref: str | None = None
    plan_in_pms: bool = False
    plan_code: str | None = None
    version: int = 1

    def plan(self, shares: tuple[Share, ...]) -> tuple[PlannedEntry, ...]:
        """Every entry with its amount, skipped ones included (law 2), each origin before what depends on it."""
        amounts = divide(
            applied=[share.applied_minor for share in shares],
            surcharge_minor=self.event.surcharge_minor,
            fee_minor=self.fee_minor,
            mode=self.mode,
        )
        family = family_of(self.kind, shares, self.settings)
        effects: list[PlannedEntry] = []
        for share, amount in zip(shares, amounts, strict=True):
            self._add(effects, share, amount, family)
        return tuple(effects)

    def _add(
        self, effects: list[PlannedEntry], share: Share, amount: SplitAmount, family: FamilyBooking | None
    ) -> None:
        """Charge, payment, companion, in this order: what a membership costs stands before it is paid, so that the
        payment and its fee can be laid on it (B-1).

        A payment without a charge of its own waits for nothing, so that no other entry can keep money out of the
        ledger; but for a companion that is a debit, which goes first (N-10). One that is a credit waits for its
        payment: without that it would be a gift. Where the fee takes the whole share there is no payment to wait for.
        """
        settings, initial = self.settings, self.initial
        allocation = allocation_of(self.kind, self.plan_ref, share.procedure_ref, settings.allocation)
        if allocation is _BY_HAND:
            initial = with_hold(initial, _ALLOCATION, _ALLOCATE_BY_HAND)
        paid = initial if amount.payment_minor else ZERO
        payment = self._payment(share, amount.payment_minor, paid, allocation, family)
        origin = None
        if self.charged and share.applied_minor:
            unallocated = _replace(payment.instruction, allocation=None)
            effects.append(_beside(payment, _CHARGE, share.applied_minor, initial, None, unallocated))
            origin = (_CHARGE, share.part)
        off = settings.fee_adjustment is _OFF and initial.state not in SKIPPED
        credited = COMPANION_OFF if off else initial
        first = is_debit_first(amount.payment_minor, amount.companion_minor) and credited.state not in SKIPPED
        if first:
            effects.append(_beside(payment, _FEE, amount.companion_minor, credited, origin, payment.instruction))
            origin = (_FEE, share.part)
        effects.append(_replace(payment, depends_on=origin) if origin and amount.payment_minor else payment)
        if amount.payment_minor:
            origin = (_PAYMENT, share.part)
        if amount.companion_minor and not first:
            effects.append(_beside(payment, _FEE, amount.companion_minor, credited, origin, payment.instruction))

    def _payment(
        self,
        share: Share,
        amount_minor: int,
        initial: InitialState,
        allocation: Allocation | None,
        family: FamilyBooking | None,
    ) -> PlannedEntry:
        event = self.event
        card = event.card
        return PlannedEntry(
            target=_PMS,
            entry_kind=_PAYMENT,
            part=share.part,
            state=initial.state,
            holds=initial.holds,
            reason=initial.reason,
            due_at=initial.due_at,
            lane=at_pms(share.patient_ref, event.event_id),
            instruction=Instruction(
                entry_kind=_PAYMENT,
                amount_minor=amount_minor,
                currency=event.currency,
                ledger_date=self.ledger_date,
                occurred_at=event.occurred_at,
                patient_ref=share.patient_ref,
                payment_kind=self.kind,
                tender=event.tender,
                provider_ref=share.provider_ref,
                procedure_ref=share.procedure_ref,
                payment_ref=event.payment_id,
                version=self.version,
                card_brand=card.brand if card else None,
                card_last4=card.last4 if card else None,
                gross_minor=event.gross_minor,
                fee_minor=event.fee_minor,
                surcharge_minor=event.surcharge_minor,
                allocation=allocation,
                family=family,
                plan_ref=self.plan_ref,
                plan_in_pms=self.plan_in_pms,
                plan_code=self.plan_code,
            ),
        )


def _beside(
    payment: PlannedEntry,
    entry_kind: EntryKind,
    amount_minor: int,
    initial: InitialState,
    depends_on: tuple[EntryKind, str] | None,
    instruction: Instruction,
) -> PlannedEntry:
    """Another entry of the same share; a copy of the payment's costs a tenth of a new one."""
    return _replace(
        payment,
        entry_kind=entry_kind,
        depends_on=depends_on,
        state=initial.state,
        holds=initial.holds,
        reason=initial.reason,
        due_at=initial.due_at,
        instruction=_replace(instruction, entry_kind=entry_kind, amount_minor=amount_minor),
    )
