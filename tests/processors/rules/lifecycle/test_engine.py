"""The one engine: what it lists as changed is what the new state holds, in the order in which it holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules.decisions.decide import decide
from processors.rules.lifecycle.engine import Applied, Arrival, apply_event, apply_payout, reconsider, supersede
from processors.rules.lifecycle.ledger_facts import LedgerFacts, unhindered
from processors.rules.lifecycle.payment_state import PaymentState, event_id_of
from processors.rules.lifecycle.state_changes import EntryAdded, EntryMoved, EntryRedirected, EventResolved
from schemas import events as e
from schemas.identity import identify
from schemas.practice_settings import Timing
from schemas.vocabulary import EntryKind, State, Target
from tests.processors.rules.event_examples import NOON, history, payment, version
from tests.processors.rules.lifecycle import random_events
from tests.processors.rules.lifecycle.memory_ledger import (
    Ledger,
    after,
    charge_item,
    corrected,
    refund,
    void,
)
from tests.processors.rules.lifecycle.random_events import RandomEvents

FACTS = unhindered(history(version()), NOON)


def arrival(event: e.Event, facts: LedgerFacts = FACTS) -> Arrival:
    decision = decide(event, event.occurred_at, facts.history)
    return Arrival(event=event, version=identify(event).version, decision=decision, arrived_at=event.occurred_at)


def apply(*events: e.Event, facts: LedgerFacts = FACTS) -> Applied:
    """The last event's changes, and the state after all."""
    applied = Applied(state=PaymentState(), last_id=0)
    for event in events:
        applied = apply_event(applied.state, arrival(event, facts), facts, applied.last_id)
    return applied


def resolved(applied: Applied) -> list[tuple[str, State | None]]:
    return [(x.event[1], x.waiting) for x in applied.changes if isinstance(x, EventResolved)]


def test_a_refund_before_its_payment_parks_and_is_resolved_with_it() -> None:
    """R-8: the payment's event comes first among the changes, then the refund with its entries, on its own day."""
    parked = apply(refund(-4000, hours=24))
    assert resolved(parked) == [("ev-re-1", State.AWAITING_ORIGINAL)]
    assert parked.state.entries == ()
    applied = apply_event(parked.state, arrival(payment()), FACTS, parked.last_id)
    assert resolved(applied) == [("ev-1", None), ("ev-re-1", None)]
    added = [x.entry for x in applied.changes if isinstance(x, EntryAdded)]
    assert [x.event_id for x in added] == ["ev-1", "ev-1", "ev-re-1"]
    assert [x.effect_id for x in added] == [1, 2, 3]
    assert added[2].instruction.ledger_date == after(24).date()
    assert added[2].due_at == after(24), "due on its own arrival, whatever the payment's"


def test_an_old_version_changes_nothing() -> None:
    """E-7: the state is the very same, and no id is used."""
    newest = apply(payment(), corrected(3))
    applied = apply_event(newest.state, arrival(corrected(2)), FACTS, newest.last_id)
    assert applied.old_version
    assert applied.changes == ()
    assert (applied.state, applied.last_id) == (newest.state, newest.last_id)


def test_what_is_voided_has_the_voids_reason_at_once() -> None:
    """The next event of the same batch reads what the next batch would read from the table."""
    applied = apply(payment(), void())
    moved = [x for x in applied.changes if isinstance(x, EntryMoved)]
    assert {(x.before, x.entry.state, x.reason) for x in moved} == {
        (State.SCHEDULED, State.VOIDED_BEFORE_POST, moved[0].reason)
    }
    assert {x.reason for x in applied.state.entries} == {moved[0].reason}


def test_an_original_that_waits_for_its_fee_is_resolved_by_the_payout() -> None:
    """N-5: the change is the original's, with its entries; the payout is no event of this payment."""
    waiting = apply(payment(fee=None))
    assert resolved(waiting) == [("ev-1", State.AWAITING_FEE)]
    paid = apply_payout(waiting.state, "po-1", [charge_item(10000, 320)], FACTS, waiting.last_id)
    assert resolved(paid) == [("ev-1", None)]
    assert [x.amount_minor for x in paid.state.entries] == [9680, 320]
    failed = apply_payout(paid.state, "po-1", (), FACTS, paid.last_id)
    assert (failed.state.items, failed.changes) == ((), ())


def test_funds_that_are_there_release_what_waits_for_them() -> None:
    """T-13: due now, and only as far as links and the switch allow."""
    facts = unhindered(history(version(timing=Timing.ON_CLEAR)), NOON)
    waiting = apply(payment(), facts=facts)
    assert {x.state for x in waiting.state.entries} == {State.AWAITING_CLEARANCE}
    later = msgspec.structs.replace(facts, now=NOON + timedelta(days=2), linked=frozenset())
    paid = apply_payout(waiting.state, "po-1", [charge_item(10000, 320)], later, waiting.last_id)
    moved = [x for x in paid.changes if isinstance(x, EntryMoved)]
    assert all(x.cleared and x.entry.holds == () and x.entry.due_at == later.now for x in moved)
    assert {x.entry.state for x in moved} == {State.AWAITING_LINK}
    assert reconsider(paid.state, later, paid.last_id).changes == []


def test_nothing_waits_for_an_entry_that_the_route_does_not_write() -> None:
    """B-1: it is skipped, and what would have depended on it depends on nothing."""
    facts = msgspec.structs.replace(FACTS, writes={Target.PMS: frozenset({EntryKind.FEE_ADJUSTMENT})})
    first, second = apply(payment(), facts=facts).state.entries
    assert (first.state, first.entry_kind) == (State.AWAITING_MANUAL_POST, EntryKind.PAYMENT)
    assert second.depends_on == first.effect_id, "a person posts it, and the companion waits for that"


def test_records_from_before_a_failover_are_read_back_first() -> None:
    """Law 4: by the append time of the event's own record."""
    facts = msgspec.structs.replace(FACTS, read_back_before=after(12))
    applied = apply(payment(), refund(-4000, hours=24), facts=facts)
    assert [x.look_first for x in applied.state.entries] == [True, True, False]


def test_a_superseded_report_is_corrected_by_the_next_of_its_version() -> None:
    """B-5: another event reports the money from now on, as a correction would."""
    applied = apply(payment())
    state = supersede(applied.state)
    assert state.reported is not None
    assert (state.reported.version, state.reported.waiting) == (0, None)
    assert state.entries == applied.state.entries
    assert supersede(PaymentState()) == PaymentState()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_changes_are_the_difference_of_the_states(data: st.DataObject) -> None:
    """Whoever writes every change into what was stored before has exactly the new state: INTAKE's rows miss nothing."""
    ledger = Recorded(**data.draw(random_events.settings()))
    events = RandomEvents(ledger, data.draw(random_events.money()), data.draw)
    events.report(events.payment)
    steps = ("refund", "refund_fails", "returned", "disputed", "dispute_closed", "fee_changes", "corrected", "voided")
    for step in data.draw(st.lists(st.sampled_from(steps), max_size=7)):
        getattr(events, step)()
    assert list(ledger.entries.values()) == list(ledger.state.entries)
    for each in (*ledger.state.follow_ups, ledger.state.reported):
        assert each is not None
        assert ledger.waits[event_id_of(each.event)] is each.waiting


class Recorded(Ledger):
    """A ledger that also writes down every change, as INTAKE does."""

    def __init__(self, **chosen: Any) -> None:
        super().__init__(**chosen)
        self.entries: dict[int, Any] = {}
        self.waits: dict[tuple[str, str], State | None] = {}

    def _changed(self, applied: Applied, event: tuple[str, str] | None) -> Any:
        for change in applied.changes:
            if isinstance(change, EventResolved):
                self.waits[change.event] = change.waiting
            elif isinstance(change, EntryAdded):
                assert change.entry.effect_id not in self.entries
                self.entries[change.entry.effect_id] = change.entry
            elif isinstance(change, EntryMoved | EntryRedirected):
                self.entries[change.entry.effect_id] = change.entry
        return super()._changed(applied, event)
