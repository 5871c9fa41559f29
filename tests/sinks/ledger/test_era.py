"""Eras (law 4): what was open at a failover is looked for before it is sent. (Real failovers come later.)"""

from __future__ import annotations

from datetime import timedelta

import pytest

from processors.rules.lifecycle.ledger_facts import LedgerFacts
from schemas.vocabulary import State
from sinks.ledger.intake.batch_context import Era
from sinks.ledger.schema import era
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, history, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_the_same_server_is_the_same_era(database: LedgerDatabase) -> None:
    assert [era.enter_era(database.connection, NOON) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("changed", ["system_id = system_id + 1", "timeline = timeline + 1"])
def test_another_server_or_timeline_raises_the_era(database: LedgerDatabase, changed: str) -> None:
    """Open effects, and later ones of records from before it, get look_first; final ones and newer records do not."""
    era.enter_era(database.connection, NOON - HOUR)
    database.add()
    database.link()
    database.report(payment(), payment(event_id="ev-2", payment_id="pay-2"))
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    database.connection.execute("UPDATE effects SET state = 'POSTED' WHERE effect_id = 1")
    database.connection.execute(f"UPDATE ledger_era SET {changed}".encode())
    late = database.decide(payment(event_id="ev-3", payment_id="pay-3"))
    database.clock.instant = NOON + HOUR
    assert era.enter_era(database.connection, NOON + HOUR) == 2
    database.clock.instant = NOON + 2 * HOUR
    database.store(late, database.decide(payment(event_id="ev-4", payment_id="pay-4", at=NOON + 2 * HOUR)))
    flags = [row[0] for row in database.rows("SELECT look_first FROM effects ORDER BY effect_id")]
    assert flags == [False, True, True, True, True, True, False, False]


@pytest.mark.parametrize(("after", "looks"), [(-HOUR, True), (4 * MINUTE, True), (6 * MINUTE, False)])
def test_a_broker_whose_clock_is_ahead_hides_no_record_from_before(after: timedelta, looks: bool) -> None:
    """Law 4, clock skew: its append time may be later than the failover though the record is older."""
    before = Era(2, NOON).read_back_before
    assert before is not None
    facts = LedgerFacts(now=NOON, history=history(), connections={}, read_back_before=before)
    assert facts.reads_back(State.SCHEDULED, NOON + after) is looks
    assert facts.reads_back(State.SKIPPED_ZERO, NOON + after) is False
    assert Era(1, NOON).read_back_before is None


def test_a_server_without_standbys_has_to_be_accepted(database: LedgerDatabase) -> None:
    """A failover could lose a mark: somebody says that this is one machine, or the role does not start."""
    era.require_standbys(database.connection, single_node=True)
    with pytest.raises(ConfigurationError, match="WRITEBACK_SINGLE_NODE"):
        era.require_standbys(database.connection, single_node=False)
