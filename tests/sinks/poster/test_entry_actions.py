"""A person's action on an entry beside a real poster: recorded is never posted, released is posted once (POST-2)."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from schemas.practice_settings import AmountMode, TypeMode
from sinks.ledger.schema.database import connect
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import EntriesDone, act_on_entries
from tests.processors.rules.event_examples import PRACTICE, modes
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Offices
from tests.sinks.poster.test_safety_devices import WAITS_FOR_A_LOCK, database, mark  # noqa: F401
from tests.worlds import World

pytestmark = pytest.mark.stack
WHO = order()


def apply_action(database: LedgerDatabase, action: EntryAction, *ids: int, connection: Any = None) -> EntriesDone:  # noqa: F811
    chosen = connection or database.connection
    return act_on_entries(ledger_of(chosen, database.clock), action, PRACTICE, ids, WHO)


def test_recorded_is_never_posted_and_released_is_posted_once(offices: Offices) -> None:
    """POST-2, POST-3, guarantee 2: three payments by hand: one recorded, one dismissed, one released with its fee."""
    office = offices.open(types=modes(terminal=TypeMode.MANUAL))
    offices.database.report(office.pay(), office.pay(), office.pay())
    assert office.states() == ["AWAITING_MANUAL_POST"] * 6
    offices.poster()
    apply_action(offices.database, EntryAction.RECORD, 1)
    apply_action(offices.database, EntryAction.DISMISS, 3)
    apply_action(offices.database, EntryAction.POST, 5)
    ended = ("RECORDED_MANUALLY", "RECORDED_MANUALLY", "DISMISSED", "DISMISSED")
    office.until_states(*ended, "POSTED", "POSTED")
    assert apply_action(offices.database, EntryAction.POST, 1, 3, 5).refused == 3
    offices.stop_posters()
    assert [cents for _, cents in office.payments()] == [9_680]
    assert [abs(cents) for _, cents in office.adjustments()] == [320]
    assert office.doubled() == []


def test_an_entry_recorded_while_the_poster_was_down_is_not_posted(offices: Offices) -> None:
    """POST-3: a person entered it at the office meanwhile."""
    office = offices.open()
    offices.database.report(office.pay(), office.pay())
    apply_action(offices.database, EntryAction.RECORD, 1)
    offices.poster()
    office.until_states("RECORDED_MANUALLY", "RECORDED_MANUALLY", "POSTED", "POSTED")
    offices.stop_posters()
    assert len(office.payments()) == 1


def _in_thread(act: Any) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    return thread, found


def test_a_mark_that_comes_first_wins_over_a_record(database: LedgerDatabase, world: World) -> None:  # noqa: F811
    """Law 16: the call starts at the mark's commit, so a record that waited for it is refused."""
    with psycopg.connect(world.database_url) as marking, connect(world.database_url, "test") as person:
        assert mark(marking, 1) != []
        thread, found = _in_thread(lambda: apply_action(database, EntryAction.RECORD, 1, connection=person))
        until(lambda: database.rows(WAITS_FOR_A_LOCK), "the record waits for the mark")
        marking.commit()
        thread.join(WITHIN_S)
    assert found[0].refused == 1
    assert "under way" in (found[0].items[0].refusal or "")
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "SENDING"


def test_a_record_that_comes_first_wins_over_a_mark(database: LedgerDatabase, world: World) -> None:  # noqa: F811
    """PROTOCOL section 2: the mark waits for the person's transaction and then marks nothing of it."""
    with connect(world.database_url, "test") as person, psycopg.connect(world.database_url) as marking:
        with person.transaction():
            assert apply_action(database, EntryAction.RECORD, 1, connection=person).refused == 0
            thread, found = _in_thread(lambda: mark(marking, 1))
            until(lambda: database.rows(WAITS_FOR_A_LOCK), "the mark waits for the record")
        thread.join(WITHIN_S)
        marking.commit()
    assert found == [[]]
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "RECORDED_MANUALLY"


def test_a_person_and_a_poster_at_once_end_each_entry_once(offices: Offices) -> None:
    """Guarantee 2, law 16: forty payments are due; while they are posted a person records them from the far end."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(*(office.pay(f"pt-{number % 4}") for number in range(40)))
    offices.poster()
    until(lambda: "POSTED" in office.states(), "the poster is at work", show=office.shown)
    recorded = [
        number for number in range(40, 0, -1) if apply_action(offices.database, EntryAction.RECORD, number).refused == 0
    ]
    office.until_states(*("RECORDED_MANUALLY" if number in recorded else "POSTED" for number in range(1, 41)))
    offices.stop_posters()
    assert len(office.payments()) == 40 - len(recorded)
    assert len(office.payments()) == 40 - len(recorded)
    assert office.doubled() == []
    assert offices.database.one("SELECT count(*) FROM audit WHERE action = 'entry.record'") == len(recorded)
