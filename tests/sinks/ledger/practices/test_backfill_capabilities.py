"""Connections of an earlier release, which did not keep what they write, are asked once and by themselves."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from schemas.practice_settings import AmountMode
from schemas.vocabulary import EntryKind
from sinks.ledger.practices.backfill_capabilities import backfill_capabilities
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.mapping import load_mapping
from sinks.targets.quickbooks.capabilities import CAPABILITIES
from tests.processors.rules.event_examples import PRACTICE
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.conftest import offices, sandbox  # noqa: F401
from tests.sinks.poster.offices import Offices
from tests.worlds import World

pytestmark = pytest.mark.stack

CONFIG = '{"pay_type": 1, "membership_code": "M"}'


def _words(database: LedgerDatabase) -> dict[str, list[str] | None]:
    return dict(database.rows("SELECT target, capabilities FROM connections"))


def _older(database: LedgerDatabase, route: str, config: str) -> None:
    database.connection.execute(
        "UPDATE connections SET capabilities = NULL, route = %s, config = %s::jsonb WHERE target = 'PMS'",
        (route, config),
    )


def test_what_an_older_connection_writes_is_read_from_its_mapping(world: World) -> None:
    """Law 22, N-8: by the mapping that is stored; nobody has to run `target add` again. Asked once."""
    database = LedgerDatabase(world.database_url)
    database.add()
    _older(database, "open_dental", CONFIG)
    assert backfill_capabilities(database.connection) == 1
    words = _words(database)["PMS"]
    assert words == capabilities_of(load_mapping({"pay_type": 1, "membership_code": "M"})).words()
    assert EntryKind.CHARGE.value in (words or [])
    assert backfill_capabilities(database.connection) == 0
    database.close()


def test_a_quickbooks_connection_too(world: World) -> None:
    """P-7: its payouts can be taken back."""
    database = LedgerDatabase(world.database_url)
    database.add()
    names = ("bank", "fees", "uncategorised", "income")
    config = {"realm_id": "1", "accounts": {name: str(place + 30) for place, name in enumerate(names)}}
    database.connection.execute(
        "UPDATE connections SET capabilities = NULL, route = 'quickbooks', base_url = 'https://127.0.0.1', config = %s"
        " WHERE target = 'QUICKBOOKS'",
        (Jsonb(config),),
    )
    assert backfill_capabilities(database.connection) == 1
    assert _words(database)["QUICKBOOKS"] == CAPABILITIES.words()
    database.close()


@pytest.mark.parametrize(("route", "config"), [("open_dental", '{"pay_type": "no"}'), ("gone", "{}")])
def test_one_that_cannot_be_read_holds_no_start_up(world: World, route: str, config: str) -> None:
    """It stays as it was: payments, fee adjustments and payouts; its gate says what is wrong with it."""
    database = LedgerDatabase(world.database_url)
    database.add()
    _older(database, route, config)
    assert backfill_capabilities(database.connection) == 0
    assert _words(database)["PMS"] is None
    database.close()


def test_a_poster_asks_at_its_start(offices: Offices) -> None:  # noqa: F811
    """An upgrade is a restart, and no hand work."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.connection.execute("UPDATE connections SET capabilities = NULL")
    offices.poster()
    until(lambda: _words(offices.database)["PMS"] is not None, "the poster has asked", show=office.shown)
    assert EntryKind.REFUND.value in (_words(offices.database)["PMS"] or [])
    assert office.practice_id == PRACTICE
