"""Holding, releasing, hurrying and assigning entries, and what changed since a person looked (POST-3, E-15)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.practice_settings import Timing
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import EntriesDone, act_on_entries
from sinks.operations.actions.hold_entries import assign_entries, hold_entries
from sinks.operations.actions.hold_rules import HoldAction
from sinks.operations.queries.waiting_entries import units, waiting_entries
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import begin_sending, post_what_is_due
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack


@pytest.fixture
def paid(database: LedgerDatabase) -> LedgerDatabase:
    """A payment of 96.80 and its fee of 3.20, due tonight."""
    database.add(timing=Timing.DAILY)
    database.link()
    database.report(payment())
    return database


def hold(database: LedgerDatabase, action: HoldAction, *ids: int, seen: dict[int, str] | None = None) -> EntriesDone:
    return hold_entries(ledger_of(database.connection, database.clock), action, PRACTICE, ids, order(), seen or {})


def states(database: LedgerDatabase) -> list[str]:
    return [row[0] for row in database.rows("SELECT state FROM effects ORDER BY effect_id")]


def version(database: LedgerDatabase, number: int) -> str:
    return units(database.connection, PRACTICE, [number], None)[0].version


def test_what_is_held_does_not_go_out_until_it_is_released(paid: LedgerDatabase) -> None:
    """Its fee with it (N-3); the reason that was planned stays, and the list says who holds it."""
    before = paid.rows("SELECT reason, due_at FROM effects ORDER BY effect_id")
    assert hold(paid, HoldAction.HOLD, 1).refused == 0
    assert states(paid) == ["AWAITING_MANUAL_POST"] * 2
    paid.clock.instant += timedelta(days=2)
    assert post_what_is_due(paid, PRACTICE) == 0
    assert [each.held_by for each in waiting_entries(paid.connection, PRACTICE, None, 9)] == ["Ada", "Ada"]
    assert hold(paid, HoldAction.RELEASE, 1).refused == 0
    assert [reason for reason, _ in paid.rows("SELECT reason, due_at FROM effects ORDER BY effect_id")] == [
        reason for reason, _ in before
    ]
    assert post_what_is_due(paid, PRACTICE) == 2
    trail = [row[0] for row in paid.rows("SELECT action FROM audit WHERE action LIKE 'entry.%%' ORDER BY n")]
    assert trail == ["entry.hold", "entry.release"]


def test_a_preview_holds_nothing(paid: LedgerDatabase) -> None:
    ledger = ledger_of(paid.connection, paid.clock)
    done = hold_entries(ledger, HoldAction.HOLD, PRACTICE, [1], order(reason="", apply=False))
    assert [state.value for state in done.items[0].states] == ["AWAITING_MANUAL_POST"] * 2
    assert states(paid) == ["SCHEDULED"] * 2
    assert paid.rows("SELECT count(*) FROM entry_care") == [(0,)]


def test_what_is_on_its_way_or_over_is_not_held(paid: LedgerDatabase) -> None:
    paid.clock.instant += timedelta(days=2)
    begin_sending(paid, PRACTICE, 1)
    assert "under way" in str(hold(paid, HoldAction.HOLD, 1).items[0].refusal)
    assert "nobody holds it" in str(hold(paid, HoldAction.RELEASE, 2).items[0].refusal)
    assert "no such entry" in str(hold(paid, HoldAction.HOLD, 99).items[0].refusal)
    assert states(paid)[0] == "SENDING"


def test_a_retry_is_hurried_and_nothing_else_is(paid: LedgerDatabase) -> None:
    assert "waits for no other try" in str(hold(paid, HoldAction.RETRY, 1).items[0].refusal)
    begin_sending(paid, PRACTICE, 1)
    later = paid.clock.instant + timedelta(hours=9)
    paid.connection.execute("UPDATE effects SET state = 'RETRYING', due_at = %s WHERE effect_id = 1", (later,))
    assert hold(paid, HoldAction.RETRY, 1).refused == 0
    assert paid.rows("SELECT state, due_at FROM effects WHERE effect_id = 1") == [("RETRYING", paid.clock.instant)]


def test_what_changed_since_it_was_looked_at_is_refused(paid: LedgerDatabase) -> None:
    """E-15: two people act on what they saw; the second is told, in words, and nothing happens twice."""
    saw = {1: version(paid, 1)}
    assert hold(paid, HoldAction.HOLD, 1, seen=saw).refused == 0
    second = hold(paid, HoldAction.RELEASE, 1, seen=saw).items[0]
    assert second.refusal == "e:1 was changed since you looked at it, and is AWAITING_MANUAL_POST now: look at it again"
    ledger = ledger_of(paid.connection, paid.clock)
    recorded = act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], order(), seen=saw)
    assert recorded.refused == 1
    assert states(paid) == ["AWAITING_MANUAL_POST"] * 2
    now = {1: version(paid, 1)}
    assert act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], order(), seen=now).refused == 0
    assert states(paid) == ["RECORDED_MANUALLY"] * 2


def test_a_version_is_looked_at_under_the_lock(paid: LedgerDatabase) -> None:
    """The control: without the versions the second order is carried out on what it never saw."""
    hold(paid, HoldAction.HOLD, 1, seen={1: version(paid, 1)})
    assert hold(paid, HoldAction.RELEASE, 1).refused == 0


def test_a_colleague_sees_to_it(paid: LedgerDatabase) -> None:
    ledger = ledger_of(paid.connection, paid.clock)
    hold(paid, HoldAction.HOLD, 1)
    assert assign_entries(ledger, PRACTICE, [1, 77], "Grace", order()).refused == 1
    assert [each.assigned_to for each in waiting_entries(paid.connection, PRACTICE, None, 9)] == ["Grace", None]
    assign_entries(ledger, PRACTICE, [1], "", order())
    assert {each.assigned_to for each in waiting_entries(paid.connection, PRACTICE, None, 9)} == {None}
