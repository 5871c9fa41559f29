"""Replay proofs over every worked case: into the same ledger, and into an empty one with the same settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from processors.rules.source_records import decide_record
from schemas.codec import encode_event, encode_writeback
from schemas.writebacks import Writeback
from tests.sinks.ledger.conservation import ledger_digests
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due, record_by_hand
from tests.vectors.by_effects import AtTheEffects, Logged
from tests.vectors.reading import cases
from tests.worlds import Stack, fresh_world

BATCH: Final = 50
FACTS: Final = ("practices", "settings", "connections", "practice_connections", "patient_links")
EFFECTS: Final = """
SELECT e.practice_id, e.event_id, e.target, e.entry_kind, e.part, e.amount_minor, e.ledger_date, e.due_at, e.reason,
       e.settings_version, e.patient_ref, e.lane, e.state, e.instruction, o.event_id, o.entry_kind, o.part
FROM effects e LEFT JOIN effects o ON (o.practice_id, o.effect_id) = (e.practice_id, e.depends_on)
WHERE e.practice_id = ANY(%s) ORDER BY e.practice_id, e.event_id, e.target, e.entry_kind, e.part
"""


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lived(database: LedgerDatabase) -> list[AtTheEffects]:
    """Every case, lived through in one ledger."""
    found = [AtTheEffects(database, case) for case in cases() if case.at("effects")]
    for each in found:
        each.run()
    return found


def again(database: LedgerDatabase, logged: Logged) -> Writeback | None:
    """What the rules say of a stored record now; None: they refuse it."""
    if logged.position is None or logged.event is None:
        return None
    said = decide_record(
        logged.position, logged.event.practice_id.encode(), encode_event(logged.event), database.history
    )
    return said if isinstance(said, Writeback) else None


def test_a_replay_into_the_same_ledger_changes_nothing(database: LedgerDatabase, lived: list[AtTheEffects]) -> None:
    """E-3, law 2: from offset 0, under every setting that was saved since; every table stays as it was to the byte."""
    told = [logged for each in lived for logged in each.log if logged.what == "told"]
    told.sort(key=lambda logged: logged.position.offset if logged.position is not None else 0)
    before = ledger_digests(database)
    decided = [writeback for logged in told if (writeback := again(database, logged)) is not None]
    for start in range(0, len(decided), BATCH):
        database.store(*decided[start : start + BATCH])
    after = ledger_digests(database)
    assert len(decided) > 200
    assert [table for table in before if before[table] != after[table]] == []


def test_decisions_are_the_same_byte_for_byte(database: LedgerDatabase, lived: list[AtTheEffects]) -> None:
    """E-8, E-14: what the rules said first and what they say with the whole history are the same bytes."""
    compared = 0
    for each in lived:
        for logged in each.log:
            if logged.writeback is not None and logged.writeback.decision.settings_version is not None:
                decided = again(database, logged)
                assert decided is not None
                assert encode_writeback(decided) == encode_writeback(logged.writeback), each.case.name
                compared += 1
    assert compared > 200


def test_an_empty_ledger_comes_to_the_same_effects(
    stack: Stack, database: LedgerDatabase, lived: list[AtTheEffects]
) -> None:
    """E-1, law 2: the same settings, links and accounts, the records one by one: the same effects to the last field."""
    with fresh_world(stack) as world:
        empty = LedgerDatabase(world.database_url)
        try:
            _set_up(empty, database)
            same = [each for each in lived if not _facts_change(each)]
            for each in same:
                _relive(empty, each)
            names = [each.practice for each in same]
            there, here = empty.rows(EFFECTS, names), database.rows(EFFECTS, names)
            assert len(here) > 300
            assert there == here
        finally:
            empty.close()


def _set_up(empty: LedgerDatabase, database: LedgerDatabase) -> None:
    """What people had set up, all of it from the start."""
    for table in FACTS:
        rows = database.one(f"SELECT coalesce(json_agg(t), '[]')::text FROM {table} t")
        empty.connection.execute(
            f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)", (rows,)
        )
    empty.connection.execute("UPDATE practices SET seq = 0")


def _facts_change(each: AtTheEffects) -> bool:
    """A link or the master switch comes later in it: here it is so from the start, and what waited has no reason to."""
    rows = [row for act in each.case.acts for row in act.steps]
    return any(row.kind == "fact" and row.what == "link" for row in rows) or any("master" in row.more for row in rows)


def _relive(empty: LedgerDatabase, each: AtTheEffects) -> None:
    done: dict[str, Any] = {"posted": post_what_is_due, "recorded": record_by_hand}
    for logged in each.log:
        empty.clock.instant = logged.at
        if logged.what == "told":
            decided = again(empty, logged)
            if decided is not None:
                empty.store(decided)
        else:
            done[logged.what](empty, each.practice)
