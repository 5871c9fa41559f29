"""Random facts about one payment, as upstream may tell them: drawn without a ledger, so that any order can be tried."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from processors.rules.lifecycle.payment_state import PaidItem
from schemas import events as e
from tests.processors.rules.lifecycle.memory_ledger import (
    charge_item,
    cleared,
    closed,
    corrected,
    dispute,
    fee_assessed,
    refund,
    refund_failed,
    reinstated,
    returned,
    void,
)
from tests.processors.rules.lifecycle.random_events import money

Fact = e.Event | PaidItem
"""An event about the payment, or what a payout says of it."""


class RandomFacts:
    """A payment and what followed it. `told` is in the order in which it happened; hours may be the same."""

    def __init__(self, draw: Any, steps: tuple[str, ...], *, most: int = 7) -> None:
        self._draw = draw
        self.payment: Any = draw(money())
        self._hours = 0
        self.told: list[Fact] = [self.payment]
        for step in draw(st.lists(st.sampled_from(steps), max_size=most)):
            getattr(self, step)()

    def _later(self) -> int:
        self._hours += self._draw(st.sampled_from((0, 1, 1, 1)))
        return max(self._hours, 1)

    def _name(self) -> str:
        return f"n{len(self.told)}"

    def _some(self) -> int:
        gross: int = self.payment.gross_minor
        part: int = self._draw(st.sampled_from((1, gross // 7, gross // 3, gross // 2, gross)))
        return max(part, 1)

    def refund(self) -> None:
        self.told.append(refund(-self._some(), self._draw(st.sampled_from((0, 0, 25))), self._later(), self._name()))

    def named_refund(self) -> None:
        """It names one patient of the payment."""
        splits = self.payment.splits
        if splits:
            split = self._draw(st.sampled_from(splits))
            amount = split.amount_minor // self._draw(st.sampled_from((1, 2)))
            if amount:
                named = (e.Split(patient_ref=split.patient_ref, amount_minor=-amount),)
                told = refund(-amount, 0, self._later(), self._name(), splits=named, surcharge_minor=0)
                self.told.append(told)

    def refund_fails(self) -> None:
        for each in self._of(e.RefundSucceeded):
            if not any(x.refund_id == each.refund_id for x in self._of(e.RefundFailed)):
                self.told.append(refund_failed(-each.gross_minor, 0, self._later(), each.refund_id))
                return

    def returned(self) -> None:
        self.told.append(returned(-self._some(), self._draw(st.sampled_from((0, 400))), self._later(), self._name()))

    def reinstated(self) -> None:
        for each in self._of(e.PaymentReturned):
            if not any(x.return_id == each.return_id for x in self._of(e.PaymentReinstated)):
                self.told.append(reinstated(-each.gross_minor, -each.fee_minor, self._later(), each.return_id))
                return

    def disputed(self) -> None:
        fee = self._draw(st.sampled_from((0, 1500)))
        self.told.append(dispute(-self._some(), fee, self._later(), self._name()))

    def disputed_again(self) -> None:
        """Under the id of a dispute that was opened and closed before."""
        for each in self._of(e.DisputeOpened):
            closes = [x for x in self._of(e.DisputeClosed) if x.dispute_id == each.dispute_id]
            opens = [x for x in self._of(e.DisputeOpened) if x.dispute_id == each.dispute_id]
            if len(closes) >= len(opens):
                told = dispute(-self._some(), 0, self._later(), each.dispute_id, version=len(opens) + 1)
                self.told.append(told)
                return

    def dispute_closed(self) -> None:
        """An outcome, or a later one of a dispute that has one."""
        opens = self._of(e.DisputeOpened)
        if opens:
            each = self._draw(st.sampled_from(opens))
            version = 1 + sum(x.dispute_id == each.dispute_id for x in self._of(e.DisputeClosed))
            last = [x for x in opens if x.dispute_id == each.dispute_id][-1]
            back = self._draw(st.sampled_from((0, -last.gross_minor, -last.gross_minor, -last.gross_minor // 2)))
            outcome = e.DisputeOutcome.WON if back else e.DisputeOutcome.LOST
            fee = self._draw(st.sampled_from((0, -last.fee_minor)))
            told = closed(outcome, back, fee, self._later(), each.dispute_id, version=version)
            self.told.append(told)

    def fee_changes(self) -> None:
        fee = self._draw(st.integers(0, max(self.payment.gross_minor // 5 - 1, 0)))
        version = 1 + len(self._of(e.PaymentFeeAssessed))
        self.told.append(fee_assessed(fee, self.payment.gross_minor - fee, version, self._later()))

    def corrected(self) -> None:
        hours, version = self._later(), 2 + len(self._of(e.PaymentCorrected))

        def again(**values: Any) -> Any:
            return corrected(version, **(values | {"hours": hours}))

        self.payment = self._draw(money(again))
        self.told.append(self.payment)

    def cleared(self) -> None:
        if not self._of(e.PaymentCleared):
            self.told.append(cleared(self._later()))

    def paid_out(self) -> None:
        if not any(isinstance(each, PaidItem) for each in self.told):
            fee = self.payment.fee_minor or 0
            self.told.append(charge_item(self.payment.gross_minor, fee))

    def voided(self) -> None:
        if not self._of(e.PaymentVoided):
            self.told.append(void(self._later() + 100))

    def _of(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.told if isinstance(each, kind)]
