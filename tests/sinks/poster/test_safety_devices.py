"""The poster's safety devices in SQL, each with its control (PROTOCOL sections 1 and 2)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.rows import TupleRow

from schemas.practice_settings import AmountMode
from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from tests.processors.rules.event_examples import PRACTICE, changed, payment
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

SQL = named_queries("sinks.poster", "calls.sql") | named_queries("sinks.poster", "confirmations.sql")
CONNECTION = f"{PRACTICE}-PMS"
ME = "me"
PAID_ON = date(2026, 3, 4)
WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    """Two payments of one patient, GROSS, and a gate that `me` holds at epoch 1."""
    opened = LedgerDatabase(world.database_url)
    opened.add(amount=AmountMode.GROSS)
    opened.link()
    opened.report(payment(), changed(payment(), event_id="ev-second", payment_id="pay-second"))
    _own_gate(opened)
    yield opened
    opened.close()


def _own_gate(database: LedgerDatabase, epoch: int = 1) -> None:
    database.connection.execute(
        "UPDATE gates SET owner = %s, epoch = %s, lease_until = now() + interval '1 hour'", (ME, epoch)
    )


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def mark(
    connection: psycopg.Connection[TupleRow], *effect_ids: int, epoch: int = 1, **more: Any
) -> list[tuple[Any, ...]]:
    """The mark of these effects as the loop would ask for it."""
    items = [
        {
            "n": n,
            "generation": 1,
            "request_id": f"request-{n}",
            "payload": b"{}",
            "digest": b"d",
            "ledger_date": PAID_ON,
        }
        for n in effect_ids
    ]
    gate = {"p": PRACTICE, "c": CONNECTION, "e": epoch, "need_s": 3.0, "version": 1, "items": items}
    off = {"skip_state_test": False, "skip_entitlement": False}
    parameters = {"gates": _json([gate]), "me": ME, "now": None} | off | more
    return connection.execute(SQL["mark"], parameters).fetchall()


def confirm(
    connection: psycopg.Connection[TupleRow], unfenced: bool = False, me: str = ME, **row: Any
) -> list[tuple[Any, ...]]:
    """A negative result of the first effect."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "p": PRACTICE,
        "c": CONNECTION,
        "n": 1,
        "from_state": "SENDING",
        "to_state": "RETRYING",
        "mark_epoch": 1,
        "epoch": 1,
        "by_gate": False,
        "due_in_s": 0.0,
        "until_settled": False,
        "gives_back": False,
        "clears_look_first": False,
        "failed": True,
        "a_n": 1,
        "phase": "post",
        "generation": 1,
        "request_id": "request-1",
        "began_at": now,
        "ended_at": now,
        "answer": "Refused",
        "external_ids": [],
        "late": False,
    }
    parameters = {"items": _json([values | row]), "now": None, "unfenced": unfenced, "me": me}
    return connection.execute(SQL["confirm_others"], parameters).fetchall()


def posted(connection: psycopg.Connection[TupleRow], fenced: bool = False, **row: Any) -> list[tuple[Any, ...]]:
    """A positive answer for the first effect."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "p": PRACTICE,
        "n": 1,
        "epoch": 1,
        "external_id": "payments/1",
        "row_id": "00000000-0000-4000-8000-000000000001",
        "row_key": b"k",
        "row_value": b"v",
        "a_n": 1,
        "phase": "post",
        "generation": 1,
        "request_id": "request-1",
        "began_at": now,
        "ended_at": now,
        "answer": "Posted",
        "late": True,
    }
    parameters = {"items": _json([values | row]), "now": None, "fenced": fenced, "results_topic": "results"}
    return connection.execute(SQL["confirm_posted"], parameters).fetchall()


def test_only_the_head_of_a_lane_is_marked(database: LedgerDatabase) -> None:
    """Law 23: the second entry of a patient waits for the first, also when both are asked for at once."""
    assert [row[1] for row in mark(database.connection, 1, 2)] == [1]
    assert mark(database.connection, 2) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": 2},
        {"me": "another"},
    ],
)
def test_a_gate_that_is_not_ours_lets_nothing_be_marked(database: LedgerDatabase, wrong: dict[str, Any]) -> None:
    """Law 20."""
    assert mark(database.connection, 1, **wrong) == []


def test_a_lease_that_does_not_outlast_the_call_lets_nothing_be_marked(database: LedgerDatabase) -> None:
    """PROTOCOL section 5: a mark needs D and a margin of lease."""
    database.connection.execute("UPDATE gates SET lease_until = now() + interval '2 seconds'")
    assert mark(database.connection, 1) == []


def test_other_settings_than_were_checked_let_nothing_be_marked(database: LedgerDatabase) -> None:
    """Law 24: switches and closed periods are asked again by their version."""
    database.connection.execute(
        "INSERT INTO settings SELECT practice_id, 2, now() - interval '1 minute', body, now(), 'o', '', now()"
        " FROM settings"
    )
    assert mark(database.connection, 1) == []


def test_a_connection_switched_off_since_the_plan_lets_nothing_be_marked(database: LedgerDatabase) -> None:
    """Law 24: the connection's switch as it is at the mark; a plan may be minutes old at a slow target."""
    database.connection.execute("UPDATE connections SET enabled = false")
    assert mark(database.connection, 1) == []


def _mark_while_it_moves(database: LedgerDatabase, world: World, state: State, *, skip: bool = False) -> str:
    """The mark waits for a row that somebody is about to move to `state`."""
    database.connection.execute("ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER")
    marking = psycopg.connect(world.database_url, autocommit=True)
    thread = threading.Thread(target=lambda: mark(marking, 1, skip_state_test=skip))
    with database.connection.transaction():
        database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = 1", (state,))
        thread.start()
        with psycopg.connect(world.database_url, autocommit=True) as looking:
            until(
                lambda: looking.execute(WAITS_FOR_A_LOCK).fetchone(),
                "the mark waits for the row",
            )
    thread.join(WITHIN_S)
    marking.close()
    return str(database.one("SELECT state FROM effects WHERE effect_id = 1"))


@pytest.mark.parametrize("state", [State.RECORDED_MANUALLY, State.DISMISSED, State.PAUSED, State.AWAITING_MANUAL_POST])
def test_a_mark_does_not_overwrite_what_somebody_moved(database: LedgerDatabase, world: World, state: State) -> None:
    """PROTOCOL section 2: what a person ended has no work left to mark; else the state test in the outer UPDATE."""
    assert _mark_while_it_moves(database, world, state) == state


def test_control_without_the_outer_state_test_it_does(database: LedgerDatabase, world: World) -> None:
    """Its control: what was paused meanwhile is sent all the same."""
    assert _mark_while_it_moves(database, world, State.PAUSED, skip=True) == "SENDING"


def _mark_both_of_a_lane(database: LedgerDatabase, world: World) -> list[str]:
    """The first entry waits for its link while the second is being marked, and is linked before that commits."""
    database.connection.execute("ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER")
    database.connection.execute("UPDATE effects SET state = 'AWAITING_LINK' WHERE effect_id = 1")
    other = psycopg.connect(world.database_url, autocommit=True)
    thread = threading.Thread(target=lambda: _quietly(lambda: mark(other, 1)))
    with psycopg.connect(world.database_url) as slow:
        assert mark(slow, 2) != []
        database.connection.execute("UPDATE effects SET state = 'SCHEDULED' WHERE effect_id = 1")
        thread.start()
        until(
            lambda: database.rows(WAITS_FOR_A_LOCK) or not thread.is_alive(),
            "the other mark waits or is through",
        )
    thread.join(WITHIN_S)
    other.close()
    return database.states()


def _quietly(act: Any) -> None:
    try:
        act()
    except psycopg.errors.UniqueViolation:
        return


def test_two_entries_of_a_lane_are_never_in_doubt_together(database: LedgerDatabase, world: World) -> None:
    """Law 23: the unique index decides where two snapshots cannot see each other."""
    assert _mark_both_of_a_lane(database, world) == ["SCHEDULED", "SENDING"]


def test_control_without_the_lane_index_they_are(database: LedgerDatabase, world: World) -> None:
    """Its control."""
    database.connection.execute("DROP INDEX work_in_doubt")
    assert _mark_both_of_a_lane(database, world) == ["SENDING", "SENDING"]


def test_a_negative_result_of_an_older_mark_is_fenced(database: LedgerDatabase) -> None:
    """Law 20: the effect is being sent again by a newer owner; the old refusal is not its outcome."""
    _own_gate(database, 2)
    mark(database.connection, 1, epoch=2)
    assert confirm(database.connection) == []
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "SENDING"
    assert database.one("SELECT count(*) FROM attempts") == 1


def test_control_without_the_fence_a_call_in_flight_is_sent_again(database: LedgerDatabase) -> None:
    """Its control: RETRYING while a call is on its way."""
    _own_gate(database, 2)
    mark(database.connection, 1, epoch=2)
    assert confirm(database.connection, unfenced=True) != []
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "RETRYING"


def test_absence_counts_only_for_the_gates_owner(database: LedgerDatabase) -> None:
    """Law 20: an earlier owner's read-back does not send an effect on its way again."""
    mark(database.connection, 1)
    confirm(database.connection, to_state="UNCERTAIN", settle_s=0.0)
    _own_gate(database, 2)
    old: dict[str, Any] = {"from_state": "UNCERTAIN", "by_gate": True, "phase": "readback", "a_n": 2}
    assert confirm(database.connection, epoch=1, **old) == []
    assert confirm(database.connection, epoch=2, **old) != []


def test_an_epoch_given_twice_lets_only_its_present_owner_prove_absence(database: LedgerDatabase) -> None:
    """Law 20: a claim waits for no disk, so a crash of Postgres may give its epoch to another poster again."""
    mark(database.connection, 1)
    confirm(database.connection, to_state="UNCERTAIN", settle_s=0.0)
    read: dict[str, Any] = {"from_state": "UNCERTAIN", "by_gate": True, "phase": "readback", "a_n": 2}
    assert confirm(database.connection, me="whose claim was lost", **read) == []
    assert confirm(database.connection, **read) != []


def test_a_positive_answer_is_never_fenced(database: LedgerDatabase) -> None:
    """Law 20: of whatever epoch, from whatever state in doubt."""
    mark(database.connection, 1)
    database.connection.execute("UPDATE effects SET state = 'UNCERTAIN', epoch = 7 WHERE effect_id = 1")
    assert posted(database.connection) != []
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "POSTED"


def test_control_with_a_fence_a_success_is_thrown_away(database: LedgerDatabase) -> None:
    """Its control."""
    mark(database.connection, 1)
    database.connection.execute("UPDATE effects SET state = 'UNCERTAIN', epoch = 7 WHERE effect_id = 1")
    assert posted(database.connection, fenced=True) == []


def test_a_success_beside_a_persons_record_leaves_it(database: LedgerDatabase) -> None:
    """PROTOCOL section 3: RECORDED_MANUALLY stays; the confirmation reports DUPLICATE_AT_TARGET."""
    database.connection.execute("UPDATE effects SET state = 'RECORDED_MANUALLY' WHERE effect_id = 1")
    assert posted(database.connection) == []
    assert database.one("SELECT count(*) FROM attempts") == 1
    assert database.one("SELECT count(*) FROM outbox WHERE topic = 'results'") == 0
