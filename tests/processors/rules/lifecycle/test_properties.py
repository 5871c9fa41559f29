"""Properties of random payments: no cent is lost, none comes from nowhere, nothing waits for ever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules.lifecycle.booking_terms import is_voided
from processors.rules.lifecycle.entries import REFUND_EVENTS, classify_entries
from processors.rules.lifecycle.given_back import refunded_gross
from processors.rules.lifecycle.payment_state import EntryState
from schemas.bookkeeping.companion import share_until
from schemas.plan import PartKey
from schemas.vocabulary import EntryKind, State
from tests.processors.rules.lifecycle import random_events
from tests.processors.rules.lifecycle.memory_ledger import Ledger, refund
from tests.processors.rules.lifecycle.random_events import RandomEvents
from tests.processors.rules.lifecycle.test_any_order import still_open

STEPS = (
    "refund",
    "refund",
    "refund_fails",
    "returned",
    "disputed",
    "dispute_closed",
    "fee_changes",
    "corrected",
    "voided",
    "posted",
    "partly_posted",
)
REFUND_STEPS = tuple(step for step in STEPS if step not in ("corrected", "voided", "fee_changes"))


def random_events_of(data: st.DataObject, steps: tuple[str, ...] = STEPS, *, mirrored: bool = False) -> RandomEvents:
    ledger = Ledger(**data.draw(random_events.settings(mirrored=mirrored)))
    payment = data.draw(random_events.money())
    events = RandomEvents(ledger, payment, data.draw)
    events.report(payment)
    for step in data.draw(st.lists(st.sampled_from(steps), max_size=8)):
        getattr(events, step)()
    return events


def _first(ledger: Ledger, entry: EntryState) -> EntryState:
    """What an entry waits for in the end."""
    return entry if entry.depends_on is None else _first(ledger, ledger.entry(entry.depends_on))


def by_part(ledger: Ledger, *but: EntryKind) -> dict[str, int]:
    sums: dict[str, int] = {}
    for entry in ledger.standing():
        if entry.entry_kind not in but:
            place = PartKey.parse(entry.part).place
            sums[place] = sums.get(place, 0) + entry.amount_minor
    return sums


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_n3_r15_conservation(data: st.DataObject) -> None:
    """N-3 B, R-15: payments and companions that stand are what was paid toward the balance less what was given back,
    in every mode with the companion on; after a void they are nothing."""
    ledger = random_events_of(data).ledger
    if is_voided(ledger.state):
        assert ledger.stands is not None
        assert refunded_gross(ledger.state) >= ledger.stands.gross_minor or ledger.applied() == 0
        return
    assert ledger.applied() == _toward_the_balance(ledger)


def _toward_the_balance(ledger: Ledger) -> int:
    """By the facts alone: the payment as it stands, less its surcharge, and what was given back and brought back of
    that, each with its share of the surcharge by cumulative rounding (R-16). What nothing is left for at its place
    counts after what brought money back; what only its own failure brings back counts with that (R-17)."""
    stands = ledger.stands
    if stands is None:
        return 0
    gross, surcharge = stands.gross_minor, stands.surcharge_minor
    gone = gone_surcharge = 0
    given: dict[str, tuple[int, int]] = {}
    total = gross - surcharge
    counted = [x.event for x in ledger.state.follow_ups if x.waiting is None and isinstance(x.event, REFUND_EVENTS)]
    left = sorted(counted, key=lambda event: event.occurred_at)
    while left:
        first = next(x for x in left if x.gross_minor <= 0 or _subject(x) in given)
        event = next((x for x in left if _fits(x, gross - gone, given)), first)
        left.remove(event)
        if event.gross_minor > 0:
            taken, of_that = given[_subject(event)]
            counts = share_until(of_that, event.gross_minor, taken)
        else:
            due = share_until(surcharge, min(gone - event.gross_minor, gross), gross) - gone_surcharge
            counts = event.gross_minor + min(max(due, 0), -event.gross_minor)
            given.setdefault(_subject(event), (-event.gross_minor, -counts))
        gone -= event.gross_minor
        gone_surcharge -= event.gross_minor - counts
        total += counts
    return total


def _fits(event: Any, left: int, given: dict[str, tuple[int, int]]) -> bool:
    return _subject(event) in given if event.gross_minor > 0 else -event.gross_minor <= left


def _subject(event: Any) -> str:
    names = ("refund_id", "return_id", "dispute_id")
    return next(str(getattr(event, name)) for name in names if hasattr(event, name))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_n3_payments_are_the_banks(data: st.DataObject) -> None:
    """N-3 A: in NET the cash entries that stand add up to the net of the events that count."""
    events = random_events_of(data, (*REFUND_STEPS, "fee_changes"))
    ledger = events.ledger
    reported = ledger.state.reported
    assert reported is not None
    if reported.settings.amount.value == "GROSS" or any(
        x.reason.value == "REFUNDED_BEFORE_POST" for x in ledger.state.entries
    ):
        return
    counted = [x.event for x in ledger.state.follow_ups if x.waiting is None]
    moved = [x for x in counted if isinstance(x, REFUND_EVENTS)]
    net = events.payment.gross_minor - events.fee + sum(x.net_minor for x in moved)
    assert ledger.cash() == net


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_r5_a_mirrored_refund_ends_at_nothing(data: st.DataObject) -> None:
    """R-5: however it is cut up, a payment that is given back whole leaves no cent of what was posted."""
    events = random_events_of(data, tuple(x for x in REFUND_STEPS if x != "dispute_closed"), mirrored=True)
    ledger = events.ledger
    left = events.payment.gross_minor - refunded_gross(ledger.state)
    if left:
        ledger.report(refund(-left, 0, 500, ref="rest"))
    assert refunded_gross(ledger.state) == events.payment.gross_minor
    assert set(by_part(ledger).values()) <= {0}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_r2_the_last_refund_takes_the_rest(data: st.DataObject) -> None:
    """R-2, R-16: cumulative rounding totals exactly, in each part; a cent more is for a person."""
    events = random_events_of(data, REFUND_STEPS)
    ledger = events.ledger
    left = events.payment.gross_minor - refunded_gross(ledger.state)
    if left:
        ledger.report(refund(-left, 0, 500, ref="rest"))
    assert set(by_part(ledger).values()) <= {0}
    before = ledger.rows()
    change = ledger.report(refund(-1, 0, 501, ref="more"))
    assert change.waiting is State.AWAITING_REVIEW
    assert ledger.rows() == before


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_law2_nothing_waits_for_what_is_voided(data: st.DataObject) -> None:
    """Law 2: what is due depends on nothing that will never be posted, and each effect's key stands once (E-1)."""
    ledger = random_events_of(data).ledger
    for entry in ledger.standing():
        if entry.state is not State.POSTED and entry.depends_on is not None:
            assert ledger.entry(entry.depends_on).state is not State.VOIDED_BEFORE_POST
    ledger.post()
    for entry in ledger.state.entries:
        assert entry.state is not State.SCHEDULED or _first(ledger, entry).state is State.AWAITING_MANUAL_POST


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_r7_a_void_leaves_nothing_in_any_part(data: st.DataObject) -> None:
    """R-7: whatever happened, after a void the parts that were not given back whole stand at nothing."""
    events = random_events_of(data)
    events.voided()
    ledger = events.ledger
    if refunded_gross(ledger.state) < events.payment.gross_minor:
        assert set(by_part(ledger).values()) <= {0}


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_r8_any_order_of_arrival(data: st.DataObject) -> None:
    """R-8, R-17: what comes before its payment parks and is then resolved in the order in which it happened, however it
    came: the same figures as if it had come in order after it. Where more was given back than was paid, which of it
    stands may differ."""
    chosen = data.draw(random_events.settings())
    payment = data.draw(random_events.money())
    events = RandomEvents(Ledger(**chosen), payment, data.draw)
    events.report(payment)
    steps = tuple(step for step in REFUND_STEPS if "posted" not in step)
    for step in data.draw(st.lists(st.sampled_from((*steps, "voided")), max_size=6)):
        getattr(events, step)()
    late = Ledger(**chosen)
    late.report(*data.draw(st.permutations(events.reported[1:])))
    late.report(payment)
    assert _nonzero(by_part(late)) == _nonzero(by_part(events.ledger))
    assert late.cash() == events.ledger.cash()
    assert still_open(late) == still_open(events.ledger)
    if not events.ledger.ever_held:
        assert _written(late) == _written(events.ledger)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_e2_reported_again_it_changes_nothing(data: st.DataObject) -> None:
    """E-2, law 2: a payment whose events are reported again is the same."""
    events = random_events_of(data)
    before = events.ledger.state
    events.ledger.report(*events.reported)
    assert events.ledger.state == before


@pytest.mark.parametrize("step", [step for step in STEPS if "posted" not in step])
def test_every_step_can_happen(step: str) -> None:
    """The random payments above are not empty: each kind of step changes some payment."""
    found = []

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.data())
    def happens(data: st.DataObject) -> None:
        events = random_events_of(data, ("posted", "refund", "disputed"))
        before = events.ledger.state
        getattr(events, step)()
        found.append(events.ledger.state.entries != before.entries)

    happens()
    assert any(found)


def _written(ledger: Ledger) -> list[tuple[Any, ...]]:
    lines = classify_entries(ledger.state)
    return sorted(
        (x.entry.event_id, x.entry.entry_kind.value, x.entry.part, x.entry.amount_minor, x.entry.state.value)
        for x in lines
    )


def _nonzero(sums: dict[str, int]) -> dict[str, int]:
    return {part: amount for part, amount in sums.items() if amount}
