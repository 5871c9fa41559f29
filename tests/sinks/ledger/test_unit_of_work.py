"""A unit of work: locks in their order, the time after them, one statement that moves, and what a move owes."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import psycopg
import pytest

from schemas.codec import decode_result
from schemas.vocabulary import DecisionReason, State
from sinks.ledger.effect_moves import Clears, Move, move_effects, move_of
from sinks.ledger.rows.fetch import fetch_value, fetch_values
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.transitions import REFUSED_SQLSTATE
from sinks.ledger.unit_of_work import unit_of_work
from streams.runtime.clock import SystemClock
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = pytest.mark.stack


def paid(database: LedgerDatabase) -> None:
    """A payment without a link: two entries wait for it."""
    database.add()
    database.report(payment())
    database.connection.execute("DELETE FROM outbox")


def published(database: LedgerDatabase) -> list[tuple[str, str | None]]:
    values = fetch_values(database.connection, "SELECT value FROM outbox ORDER BY enqueued")
    results = [decode_result(value) for value in values]
    return [(str(result.state), None if result.reason is None else str(result.reason)) for result in results]


def test_a_move_changes_what_it_names_and_nothing_else(database: LedgerDatabase) -> None:
    paid(database)
    before = database.rows("SELECT * FROM effects ORDER BY effect_id")
    later = NOON + timedelta(hours=1)
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        first, second = unit.lock_effects([1, 2])
        unit.move(
            [
                move_of(first, State.PAUSED, reason=DecisionReason.MASTER_OFF, due_at=later, redrives=3, generation=2),
                move_of(second, State.AWAITING_REVIEW, holds=(State.AWAITING_REVIEW,), clears=(Clears.DEPENDS_ON,)),
            ]
        )
    columns = [column.name for column in database.connection.execute("SELECT * FROM effects LIMIT 0").description or ()]
    changed = [
        {name: new for name, old, new in zip(columns, *pair, strict=True) if old != new}
        for pair in zip(before, database.rows("SELECT * FROM effects ORDER BY effect_id"), strict=True)
    ]
    assert changed == [
        {"state": "PAUSED", "reason": "MASTER_OFF", "due_at": later, "redrives": 3, "generation": 2},
        {"state": "AWAITING_REVIEW", "holds": ["AWAITING_REVIEW"], "depends_on": None},
    ]


def test_a_column_that_a_move_clears_is_null(database: LedgerDatabase) -> None:
    paid(database)
    database.connection.execute(
        "UPDATE effects SET payload = 'x', payload_digest = 'y', failing_since = now(), planned_reason = 'AUTO_DAILY'"
    )
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        (second,) = unit.lock_effects([2])
        unit.move([move_of(second, second.state, clears=tuple(Clears))])
    assert database.rows(
        "SELECT payload, payload_digest, failing_since, planned_reason, depends_on FROM effects"
        " ORDER BY effect_id DESC LIMIT 1"
    ) == [(None, None, None, None, None)]
    assert database.rows("SELECT payload, planned_reason FROM effects WHERE effect_id = 1") == [(b"x", "AUTO_DAILY")]


def test_a_pair_that_the_table_does_not_have_is_refused_before_the_database(database: LedgerDatabase) -> None:
    paid(database)
    with (
        pytest.raises(Permanent, match="AWAITING_LINK > SENDING"),
        unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit,
    ):
        unit.move([move_of(effect, State.SENDING) for effect in unit.lock_effects([1])])
    with pytest.raises(psycopg.Error) as refused:
        database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    assert refused.value.sqlstate == REFUSED_SQLSTATE


def test_an_effect_that_is_not_as_it_was_found_stops_everything(database: LedgerDatabase) -> None:
    """Better stop than post what was voided."""
    paid(database)
    moves = [
        Move(practice_id=PRACTICE, effect_id=1, was=State.AWAITING_LINK, state=State.SCHEDULED),
        Move(practice_id=PRACTICE, effect_id=2, was=State.PAUSED, state=State.SCHEDULED),
    ]
    with (
        pytest.raises(Permanent, match="1 effects changed behind the practice's lock"),
        database.connection.transaction(),
        database.connection.cursor() as cursor,
    ):
        move_effects(cursor, moves, at=NOON)
    assert database.states() == ["AWAITING_LINK", "AWAITING_LINK"]


def test_only_locked_effects_move(database: LedgerDatabase) -> None:
    paid(database)
    move = Move(practice_id=PRACTICE, effect_id=2, was=State.AWAITING_LINK, state=State.SCHEDULED)
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        unit.lock_effects([1])
        with pytest.raises(KeyError):
            unit.move([move])


def test_a_result_is_published_of_news_alone(database: LedgerDatabase) -> None:
    """Not of what is scheduled, whose outcome is published later, and not of what stays for the same reason."""
    paid(database)
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        first, second = unit.lock_effects([1, 2])
        unit.move([move_of(first, State.SCHEDULED), move_of(second, second.state, due_at=NOON)])
        assert published(database) == []
        (first,) = unit.lock_effects([1])
        unit.move([move_of(first, State.PAUSED)])
    assert published(database) == [("PAUSED", "AUTO_INSTANT")]


def test_the_gates_of_moved_effects_look_again(database: LedgerDatabase) -> None:
    """What became due now is due now: the spread of a cut-off is for what is to come."""
    paid(database)
    assert database.one("SELECT count(*) FROM gates WHERE next_due_at IS NOT NULL") == 0
    with unit_of_work(database.connection, PRACTICE, clock=SystemClock(), jitter_s=3600) as unit:
        effects = unit.lock_effects([1, 2])
        unit.move([move_of(effect, State.SCHEDULED, due_at=unit.at) for effect in effects])
        at = unit.at
    assert database.one("SELECT next_due_at FROM gates WHERE connection_id = %s", f"{PRACTICE}-PMS") == at


def test_the_time_is_taken_after_the_wait_for_a_lock(database: LedgerDatabase) -> None:
    """Law 15: an instant that is older than the lock may precede what the other holder of it did."""
    paid(database)
    released: list[datetime] = []
    begun = threading.Event()

    def hold() -> None:
        with connect(database.database_url, "holder") as other, other.transaction():
            other.execute("SELECT FROM work WHERE effect_id = 2 FOR UPDATE")
            begun.set()
            _until_somebody_waits(database.database_url)
            released.append(fetch_value(other, "SELECT clock_timestamp()"))

    holder = threading.Thread(target=hold)
    with unit_of_work(database.connection, PRACTICE, clock=SystemClock(), jitter_s=0) as unit:
        assert unit.at
        holder.start()
        assert begun.wait(30)
        unit.lock_effects([1, 2])
        at = unit.at
    holder.join(30)
    assert at > released[0]


def _until_somebody_waits(database_url: str) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connect(database_url, "watcher") as watcher:
        while not fetch_value(watcher, waiting):
            watcher.execute("SELECT pg_sleep(0.01)")


def test_gates_are_locked_before_effects(database: LedgerDatabase) -> None:
    """A poster marks under its gate: who held an effect and waited for a gate would deadlock with it."""
    paid(database)
    database.connection.execute(
        "INSERT INTO gates (practice_id, connection_id) VALUES (%s, 'a'), (%s, 'b')", (PRACTICE,) * 2
    )
    with (
        connect(database.database_url, "poster") as poster,
        unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit,
    ):
        with poster.transaction():
            poster.execute("SELECT FROM gates WHERE connection_id = 'b' FOR SHARE")
            unit.cursor.execute("SET LOCAL lock_timeout = 100")
            with pytest.raises(psycopg.errors.LockNotAvailable), database.connection.transaction():
                unit.lock_effects([1, 2])
            poster.execute("SELECT FROM work FOR UPDATE NOWAIT")
        unit.lock_effects([1, 2])
        assert fetch_values(poster, "SELECT connection_id FROM gates FOR SHARE SKIP LOCKED") == []


def test_an_exception_leaves_nothing_behind(database: LedgerDatabase) -> None:
    paid(database)
    with pytest.raises(ZeroDivisionError):
        _pause_and_fail(database)
    assert database.states() == ["AWAITING_LINK", "AWAITING_LINK"]
    assert published(database) == []
    assert database.one("SELECT count(*) FROM audit WHERE action = 'test'") == 0


def _pause_and_fail(database: LedgerDatabase) -> None:
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        unit.move([move_of(effect, State.PAUSED) for effect in unit.lock_effects([1, 2])])
        unit.audit("test", actor="Ada", why="a test")
        raise ZeroDivisionError


def test_an_unknown_practice_is_an_error(database: LedgerDatabase) -> None:
    paid(database)
    with (
        pytest.raises(ConfigurationError, match="there is no practice northsid"),
        unit_of_work(database.connection, "northsid", clock=database.clock, jitter_s=0),
    ):
        pass
