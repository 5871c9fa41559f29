"""What a person may not say about an entry, and in which words it is refused (PROTOCOL section 3, laws 16 and 19)."""

from __future__ import annotations

import pytest

from schemas.practice_settings import ClosedPeriod, Timing
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.queries.waiting_entries import waiting_entries
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, posted
from tests.sinks.operations.entry_commands import MANUAL, apply, plan
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack


def test_a_part_goes_with_the_entry_that_it_hangs_on(manual: LedgerDatabase) -> None:
    """PROTOCOL section 3, N-3: not the fee alone while its payment is open; named together they are one unit."""
    for action in EntryAction:
        (found,) = plan(manual, action, 2)
        assert found.refusal is not None
        assert "is part of e:1" in found.refusal
    assert [each.id for each in plan(manual, EntryAction.RECORD, 2, 1)] == ["e:1"]
    assert manual.states() == ["AWAITING_MANUAL_POST"] * 2


@pytest.mark.parametrize("action", list(EntryAction))
def test_nothing_is_decided_over_a_call_that_is_under_way(database: LedgerDatabase, action: EntryAction) -> None:
    """Laws 16 and 19: SENDING, ACCEPTED, and UNCERTAIN until its call is over for certain; then a person may."""
    database.add()
    database.link()
    database.report(payment())
    for state in ("SENDING", "ACCEPTED"):
        database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = 1", (state,))
        assert apply(database, action, 1).refused == 1
    database.connection.execute(
        "UPDATE effects SET state = 'UNCERTAIN', settle_until = now() + interval '1 minute' WHERE effect_id = 1"
    )
    assert "under way until" in (plan(database, EntryAction.RECORD, 1)[0].refusal or "")
    assert apply(database, action, 1).refused == 1
    assert database.states() == ["UNCERTAIN", "SCHEDULED"]
    assert waiting_entries(database.connection, PRACTICE, None, 10) == []
    database.connection.execute("UPDATE effects SET settle_until = now() - interval '1 second' WHERE effect_id = 1")
    assert [each.id for each in waiting_entries(database.connection, PRACTICE, None, 10)] == ["e:1"]
    assert apply(database, action, 1).refused == (action is EntryAction.POST)


def test_what_is_over_is_refused_with_words(database: LedgerDatabase) -> None:
    """PROTOCOL section 3: POSTED is taken back by a reversing entry only; what nobody knows is named."""
    database.add()
    database.link()
    database.report(payment())
    posted(database, 1, 2)
    for action in (EntryAction.RECORD, EntryAction.DISMISS):
        assert "only an entry that reverses it" in (plan(database, action, 1)[0].refusal or "")
    done = apply(database, EntryAction.RECORD, 1, 77)
    assert (done.refused, "entries list" in (done.items[1].refusal or "")) == (2, True)
    assert database.one("SELECT count(*) FROM audit WHERE starts_with(action, 'entry.')") == 0


def test_a_closed_period_keeps_what_is_made_by_hand(database: LedgerDatabase) -> None:
    """T-9: released into a closed period it would come back at once; opened, it goes out as it was planned."""
    database.add(closed_period=ClosedPeriod.MANUAL, ledger_closed_through=NOON.date(), types=MANUAL)
    database.link()
    database.report(payment())
    assert "books are closed" in (plan(database, EntryAction.POST, 1)[0].refusal or "")
    database.clock.instant = LATER
    database.save(types=MANUAL)
    assert apply(database, EntryAction.POST, 1).refused == 0
    assert database.states() == ["SCHEDULED"] * 2


def test_what_no_route_writes_is_recorded_and_not_posted(database: LedgerDatabase) -> None:
    """NOT_BY_THIS_ROUTE: the office's own program writes no refunds."""
    database.add()
    database.link()
    database.connection.execute("UPDATE connections SET capabilities = '{payment,fee_adjustment}' WHERE target = 'PMS'")
    database.report(payment(), refunded(at=LATER))
    posted(database, 1, 2)
    assert database.states()[2:] == ["AWAITING_MANUAL_POST"]
    assert "cannot write it" in (plan(database, EntryAction.POST, 3)[0].refusal or "")
    assert apply(database, EntryAction.RECORD, 3).refused == 0


def test_what_waits_for_its_money_is_not_posted_by_a_word(database: LedgerDatabase) -> None:
    """T-13: a person may enter it; Writeback waits for the bank."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    database.report(payment())
    assert "waits for its money" in (plan(database, EntryAction.POST, 1)[0].refusal or "")
    assert apply(database, EntryAction.RECORD, 1).refused == 0


def test_who_and_why_are_needed_and_hold_no_card_number(manual: LedgerDatabase) -> None:
    """H-15, C-1."""
    with pytest.raises(ConfigurationError, match="--why"):
        apply(manual, EntryAction.DISMISS, 1, who=order(reason=" "))
    with pytest.raises(ConfigurationError, match="card number"):
        order(reason="paid with 4242 4242 4242 4242")
    with pytest.raises(ConfigurationError, match="no practice"):
        act_on_entries(ledger_of(manual.connection, manual.clock), EntryAction.POST, "nowhere", [1], order(apply=False))
    assert manual.states() == ["AWAITING_MANUAL_POST"] * 2
