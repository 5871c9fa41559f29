"""Law 28: our own transactions end by a timeout; another program's old snapshot slows every claim, and is shown."""

from __future__ import annotations

from typing import Final

import psycopg
import pytest

from sinks.ledger.gauges import Gauges
from sinks.ledger.named_queries import named_queries
from sinks.ledger.schema.database import connect
from streams.runtime.metrics import FOREIGN_TRANSACTION
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

_SQL: Final = named_queries("sinks.ledger.gauges")

pytestmark = pytest.mark.stack


def _age_s(database: LedgerDatabase) -> float:
    return float(database.one(_SQL["foreign_transaction"]))


def test_another_programs_snapshot_is_measured_and_ours_is_not(world: World) -> None:
    database = LedgerDatabase(world.database_url)
    assert _age_s(database) == 0
    with connect(world.database_url, "report") as ours, ours.transaction():
        ours.execute("SELECT count(*) FROM effects")
        assert _age_s(database) == 0
    with psycopg.connect(world.database_url, application_name="psql") as theirs:
        theirs.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        theirs.execute("SELECT count(*) FROM effects")
        assert _age_s(database) > 0
        Gauges(database.database_url, database.clock).measure(database.connection)
        assert FOREIGN_TRANSACTION._value.get() > 0
    assert _age_s(database) == 0
    Gauges(database.database_url, database.clock).measure(database.connection)
    assert FOREIGN_TRANSACTION._value.get() == 0
    database.close()
