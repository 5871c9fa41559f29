"""Positions and identities move together, in whatever order the topic is read (law 3, law 9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from sinks.linking.tokens import TokenKeys
from sinks.sync.identities.changes import Change, Outcome, read_change
from sinks.sync.identities.feed import REREAD_AFTER_S, _goes_on
from sinks.sync.identities.store import MOST_ROWS, IdentityStore, PositionMovedError, StoredPosition, _chunks
from sinks.targets.credentials import KeyRing
from streams.fault_injection import Control, install
from streams.runtime.clock import SystemClock
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.test_patients_have_receipts import PATIENTS_ID, consumed
from tests.sinks.poster.offices import SECRET
from tests.sinks.sync.identities.test_changes import KEY, KEYS, record
from tests.worlds import World


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: LedgerDatabase) -> IdentityStore:
    return IdentityStore(database.connection, KeyRing(SECRET), TokenKeys(SECRET), "sync", SystemClock())


def _merged(database: LedgerDatabase) -> list[Any]:
    """Who is known, by what the record said last of a merge."""
    return database.rows("SELECT patient_ref, merged_into, off FROM patient_identities ORDER BY 1")


def _change(offset: int, patient_ref: str = "pt-1", **values: Any) -> Change:
    return read_change(record(offset, patient_ref, **values), KEYS)


@pytest.mark.stack
def test_reading_from_the_beginning_never_goes_back(database: LedgerDatabase, store: IdentityStore) -> None:
    """Older records that the topic still holds, tombstones too, change nothing on the way to the newest one."""
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    store.store(positions, [_change(5, merged_into="pt-new")])
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    store.store(positions, [_change(2, merged_into="pt-old")])
    store.store(positions, [read_change(consumed(3, KEY, None), KEYS)])
    assert _merged(database) == [("pt-1", "pt-new", 5)]


@pytest.mark.stack
def test_control_last_offset(database: LedgerDatabase, store: IdentityStore) -> None:
    """Its control: an older record takes the place of the newest one."""
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    store.store(positions, [_change(5, merged_into="pt-new")])
    install([Control.LAST_OFFSET])
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    store.store(positions, [_change(2, merged_into="pt-old")])
    assert _merged(database) == [("pt-1", "pt-old", 2)]


@pytest.mark.stack
def test_a_topic_that_was_made_anew_counts_from_its_own_beginning(
    database: LedgerDatabase, store: IdentityStore
) -> None:
    """Offsets of the old one mean nothing in it."""
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    store.store(positions, [_change(5, merged_into="pt-old")])
    positions = {0: store.begin_run(0, "another", 0, 1)}
    again = _change(0, merged_into="pt-new")
    again = msgspec.structs.replace(again, at=msgspec.structs.replace(again.at, topic_id="another"))
    store.store(positions, [again])
    assert _merged(database) == [("pt-1", "pt-new", 0)]


@pytest.mark.stack
def test_a_reader_that_was_overtaken_stores_nothing(database: LedgerDatabase, store: IdentityStore) -> None:
    """Law 3: compare and set, in the transaction of the rows."""
    first = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    second = dict(first)
    store.store(first, [_change(0), _change(1, "pt-2")])
    with pytest.raises(PositionMovedError):
        store.store(second, [_change(0, "pt-3")])
    assert [row[0] for row in _merged(database)] == ["pt-1", "pt-2"]
    assert database.one("SELECT next_offset FROM patient_positions") == 2


@pytest.mark.stack
def test_control_positions(database: LedgerDatabase, store: IdentityStore) -> None:
    """Its control: the position goes back to where the slower reader is."""
    first = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    second = dict(first)
    store.store(first, [_change(0), _change(1, "pt-2")])
    install([Control.POSITIONS])
    store.store(second, [_change(0, "pt-3")])
    assert database.one("SELECT next_offset FROM patient_positions") == 1


def _never_taken(offset: int) -> Change:
    """Passed by every check, and no text that the database takes."""
    return msgspec.structs.replace(_change(offset, "pt-bad"), merged_into="a\x00b")


@pytest.mark.stack
def test_a_record_that_the_database_never_takes_keeps_nobody(database: LedgerDatabase, store: IdentityStore) -> None:
    """Law 9: it is cut out, and its sender told; those beside it are stored."""
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    store.store(positions, [_change(0), _never_taken(1), _change(2, "pt-2")])
    assert [row[0] for row in _merged(database)] == ["pt-1", "pt-2"]
    assert positions[0].next_offset == 3
    (headers,) = [dict(row[0]) for row in database.rows("SELECT headers FROM outbox")]
    assert (headers["dl-reason"], headers["dl-practice-id"]) == ("REFUSED_BY_LEDGER", "?")


@pytest.mark.stack
def test_control_bisect(store: IdentityStore) -> None:
    install([Control.BISECT])
    positions = {0: store.begin_run(0, PATIENTS_ID, 0, 10)}
    with pytest.raises(psycopg.DataError):
        store.store(positions, [_change(0), _never_taken(1)])


def test_transactions_are_bounded_by_rows() -> None:
    """One record may bring 1,000 numbers: so many of them are several transactions, in their order."""
    large = Change(
        at=consumed(0, KEY, b""), outcome=Outcome.OPENED, external_ids=tuple(("s", str(n)) for n in range(1_000))
    )
    chunks = list(_chunks([large] * 20))
    assert sum(len(chunk) for chunk in chunks) == 20
    assert max(sum(1 + len(each.external_ids) for each in chunk) for chunk in chunks) <= MOST_ROWS
    assert [len(chunk) for chunk in _chunks([])] == []


@pytest.mark.parametrize(
    ("changed", "goes_on"),
    [
        ({}, True),
        ({"topic_id": "another"}, False),
        ({"next_offset": 4}, False),
        ({"next_offset": 5}, True),
        ({"next_offset": 10}, True),
        ({"next_offset": 11}, False),
        ({"age_s": REREAD_AFTER_S}, False),
    ],
)
def test_where_a_partition_goes_on(changed: dict[str, Any], goes_on: bool) -> None:
    """The same topic, a position in it, and read not long ago; else from the beginning."""
    fields: dict[str, Any] = {"topic_id": "t", "next_offset": 7, "run": 1, "age_s": 0.0}
    assert _goes_on(StoredPosition(**(fields | changed)), "t", 5, 10) is goes_on
