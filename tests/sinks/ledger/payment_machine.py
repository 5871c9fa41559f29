"""A payment's life as chance tells it: every kind of event in any order, twice, late, with settings that change under
it, batches that are lost before their commit, and a poster that posts whatever it likes (the machine's rules).

After every step the laws in `conservation` hold. The machine predicts no decision: what was accepted is read from the
ledger, and what is checked is that money adds up and that nothing that stands is ever touched.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from schemas import events as e
from schemas.practice_settings import AmountMode, FeeAdjustment, RefundBeforePost, Timing, TypeModes
from streams.fault_injection import CrashPoint
from tests.sinks.ledger.conservation import digests, laws
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import answered, begin_sending, next_due, post_what_is_due
from tests.sinks.ledger.random_events import EVENING, ToldByChance


class Lost(Exception):  # noqa: N818 - what befalls a batch
    """The process died before its commit."""


class PaymentsLife(ToldByChance):
    """What befalls those events on their way, what the poster does meanwhile, and what is true after every step."""

    # --- what befalls it on the way

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), other=st.booleans())
    def report_again(self, data: st.DataObject, other: bool) -> None:
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
        self.database.store(*order[:count])

    @precondition(lambda self: self.waiting)
    @rule(post=st.booleans())
    def everything_arrives(self, post: bool) -> None:
        """In the order in which it was told; the poster may be quick."""
        self.database.store(*self.waiting)
        self.waiting = []
        if post:
            post_what_is_due(self.database, self.practice)

    @precondition(lambda self: self.waiting)
    @rule()
    def lose_a_batch(self) -> None:
        """It dies before the commit: nothing of it is there, and it comes again."""
        before = digests(self.database, self.practice)
        with patch("sinks.ledger.intake.batch.reach", _die), pytest.raises(Lost):
            self.database.store(*self.waiting)
        self.database.reopen()
        assert digests(self.database, self.practice) == before, "a batch that was never committed left something"

    @rule()
    def replay(self) -> None:
        """From offset 0, decided under the settings that are known now: nothing changes (law 2)."""
        stored = [each for each in self.sent if each[0].offset not in {w.position.offset for w in self.waiting}]
        before = digests(self.database, self.practice)
        again = [self._decided(*each) for each in stored]
        if again:
            self.database.store(*again)
        assert digests(self.database, self.practice) == before, "a replay changed the ledger"

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
        self.database.save(
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
        self.database.clock.instant += time

    # --- what the poster does

    @rule(most=st.sampled_from([1, 2, 100]))
    def post(self, most: int) -> None:
        post_what_is_due(self.database, self.practice, most)

    @precondition(lambda self: self.in_doubt is None)
    @rule()
    def send_without_an_answer(self) -> None:
        found = next_due(self.database, self.practice)
        if found is not None:
            self.in_doubt = found[0]
            begin_sending(self.database, self.practice, found[0])

    @precondition(lambda self: self.in_doubt is not None)
    @rule()
    def the_answer_comes(self) -> None:
        if self.in_doubt is not None:
            answered(self.database, self.practice, self.in_doubt, f"late/{self.in_doubt}")
            self.in_doubt = None

    # --- what is always true

    @invariant()
    def the_laws_hold(self) -> None:
        """N-3, R-1, R-2, R-15, E-1."""
        laws(self.database, self.practice, self.standing)

    def teardown(self) -> None:
        """Everything arrives, everything is posted, and a last replay changes nothing."""
        if self.waiting:
            self.database.store(*self.waiting)
            self.waiting = []
        if self.in_doubt is not None:
            self.the_answer_comes()
        self._pass(timedelta(days=3))
        post_what_is_due(self.database, self.practice)
        self.the_laws_hold()
        self.replay()


def _die(point: object) -> None:
    if point is CrashPoint.INTAKE_BEFORE_COMMIT:
        raise Lost


def run_lives(
    database: LedgerDatabase, *, examples: int, steps: int, phases: tuple[Phase, ...] = (Phase.generate,)
) -> None:
    """So many lives of so many steps each, in one ledger. Without Phase.shrink a failure takes as long as a pass."""

    class Here(PaymentsLife):
        def __init__(self) -> None:
            super().__init__(database)

    chosen = settings(max_examples=examples, stateful_step_count=steps, phases=phases)
    run_state_machine_as_test(Here, settings=chosen)
