"""A ledger of a release that told money apart by its source is brought to this one (E-1, law 6)."""

from __future__ import annotations

import psycopg

from sinks.ledger import conservation
from sinks.ledger.schema.migrate import migrate
from tests.processors.rules.event_examples import NOON, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.linked_events import MINUTE, entries, ready

FORMER = """
DROP TABLE told_again;
DROP INDEX events_money, events_superseded, events_concerning, events_parked;
CREATE UNIQUE INDEX events_money ON events (practice_id, source, subject, kind, version) WHERE superseded_by IS NULL;
CREATE INDEX events_superseded ON events (practice_id, source, subject) WHERE superseded_by IS NOT NULL;
CREATE INDEX events_concerning ON events (practice_id, source, concerns) WHERE concerns IS NOT NULL;
CREATE INDEX events_parked ON events (practice_id, source, concerns) WHERE waiting = 'AWAITING_ORIGINAL';
DELETE FROM _yoyo_migration WHERE migration_id = '0024_money_without_source';
"""


def test_money_that_two_systems_had_told_becomes_one_and_keeps_its_entries(database: LedgerDatabase) -> None:
    """The first report stands; what was planned for the other stays, shown beside it; a refund that waited goes on."""
    ready(database)
    database.report(payment())
    database.report(again(payment(), event_id="ev-2", payment_id="pay-2"))
    database.report(refunded(-4000, at=NOON + MINUTE, payment_id="pay-unknown"))
    before = entries(database)
    with psycopg.connect(database.database_url, autocommit=True) as old:
        old.execute(FORMER)
        old.execute("DROP INDEX events_money")
        old.execute("UPDATE events SET subject = 'pay-1' WHERE event_id = 'ev-2'")
        old.execute("UPDATE events SET concerns = 'pay-1' WHERE event_id = 'ev-r1'")
        old.execute("CREATE INDEX events_money ON events (practice_id, source, subject)")
    assert migrate(database.database_url) == 1
    assert database.rows("SELECT event_id, superseded_by FROM events WHERE kind = 'payment' ORDER BY 1") == [
        ("ev-1", None),
        ("ev-2", "ev-1"),
    ]
    assert entries(database) == before
    database.sweeps.repair()
    assert set(database.waiting()) == {None}
    assert conservation.violations(database.connection) == []
