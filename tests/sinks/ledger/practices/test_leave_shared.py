"""A practice leaves the connection that it shares, and the others notice nothing (law 22, SET-19)."""

from __future__ import annotations

import pytest

from schemas.vocabulary import Target
from sinks.ledger.practices.connections import save_connection
from sinks.ledger.practices.replacement import OpenEntries, Replaced, replace_connection
from sinks.ledger.practices.sharing import share_connection, shared_input
from sinks.ledger.unit_of_work import unit_of_work
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.practices.test_replacement import FORMER, NEW, new_connection, replace

pytestmark = pytest.mark.stack
SHARER = "practice-2"


def _shared(database: LedgerDatabase) -> None:
    """Two practices on one server; a poster holds its connection and both gates."""
    database.add()
    database.add(SHARER, connected=False)
    with unit_of_work(database.connection, SHARER, clock=database.clock, jitter_s=0) as unit:
        share_connection(unit, PRACTICE, Target.PMS, actor="Ada", why="one server")
    for practice_id in (PRACTICE, SHARER):
        database.link(practice_id=practice_id)
        database.report(again(payment(), practice_id=practice_id, event_id=f"{practice_id}-paid"))
    for table in ("connections", "gates"):
        database.connection.execute(f"UPDATE {table} SET owner = 'poster', lease_until = 'infinity'")


def test_a_practice_that_shares_a_connection_leaves_it(database: LedgerDatabase) -> None:
    """Its entries and links go along; whoever posts for the other practice goes on, under the same lease."""
    _shared(database)
    done = replace(database, practice_id=SHARER, former=FORMER)
    assert (done.moved, done.links_forgotten) == (2, 1)
    by_practice = "SELECT practice_id, connection_id FROM work WHERE connection_id IN (%s, %s) GROUP BY 1, 2 ORDER BY 1"
    assert database.rows(by_practice, FORMER, NEW) == [(PRACTICE, FORMER), (SHARER, NEW)]
    homes = "SELECT practice_id, home_practice_id FROM practice_connections WHERE target = 'PMS' ORDER BY 1"
    assert database.rows(homes) == [(PRACTICE, PRACTICE), (SHARER, SHARER)]
    assert database.one("SELECT owner FROM connections WHERE connection_id = %s", FORMER) == "poster"
    owners = "SELECT practice_id, owner FROM gates WHERE connection_id = %s ORDER BY practice_id"
    assert database.rows(owners, FORMER) == [(PRACTICE, "poster"), (SHARER, None)]
    assert database.rows("SELECT practice_id, pms_patient_id FROM patient_links") == [(PRACTICE, "17")]


def test_a_practice_whose_connection_is_shared_stays_until_the_others_have_left(database: LedgerDatabase) -> None:
    """Theirs would belong to a practice that does not use it any more."""
    _shared(database)
    with pytest.raises(ConfigurationError, match=f"move {SHARER} to another system first"):
        replace(database)
    replace(database, practice_id=SHARER, former=FORMER)
    assert replace(database).moved == 2


def _to_its_own(database: LedgerDatabase) -> Replaced:
    """An account of its own at the system whose connection it shares."""
    return replace(database, practice_id=SHARER, former=FORMER, connection_id=FORMER, links={"pt-1": "5"})


def test_it_has_an_account_of_its_own_at_the_same_system_before_anything_was_sent(database: LedgerDatabase) -> None:
    _shared(database)
    assert _to_its_own(database).moved == 2
    home = "SELECT home_practice_id FROM practice_connections WHERE practice_id = %s AND target = 'PMS'"
    assert database.one(home, SHARER) == SHARER
    assert database.rows("SELECT practice_id, pms_patient_id FROM patient_links ORDER BY 1") == [
        (PRACTICE, "17"),
        (SHARER, "5"),
    ]


def test_entries_stand_at_one_account_of_a_system(database: LedgerDatabase) -> None:
    """E-9 c: what takes one back would be posted to the other, under the number of another patient."""
    _shared(database)
    database.connection.execute(
        "UPDATE effects SET state = 'POSTED', sent_at = now(), posted_at = now(), external_id = 'payments/1'"
        " WHERE practice_id = %s AND entry_kind = 'payment' AND target = 'PMS'",
        (SHARER,),
    )
    with pytest.raises(ConfigurationError, match="once anything was sent"):
        _to_its_own(database)


def test_an_account_of_its_own_is_left_for_a_shared_one_before_anything_was_sent(database: LedgerDatabase) -> None:
    database.add()
    database.add(SHARER, connected=False)
    with unit_of_work(database.connection, SHARER, clock=database.clock, jitter_s=0) as unit:
        save_connection(unit, new_connection(SHARER, connection_id=FORMER, fingerprint="its own"), actor="Ada")
    with unit_of_work(database.connection, SHARER, clock=database.clock, jitter_s=0) as unit:
        done = replace_connection(
            unit,
            shared_input(unit.cursor, SHARER, PRACTICE, Target.PMS),
            FORMER,
            OpenEntries(post_from=None),
            {},
            actor="Ada",
            why="one server",
            shared_with=PRACTICE,
        )
    assert done.connection_id == FORMER
    home = "SELECT home_practice_id FROM practice_connections WHERE practice_id = %s AND target = 'PMS'"
    assert database.one(home, SHARER) == PRACTICE
