"""A connector says itself what it can do, and that is what INTAKE and settings go by (TIM-3, E-9 b)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import psycopg
import pytest

from deploy.connector.limits import Limits
from deploy.connector.systems import SYSTEMS
from deploy.sandbox import demonstration
from deploy.sandbox.running import SandboxProcess, running_sandbox
from schemas.connector.records import Kind
from sinks.ledger.practices.settings.capabilities import capabilities_from
from sinks.operations.actions.connect_target import ConnectionWanted, connect_target
from sinks.operations.actions.describe_target import describe_target
from tests.sinks.operations.orders import order
from tests.sinks.operations.quickbooks.practices import KEYS, Practices
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture
def practices(world: World, sandbox: SandboxProcess) -> Iterator[Practices]:
    opened = Practices(world, sandbox)
    yield opened
    opened.close()


def words(practices: Practices, practice: str) -> list[str]:
    with psycopg.connect(practices.settings.database_url) as connection:
        query = "SELECT capabilities FROM connections WHERE home_practice_id = %s AND route = 'connector'"
        row = connection.execute(query, (practice,)).fetchone()
    assert row is not None
    return list(row[0])


def add(practices: Practices, practice: str, **fields: object) -> None:
    wanted = ConnectionWanted(
        practice_id=practice,
        system="connector",
        base_url=practices.sandbox.connector.url,
        config=msgspec.json.encode(demonstration.connector_mapping() | {"account": practice} | fields),
        secret=msgspec.json.encode(demonstration.connector_keys()),
        same_account=False,
    )
    connect_target(practices.ledger, wanted, KEYS, order())


def test_its_document_is_stored_with_the_connection(practices: Practices) -> None:
    """Before it was asked nothing is planned for it; afterwards what it says, and INSTANT is refused."""
    practice = practices.add()
    practices.sandbox.connector.open_account(
        practice, demonstration.connector_keys(), **msgspec.structs.asdict(SYSTEMS["cloud9"].limits)
    )
    add(practices, practice)
    assert words(practices, practice) == []

    def describe() -> bool:
        told = asyncio.run(describe_target(practices.ledger, practices.settings, practice, "connector", order()))
        assert told.asked
        assert told.failed is None
        return told.changed

    assert describe()
    assert not describe(), "the same answer again changes nothing"
    assert not capabilities_from(words(practices, practice), clearance_seen=True).real_time
    assert "payment" in words(practices, practice)
    practices.sandbox.connector.open_account(
        practice, demonstration.connector_keys(), **msgspec.structs.asdict(Limits(kinds=(Kind.PAYMENT,)))
    )
    assert describe()
    assert capabilities_from(words(practices, practice), clearance_seen=True).real_time


def test_a_connector_that_does_not_answer_changes_nothing(practices: Practices) -> None:
    """The connection stays, without capabilities, and the code says why."""
    practice = practices.add()
    add(practices, practice, account="nobody-knows-it")
    told = asyncio.run(describe_target(practices.ledger, practices.settings, practice, "connector", order()))
    assert (told.asked, told.changed, told.failed) == (True, False, "ACCOUNT_UNKNOWN")
    assert words(practices, practice) == []
