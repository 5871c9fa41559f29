"""The entries of one payment at the practice's PMS: per share a payment and, in NET, its companion (N-2, law 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from processors.amounts import SplitAmount, divide
from processors.arrival import Arrival
from processors.lanes import at_pms
from processors.shares import Share
from processors.standing import COMPANION_OFF, ZERO, Standing
from processors.timing import booked_on
from schemas.events import MoneyFields, PaymentKind
from schemas.practice_settings import FeeAdjustment, PracticeSettings
from schemas.states import SKIPPED, EntryKind, Target
from schemas.writebacks import Instruction, PlannedEffect

# Bound once: Python 3.11 takes 0.4 µs to look a member up on its class, and this runs for every payment.
_PAYMENT: Final = EntryKind.PAYMENT
_FEE: Final = EntryKind.FEE_ADJUSTMENT
_PMS: Final = Target.PMS
_OFF: Final = FeeAdjustment.OFF


class Entries(msgspec.Struct, frozen=True):
    """What the entries of one payment share."""

    event: MoneyFields
    kind: PaymentKind
    settings: PracticeSettings
    standing: Standing
    arrival: Arrival

    def plan(self, shares: Sequence[Share]) -> tuple[PlannedEffect, ...]:
        """Every entry with its amount, skipped ones included (law 2), each origin before what depends on it."""
        event, settings = self.event, self.settings
        amounts = divide(
            applied=[share.applied_minor for share in shares],
            surcharge_minor=event.surcharge_minor,
            fee_minor=event.fee_minor,
            mode=settings.amount,
        )
        ledger_date = booked_on(settings, event.occurred_at, self.arrival)
        effects: list[PlannedEffect] = []
        for share, amount in zip(shares, amounts, strict=True):
            effects.append(self._payment(share, amount, ledger_date))
            if amount.companion_minor:
                effects.append(self._companion(share, amount, ledger_date))
        return tuple(effects)

    def _payment(self, share: Share, amount: SplitAmount, ledger_date: date) -> PlannedEffect:
        standing = self.standing if amount.payment_minor else ZERO
        return self._effect(_PAYMENT, share, amount.payment_minor, ledger_date, standing)

    def _companion(self, share: Share, amount: SplitAmount, ledger_date: date) -> PlannedEffect:
        """Depends on its payment, unless the fee took the whole share and there is no payment to wait for."""
        off = self.settings.fee_adjustment is _OFF and self.standing.state not in SKIPPED
        standing = COMPANION_OFF if off else self.standing
        origin = (_PAYMENT, share.part) if amount.payment_minor else None
        return self._effect(_FEE, share, amount.companion_minor, ledger_date, standing, origin)

    def _effect(
        self,
        entry_kind: EntryKind,
        share: Share,
        amount_minor: int,
        ledger_date: date,
        standing: Standing,
        depends_on: tuple[EntryKind, str] | None = None,
    ) -> PlannedEffect:
        event = self.event
        return PlannedEffect(
            target=_PMS,
            entry_kind=entry_kind,
            part=share.part,
            depends_on=depends_on,
            state=standing.state,
            reason=standing.reason,
            due_at=standing.due_at,
            lane=at_pms(share.patient_ref, event.event_id),
            instruction=Instruction(
                entry_kind=entry_kind,
                amount_minor=amount_minor,
                currency=event.currency,
                ledger_date=ledger_date,
                occurred_at=event.occurred_at,
                patient_ref=share.patient_ref,
                payment_kind=self.kind,
                tender=event.tender,
                provider_ref=share.provider_ref,
                procedure_ref=share.procedure_ref,
                payment_ref=event.payment_id,
                card_brand=event.card.brand if event.card else None,
                card_last4=event.card.last4 if event.card else None,
                gross_minor=event.gross_minor,
                fee_minor=event.fee_minor,
                surcharge_minor=event.surcharge_minor,
            ),
        )
