"""What upstream tells of a payment, by chance: every kind of event, in every order and number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from processors.rules.source_records import decide_record
from schemas import events as e
from schemas.codec import encode_event
from schemas.practice_settings import AmountMode, FeeAdjustment, Timing
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import SourcePosition, Writeback
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.sinks.ledger.ledger_fixture import SOURCE_ID, LedgerDatabase

KINDS = [
    *("payment", "fee_adjustment", "refund", "return", "dispute_hold", "dispute_release", "reversal"),
    *("charge", "charge_reversal", "payout", "payout_reversal"),
]
PAYMENTS = 2
GROSS = st.sampled_from((10_000, 9_000, 14_000, 333))
PART = st.sampled_from((1, 2, 3))
WHICH = st.integers(0, PAYMENTS - 1)
EVENING = datetime(2026, 3, 4, 18, 0).time()  # noqa: DTZ001 - a local wall time


class ToldByChance(RuleBasedStateMachine):
    """One practice with a few payments, in a ledger that it shares with the practices of other examples."""

    lives = 0

    def __init__(self, database: LedgerDatabase) -> None:
        super().__init__()
        ToldByChance.lives += 1
        self.database = database
        self.practice = f"life-{ToldByChance.lives}"
        self.number = 0
        self.sent: list[tuple[SourcePosition, e.Event]] = []
        """Everything the broker has, with its place: what a replay reads again."""
        self.waiting: list[Writeback] = []
        """Decided and not stored yet."""
        self.gross: dict[str, int] = {}
        self.void: set[str] = set()
        self.reversed: set[str] = set()
        self.versions: dict[str, int] = {}
        self.refunds: list[tuple[str, str, int]] = []
        self.disputes: list[tuple[str, str, int]] = []
        self.standing: dict[int, tuple[Any, ...]] = {}
        self.in_doubt: int | None = None

    @initialize(
        amount=st.sampled_from(AmountMode), companion=st.sampled_from(FeeAdjustment), first=st.sampled_from(Timing)
    )
    def open_practice(self, amount: AmountMode, companion: FeeAdjustment, first: Timing) -> None:
        self.database.clock.instant = NOON
        self.database.add(self.practice, amount=amount, fee_adjustment=companion, timing=first, cut_off=EVENING)
        self.database.connection.execute(
            "UPDATE connections SET capabilities = %s WHERE home_practice_id = %s AND target = 'PMS'",
            (KINDS, self.practice),
        )
        for patient in ("pt-1", "pt-2"):
            self.database.link(patient, self.practice)
        self.gross["pay-0"], self.versions["pay-0"] = 10_000, 1
        self._tell(self._payment("pay-0", 10_000, 300, split=False))

    # --- what upstream tells

    def _tell(self, event: e.Event) -> None:
        self.sent.append((self._place(event), event))
        self.waiting.append(self._decided(*self.sent[-1]))

    def _place(self, event: e.Event) -> SourcePosition:
        self.database.source_offset += 1
        return SourcePosition(
            topic=STREAM_TOPICS[event.stream].value,
            topic_id=SOURCE_ID,
            partition=0,
            offset=self.database.source_offset,
            appended_at=self.database.clock.instant,
        )

    def _decided(self, position: SourcePosition, event: e.Event) -> Writeback:
        said = decide_record(position, event.practice_id.encode(), encode_event(event), self.database.history)
        if not isinstance(said, Writeback):
            raise TypeError(f"refused: {said.reason} {said.field}")
        return said

    def _common(self, name: str | None = None) -> dict[str, Any]:
        self.number += 1
        at = self.database.clock.instant
        return {
            "event_id": name or f"ev-{self.number}",
            "source": "payments.example",
            "occurred_at": at,
            "produced_at": at,
            "practice_id": self.practice,
        }

    def _signed(self, gross: int, fee: int = 0) -> dict[str, Any]:
        return {"gross_minor": gross, "fee_minor": fee, "net_minor": gross - fee}

    @rule(which=WHICH, gross=GROSS, known=st.booleans(), split=st.booleans())
    def succeed(self, which: int, gross: int, known: bool, split: bool) -> None:
        name = f"pay-{which}"
        if name in self.gross:
            return
        self.gross[name], self.versions[name] = gross, 1
        self._tell(self._payment(name, gross, gross * 3 // 100 if known else None, split))

    def _payment(self, name: str, gross: int, fee: int | None, split: bool) -> e.PaymentSucceeded:
        splits: tuple[e.Split, ...] = ()
        if split:
            first = gross // 3
            splits = (
                e.Split(patient_ref="pt-1", amount_minor=first),
                e.Split(patient_ref="pt-2", amount_minor=gross - first),
            )
        at = self.database.clock.instant
        return payment(gross, fee, at, **(self._common() | {"payment_id": name, "splits": splits}))

    @rule(which=WHICH)
    def assess_the_fee(self, which: int) -> None:
        gross = self.gross.get(f"pay-{which}", 10_000)
        fee = gross * 3 // 100
        self._tell(
            e.PaymentFeeAssessed(
                **self._common(), payment_id=f"pay-{which}", fee_minor=fee, net_minor=gross - fee, fees=()
            )
        )

    @rule(which=WHICH)
    def clear(self, which: int) -> None:
        at = self.database.clock.instant
        self._tell(e.PaymentCleared(**self._common(), payment_id=f"pay-{which}", cleared_at=at))

    @rule(which=WHICH)
    def pay_out(self, which: int) -> None:
        gross = self.gross.get(f"pay-{which}", 10_000)
        line = item(1, gross, gross * 3 // 100, payment_id=f"pay-{which}")
        at = self.database.clock.instant
        self._tell(payout(line, at=at, **(self._common() | {"payout_id": f"po-{self.number}"})))

    @rule(which=WHICH, gross=GROSS)
    def correct(self, which: int, gross: int) -> None:
        name = f"pay-{which}"
        if name not in self.gross or name in self.void | self.reversed:
            return
        self.versions[name] += 1
        self.gross[name] = gross
        told = self._payment(name, gross, gross * 3 // 100, split=False)
        fields = {field: getattr(told, field) for field in told.__struct_fields__}
        self._tell(e.PaymentCorrected(**fields, version=self.versions[name]))

    @rule(which=WHICH)
    def void_it(self, which: int) -> None:
        name = f"pay-{which}"
        if name not in self.void | self.reversed:
            self.void.add(name)
            self._tell(e.PaymentVoided(**self._common(), payment_id=name))

    @rule(which=WHICH, part=PART)
    def refund(self, which: int, part: int) -> None:
        """A third, a half or all of it; together they may well be too much (R-2)."""
        name = f"pay-{which}"
        if name in self.void:
            return
        self.reversed.add(name)
        amount = max(1, self.gross.get(name, 10_000) // part)
        common = self._common()
        refund_id = f"re-{self.number}"
        self.refunds.append((refund_id, name, amount))
        self._tell(e.RefundSucceeded(**common, **self._signed(-amount), refund_id=refund_id, payment_id=name))

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def fail_a_refund(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.refunds))
        self.refunds.remove(refund)
        refund_id, name, amount = refund
        self._tell(e.RefundFailed(**self._common(), **self._signed(amount), refund_id=refund_id, payment_id=name))

    @rule(which=WHICH)
    def give_back(self, which: int) -> None:
        """An ACH return of all of it, with a return fee."""
        name = f"pay-{which}"
        if name in self.void | self.reversed:
            return
        self.reversed.add(name)
        common = self._common()
        self._tell(
            e.PaymentReturned(
                **common,
                **self._signed(-self.gross.get(name, 10_000), 400),
                return_id=f"ret-{self.number}",
                payment_id=name,
                return_code="R10",
            )
        )

    @rule(which=WHICH, inquiry=st.booleans())
    def dispute(self, which: int, inquiry: bool) -> None:
        name = f"pay-{which}"
        if name in self.void | self.reversed:
            return
        amount = 0 if inquiry else self.gross.get(name, 10_000)
        if amount:
            self.reversed.add(name)
        common = self._common()
        dispute_id = f"dp-{name}" if inquiry else f"dp-{name}-{self.number}"
        if amount:
            self.disputes.append((dispute_id, name, amount))
        self._tell(
            e.DisputeOpened(
                **common,
                **self._signed(-amount, 1_500 if amount else 0),
                dispute_id=dispute_id,
                payment_id=name,
                reason_code="fraudulent",
            )
        )

    @precondition(lambda self: self.disputes)
    @rule(data=st.data(), outcome=st.sampled_from([e.DisputeOutcome.WON, e.DisputeOutcome.LOST]))
    def close_a_dispute(self, data: st.DataObject, outcome: e.DisputeOutcome) -> None:
        dispute = data.draw(st.sampled_from(self.disputes))
        self.disputes.remove(dispute)
        dispute_id, name, amount = dispute
        won = outcome is e.DisputeOutcome.WON
        self._tell(
            e.DisputeClosed(
                **self._common(),
                **self._signed(amount if won else 0, -1_500 if won else 0),
                dispute_id=dispute_id,
                payment_id=name,
                outcome=outcome,
            )
        )
