"""A payment's life as chance tells it: every kind of event in any order, twice, late, with settings that change under
it, batches that are lost before their commit, and a poster that posts whatever it likes (the machine's rules).

After every step the laws in `conservation` hold. The machine predicts no decision: what was accepted is read from the
ledger, and what is checked is that money adds up and that nothing that stands is ever touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from processors.judging import judge
from schemas import events as e
from schemas.codec import encode_event
from schemas.practice_settings import AmountMode, FeeAdjustment, RefundBeforePost, Timing, TypeModes
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import SourcePosition, Writeback
from streams.crash_points import CrashPoint
from tests.processors.told import NOON, item, payment, payout
from tests.sinks.ledger.books import SOURCE_ID, Book
from tests.sinks.ledger.conservation import digests, laws
from tests.sinks.ledger.posting_by_hand import answered, begin_sending, next_due, post_what_is_due

KINDS = [
    *("payment", "fee_adjustment", "refund", "return", "dispute_hold", "dispute_release", "reversal"),
    *("charge", "charge_reversal", "payout", "payout_reversal"),
]
PAYMENTS = 2
GROSS = st.sampled_from((10_000, 9_000, 14_000, 333))
PART = st.sampled_from((1, 2, 3))
WHICH = st.integers(0, PAYMENTS - 1)


class Lost(Exception):  # noqa: N818 - what befalls a batch
    """The process died before its commit."""


class PaymentsLife(RuleBasedStateMachine):
    """One practice with a few payments, in a ledger that it shares with the practices of other examples."""

    lives = 0

    def __init__(self, book: Book) -> None:
        super().__init__()
        PaymentsLife.lives += 1
        self.book = book
        self.practice = f"life-{PaymentsLife.lives}"
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
        self.book.clock.instant = NOON
        self.book.add(self.practice, amount=amount, fee_adjustment=companion, timing=first, cut_off=EVENING)
        self.book.connection.execute(
            "UPDATE connections SET capabilities = %s WHERE home_practice_id = %s AND target = 'PMS'",
            (KINDS, self.practice),
        )
        for patient in ("pt-1", "pt-2"):
            self.book.link(patient, self.practice)
        self.gross["pay-0"], self.versions["pay-0"] = 10_000, 1
        self._tell(self._payment("pay-0", 10_000, 300, split=False))

    # --- what upstream tells

    def _tell(self, event: e.Event) -> None:
        self.sent.append((self._place(event), event))
        self.waiting.append(self._decided(*self.sent[-1]))

    def _place(self, event: e.Event) -> SourcePosition:
        self.book.source_offset += 1
        return SourcePosition(
            topic=STREAM_TOPICS[event.stream].value,
            topic_id=SOURCE_ID,
            partition=0,
            offset=self.book.source_offset,
            appended_at=self.book.clock.instant,
        )

    def _decided(self, position: SourcePosition, event: e.Event) -> Writeback:
        said = judge(position, event.practice_id.encode(), encode_event(event), self.book.history)
        if not isinstance(said, Writeback):
            raise TypeError(f"refused: {said.reason} {said.field}")
        return said

    def _common(self, name: str | None = None) -> dict[str, Any]:
        self.number += 1
        at = self.book.clock.instant
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
        at = self.book.clock.instant
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
        at = self.book.clock.instant
        self._tell(e.PaymentCleared(**self._common(), payment_id=f"pay-{which}", cleared_at=at))

    @rule(which=WHICH)
    def pay_out(self, which: int) -> None:
        gross = self.gross.get(f"pay-{which}", 10_000)
        line = item(1, gross, gross * 3 // 100, payment_id=f"pay-{which}")
        at = self.book.clock.instant
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

    # --- what befalls it on the way

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), other=st.booleans())
    def tell_again(self, data: st.DataObject, other: bool) -> None:
        """The same event, or the same money under another event id (E-1)."""
        _, event = data.draw(st.sampled_from(self.sent))
        if other and not isinstance(event, e.PayoutPaid | e.PaymentCleared):
            fields = {field: getattr(event, field) for field in event.__struct_fields__}
            self.number += 1
            event = type(event)(**(fields | {"event_id": f"ev-{self.number}-again"}))
        self._tell(event)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        """Some of what is on its way, in any order, as one batch."""
        order = data.draw(st.permutations(self.waiting))
        count = data.draw(st.integers(1, len(order)))
        self.waiting = list(order[count:])
        self.book.store(*order[:count])

    @precondition(lambda self: self.waiting)
    @rule(post=st.booleans())
    def everything_arrives(self, post: bool) -> None:
        """In the order in which it was told; the poster may be quick."""
        self.book.store(*self.waiting)
        self.waiting = []
        if post:
            post_what_is_due(self.book, self.practice)

    @precondition(lambda self: self.waiting)
    @rule()
    def lose_a_batch(self) -> None:
        """It dies before the commit: nothing of it is there, and it comes again."""
        before = digests(self.book, self.practice)
        with patch("sinks.ledger.batch.reach", _die), pytest.raises(Lost):
            self.book.store(*self.waiting)
        self.book.reopen()
        assert digests(self.book, self.practice) == before, "a batch that was never committed left something"

    @rule()
    def replay(self) -> None:
        """From offset 0, decided under the settings that are known now: nothing changes (law 2)."""
        stored = [each for each in self.sent if each[0].offset not in {w.position.offset for w in self.waiting}]
        before = digests(self.book, self.practice)
        again = [self._decided(*each) for each in stored]
        if again:
            self.book.store(*again)
        assert digests(self.book, self.practice) == before, "a replay changed the ledger"

    @rule(
        amount=st.sampled_from(AmountMode),
        companion=st.sampled_from(FeeAdjustment),
        timing=st.sampled_from(Timing),
        before=st.sampled_from(RefundBeforePost),
        terminal=st.sampled_from(["AUTO", "AUTO", "MANUAL", "OFF"]),
        master=st.sampled_from([True] * 7 + [False]),
    )
    def change_settings(
        self,
        amount: AmountMode,
        companion: FeeAdjustment,
        timing: Timing,
        before: RefundBeforePost,
        terminal: Any,
        master: bool,
    ) -> None:
        self._pass(timedelta(seconds=1))
        self.book.save(
            self.practice,
            amount=amount,
            fee_adjustment=companion,
            timing=timing,
            refund_before_post=before,
            types=TypeModes(terminal=terminal),
            master=master,
            cut_off=EVENING,
        )
        self._pass(timedelta(seconds=1))
        # What was decided and not stored is decided again by a worker that has the new history; either may arrive.

    @rule(hours=st.sampled_from([1, 7, 24]))
    def pass_time(self, hours: int) -> None:
        self._pass(timedelta(hours=hours))

    def _pass(self, time: timedelta) -> None:
        self.book.clock.instant += time

    # --- what the poster does

    @rule(most=st.sampled_from([1, 2, 100]))
    def post(self, most: int) -> None:
        post_what_is_due(self.book, self.practice, most)

    @precondition(lambda self: self.in_doubt is None)
    @rule()
    def send_without_an_answer(self) -> None:
        found = next_due(self.book, self.practice)
        if found is not None:
            self.in_doubt = found[0]
            begin_sending(self.book, self.practice, found[0])

    @precondition(lambda self: self.in_doubt is not None)
    @rule()
    def the_answer_comes(self) -> None:
        if self.in_doubt is not None:
            answered(self.book, self.practice, self.in_doubt, f"late/{self.in_doubt}")
            self.in_doubt = None

    # --- what is always true

    @invariant()
    def the_laws_hold(self) -> None:
        """N-3, R-1, R-2, R-15, E-1."""
        laws(self.book, self.practice, self.standing)

    def teardown(self) -> None:
        """Everything arrives, everything is posted, and a last replay changes nothing."""
        if self.waiting:
            self.book.store(*self.waiting)
            self.waiting = []
        if self.in_doubt is not None:
            self.the_answer_comes()
        self._pass(timedelta(days=3))
        post_what_is_due(self.book, self.practice)
        self.the_laws_hold()
        self.replay()


EVENING = datetime(2026, 3, 4, 18, 0).time()  # noqa: DTZ001 - a local wall time


def _die(point: object) -> None:
    if point is CrashPoint.INTAKE_BEFORE_COMMIT:
        raise Lost


def run_lives(book: Book, *, examples: int, steps: int, phases: tuple[Phase, ...] = (Phase.generate,)) -> None:
    """So many lives of so many steps each, in one ledger. Without Phase.shrink a failure takes as long as a pass."""

    class Here(PaymentsLife):
        def __init__(self) -> None:
            super().__init__(book)

    chosen = settings(max_examples=examples, stateful_step_count=steps, phases=phases)
    run_state_machine_as_test(Here, settings=chosen)
