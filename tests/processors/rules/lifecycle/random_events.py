"""Random payments: one under random settings, and random events about it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas import events as e
from schemas.practice_settings import (
    AmountMode,
    FeeAdjustment,
    RefundBeforePost,
    RefundWithoutCompanion,
    Timing,
)
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import (
    Ledger,
    closed,
    corrected,
    dispute,
    fee_assessed,
    refund,
    refund_failed,
    returned,
    void,
)

AMOUNTS = st.one_of(st.integers(1, 400), st.sampled_from((3333, 9000, 10000, 10300, 14000, 29900)))
COMPANION_ON: dict[str, Any] = {"amount": AmountMode.NET, "fee_adjustment": FeeAdjustment.AUTO}
"""N-3: payment and companion are what counts toward the balance."""
MIRROR: dict[str, Any] = {
    "amount": AmountMode.NET,
    "fee_adjustment": FeeAdjustment.OFF,
    "refund_without_companion": RefundWithoutCompanion.MIRROR,
}


@st.composite
def settings(draw: st.DrawFn, *, mirrored: bool = False) -> dict[str, Any]:
    mode = MIRROR if mirrored else draw(st.sampled_from((COMPANION_ON, {"amount": AmountMode.GROSS})))
    return mode | {
        "timing": draw(st.sampled_from((Timing.INSTANT, Timing.DAILY))),
        "refund_before_post": draw(st.sampled_from(RefundBeforePost)),
    }


@st.composite
def money(draw: st.DrawFn, build: Any = examples.payment) -> Any:
    """A payment whose fee leaves something of it, in up to four parts, perhaps with a surcharge."""
    gross = draw(AMOUNTS)
    surcharge = draw(st.integers(0, gross // 10))
    fee = draw(st.integers(0, max(gross // 5 - 1, 0)))
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4))
    splits = _splits(gross - surcharge, weights) if len(weights) > 1 else ()
    return build(gross=gross, fee=fee, net_minor=gross - fee, surcharge_minor=surcharge, splits=splits)


def _splits(total: int, weights: list[int]) -> tuple[e.Split, ...]:
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights] if whole else [0] * len(weights)
    parts[0] += total - sum(parts)
    return tuple(
        e.Split(patient_ref=f"pt-{number}", amount_minor=part, provider_ref=f"dr-{number}")
        for number, part in enumerate(parts)
    )


class RandomEvents:
    """Draws the next event about one payment, and reports it."""

    def __init__(self, ledger: Ledger, payment: e.PaymentSucceeded, draw: Any) -> None:
        self.ledger, self.draw = ledger, draw
        self.payment: Any = payment
        self.number = 0
        self.fee = payment.fee_minor or 0
        self.reported: list[e.Event] = []

    def report(self, event: e.Event) -> None:
        self.reported.append(event)
        self.ledger.report(event)

    @property
    def hours(self) -> int:
        self.number += 1
        return self.number

    def some(self) -> int:
        """A part of the gross, often a third of it or all."""
        gross: int = self.payment.gross_minor
        part: int = self.draw(st.sampled_from((1, gross // 3, gross // 2, gross - gross // 3, gross)))
        return max(part, 1)

    def refund(self) -> None:
        hours = self.hours
        fee = self.draw(st.sampled_from((0, 0, 0, 25, -10)))
        self.report(refund(-self.some(), fee, hours, ref=f"re-{hours}"))

    def refund_fails(self) -> None:
        for each in self.reported:
            if isinstance(each, e.RefundSucceeded) and not self._named(e.RefundFailed, "refund_id", each.refund_id):
                self.report(refund_failed(-each.gross_minor, 0, self.hours, ref=each.refund_id))
                return

    def returned(self) -> None:
        hours = self.hours
        self.report(returned(-self.some(), self.draw(st.sampled_from((0, 400))), hours, ref=f"rt-{hours}"))

    def disputed(self) -> None:
        hours = self.hours
        self.report(dispute(-self.some(), self.draw(st.sampled_from((0, 1500))), hours, ref=f"dp-{hours}"))

    def dispute_closed(self) -> None:
        for each in self.reported:
            if isinstance(each, e.DisputeOpened) and not self._named(e.DisputeClosed, "dispute_id", each.dispute_id):
                won = self.draw(st.booleans())
                outcome = e.DisputeOutcome.WON if won else e.DisputeOutcome.LOST
                gross, fee = (-each.gross_minor, -each.fee_minor) if won else (0, 0)
                self.report(closed(outcome, gross, fee, self.hours, ref=each.dispute_id))
                return

    def fee_changes(self) -> None:
        hours = self.hours
        fee = self.draw(st.integers(0, max(self.payment.gross_minor // 5 - 1, 0)))
        self.report(fee_assessed(fee, self.payment.gross_minor - fee, version=hours, hours=hours))
        self.fee = fee

    def corrected(self) -> None:
        hours = self.hours
        version = 2 + sum(isinstance(each, e.PaymentCorrected) for each in self.reported)

        def again(**values: Any) -> Any:
            return corrected(version, **(values | {"hours": hours}))

        self.report(self.draw(money(again)))
        reported = self.ledger.state.reported
        if reported is not None and reported.waiting is None and isinstance(reported.event, e.PaymentCorrected):
            self.payment = reported.event
            self.fee = self.payment.fee_minor or 0

    def voided(self) -> None:
        if not any(isinstance(each, e.PaymentVoided) for each in self.reported):
            self.report(void(self.hours))

    def posted(self) -> None:
        self.ledger.post()

    def partly_posted(self) -> None:
        stop = self.draw(st.integers(0, 12))
        self.ledger.post(lambda entry: entry.effect_id <= stop)

    def _named(self, kind: type[e.Event], field: str, ref: str) -> bool:
        return any(isinstance(each, kind) and getattr(each, field) == ref for each in self.reported)
