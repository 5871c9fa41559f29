"""An older payment that is released between a younger one's stored balance read and its post (law 18, ALL-1).

Charges of 400, 300 and 300. A of 500 waits; B of 350 has read the balance and its poster dies; A is let go. Both are
posted, each on charges that the other does not pay: every way of letting go is one line of `WAYS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.sandbox.faults import Effect, FaultKind
from schemas.events import Funds, PaymentKind
from schemas.practice_settings import (
    Allocation,
    AmountMode,
    Blackout,
    ClosedPeriod,
    Timing,
    TypeMode,
    TypeModes,
    TypeTimings,
)
from schemas.vocabulary import State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from sinks.operations.actions.allocate_entry import allocate_entry
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.named_charges import NamedCharge
from sinks.operations.actions.open_date import post_with_open_date
from streams.fault_injection import Control
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.processors.rules.linked_examples import cleared
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import again
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices
from tests.sinks.poster.test_blackouts_and_closed_periods import Days

pytestmark = pytest.mark.stack
PLAIN: Final[dict[str, Any]] = {"allocation": Allocation.ALLOCATE, "amount": AmountMode.GROSS}
LATER: Final = NOON + timedelta(days=5)


class Story:
    """One office, its three charges, A that waits and B that has read; `days` is their clock."""

    def __init__(self, offices: Offices, folder: Path) -> None:
        self.offices = offices
        self.days = Days(offices, folder, NOON)
        self.office: Office
        self.charges: list[int] = []

    def open(self, **changed: Any) -> None:
        self.office = self.offices.open(**(PLAIN | changed))
        self.charges = self.office.charge("pt-1", 40_000, 30_000, 30_000)

    def a(self, **fields: Any) -> None:
        """The older one, 500.00: a payment at the counter."""
        self.offices.database.report(self.office.pay(gross=50_000, fee=0, occurred_at=self.now, **fields))

    def b(self) -> None:
        """The younger one, 350.00, of another kind; it has read the balance when its poster dies."""
        paid = self.office.pay(gross=35_000, fee=0, occurred_at=self.now, kind=PaymentKind.COLLECTION)
        self.offices.database.report(paid)
        self.until_poster_dies("poster.after_expansion")

    def until_poster_dies(self, where: str) -> None:
        self.offices.process(test_crash_at=where, rehearsal_clock=self.days.file).until_dead()

    @property
    def now(self) -> Any:
        return self.offices.database.clock.instant

    @property
    def ledger(self) -> Any:
        return ledger_of(self.offices.database.connection, self.offices.database.clock)

    def unit(self) -> Any:
        database = self.offices.database
        return unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0)

    def until_a(self, state: State) -> None:
        """A poster runs until A is in this state."""
        self.offices.poster(rehearsal_clock=self.days.file)
        until(lambda: self.office.states()[0] == state, f"A is {state}", show=self.office.shown)
        self.offices.stop_posters()

    def until_posted(self, **poster: Any) -> None:
        self.offices.poster(rehearsal_clock=self.days.file, **poster)
        posted = lambda: len(self.office.states()) >= 4 and set(self.office.states()) == {"POSTED"}  # noqa: E731
        until(posted, "both are posted", show=self.office.shown)
        self.offices.stop_posters()

    def blackout_until(self) -> Any:
        return self.offices.database.one("SELECT blackout_until FROM gates")

    def paid(self) -> list[int]:
        """Cents on each of the three charges, as the office has them."""
        on = self.office.paid_on()
        return [on.get(charge, 0) for charge in self.charges]


LetGo = Callable[[], object]


def cleared_later(story: Story) -> LetGo:
    """T-13: A's money was not in the bank."""
    story.open(timing_by_type=TypeTimings(terminal=Timing.ON_CLEAR))
    story.a(funds=Funds.PENDING)
    said = again(cleared(at=NOON), payment_id=f"{PRACTICE}-pay-1")
    return lambda: story.offices.database.report(said)


def posted_by_hand(story: Story) -> LetGo:
    """POST-2: A's kind waits for approval."""
    story.open(types=TypeModes(terminal=TypeMode.MANUAL))
    story.a()
    return lambda: act_on_entries(story.ledger, EntryAction.POST, PRACTICE, [1], order())


def due_later(story: Story) -> LetGo:
    """T-3: A goes at the cut-off."""
    story.open(timing_by_type=TypeTimings(terminal=Timing.DAILY))
    story.a()
    return lambda: story.days.to(NOON + timedelta(hours=8))


def first_open_date(story: Story) -> LetGo:
    """T-9: A's day was closed, and a person lets it go with the first open one."""
    story.open(ledger_closed_through=NOON.date(), closed_period=ClosedPeriod.HOLD)
    story.a()
    story.until_a(State.BLOCKED_PERIOD)
    story.days.to(LATER)
    return lambda: post_with_open_date(story.ledger, PRACTICE, [1], order())


def allocated_by_hand(story: Story) -> LetGo:
    """N-7: a person names A's charges, and is told what B takes of them."""
    story.open(allocation=Allocation.BY_HAND)
    story.a()
    story.days.to(NOON + timedelta(hours=1))
    story.offices.database.save(**PLAIN)

    def names(*charges: tuple[int, int]) -> Any:
        named = [NamedCharge(str(ref), minor) for ref, minor in charges]
        program = story.offices.world.settings(secret_key=SECRET_TEXT)
        return asyncio.run(allocate_entry(story.ledger, program, PRACTICE, 1, named, order()))

    def let_go() -> None:
        first, second, third = story.charges
        assert [each.due_minor for each in names().open_charges] == [5_000, 30_000, 30_000]
        with pytest.raises(ConfigurationError, match=r"at most 50\.00"):
            names((first, 40_000), (second, 10_000))
        names((first, 5_000), (second, 30_000), (third, 15_000))

    return let_go


def master_on_again(story: Story) -> LetGo:
    """SET-10: A was stopped by the switch. The version that switches it on begins at one, and is applied after B."""
    story.open()
    story.a()
    story.offices.database.save(**PLAIN, master=False)
    story.until_a(State.PAUSED)
    begins = NOON + timedelta(hours=1)
    story.offices.database.save(**PLAIN, effective_from=begins)
    story.days.to(begins)
    return story.offices.database.sweeps.begin_versions


def blackout_over(story: Story) -> LetGo:
    """T-8: A's money arrives in a blackout that began after B was read; both go at its end."""
    story.open(
        timing_by_type=TypeTimings(terminal=Timing.ON_CLEAR), blackouts=(Blackout(begins=time(13), ends=time(14)),)
    )
    story.a(funds=Funds.PENDING)

    def let_go() -> None:
        story.days.to(NOON + timedelta(hours=1, minutes=30))
        story.offices.database.report(again(cleared(at=story.now), payment_id=f"{PRACTICE}-pay-1"))
        story.offices.poster(rehearsal_clock=story.days.file)
        until(lambda: story.blackout_until() is not None, "the gate rests", show=story.office.shown)
        story.offices.stop_posters()
        story.days.to(NOON + timedelta(hours=2))

    return let_go


def redriven_rejected(story: Story) -> LetGo:
    """A was read, sent and refused by the office."""
    return _refused(story, "Amount is invalid", State.REJECTED)


def redriven_invalid(story: Story) -> LetGo:
    """A was read, sent and refused for its mapping."""
    return _refused(story, "PayType is invalid", State.INVALID_CONFIG)


def _refused(story: Story, text: str, dead: State) -> LetGo:
    story.open()
    story.offices.sandbox.open_dental.fault(
        FaultKind.STATUS,
        Effect.NONE,
        status=400,
        text=text,
        account=story.office.customer_key,
        method="POST",
        path="/payments",
        times=1,
    )
    story.a()
    story.until_a(dead)

    def let_go() -> None:
        with story.unit() as unit:
            release(unit, [dead], actor="owner")

    return let_go


WAYS: Final[dict[str, Callable[[Story], LetGo]]] = {
    way.__name__: way
    for way in (
        cleared_later,
        posted_by_hand,
        due_later,
        first_open_date,
        allocated_by_hand,
        master_on_again,
        blackout_over,
        redriven_rejected,
        redriven_invalid,
    )
}


@pytest.mark.parametrize("way", WAYS)
def test_each_charge_is_paid_once(offices: Offices, tmp_path: Path, way: str) -> None:
    """400, 300 and 150 of the three: nothing is refused, and nothing is left as credit beside an open charge."""
    story = Story(offices, tmp_path)
    let_go = WAYS[way](story)
    story.b()
    assert story.office.states()[0] != "POSTED"
    let_go()
    story.until_posted()
    assert story.paid() == [40_000, 30_000, 15_000], story.office.paid_on()
    assert story.office.balance() == 15_000
    assert story.office.doubled() == []


def test_without_waiting_apart_the_office_takes_what_another_pays(offices: Offices, tmp_path: Path) -> None:
    """The control: A's payment takes the whole of the first charge, B's allocation is refused, and its money stays
    beside an open charge."""
    story = Story(offices, tmp_path)
    let_go = cleared_later(story)
    story.b()
    let_go()
    offices.poster(rehearsal_clock=story.days.file, test_controls=Control.ALLOCATION_APART.value)
    until(lambda: "REJECTED" in story.office.states(), "an allocation is refused", show=story.office.shown)
    offices.stop_posters()
