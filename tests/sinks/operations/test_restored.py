"""An operator says that the database was restored where nothing shows it (law 4)."""

from __future__ import annotations

import pytest

from sinks.ledger.schema import era
from sinks.operations.acting import Actor, Order
from sinks.operations.actions.restored import Restored, say_restored
from sinks.operations.ledger import Ledger
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = pytest.mark.stack

BACK = "SELECT count(*) FROM work WHERE look_first"


def test_open_entries_are_read_back_first_once_it_is_said(manual: LedgerDatabase) -> None:
    """Shown first and unchanged then; done with a name and a reason, which stand in the trail."""
    era.enter_era(manual.connection, NOON)
    ledger = Ledger(connection=manual.connection, clock=manual.clock, jitter_s=0)
    entries = manual.one("SELECT count(*) FROM work")
    assert entries > 0
    assert say_restored(ledger, Order(actor=Actor("Ada"), reason="", apply=False)) == Restored(entries, None)
    assert manual.one(BACK) == 0
    with pytest.raises(ConfigurationError, match="--why"):
        say_restored(ledger, Order(actor=Actor("Ada"), reason=" ", apply=True))
    done = say_restored(ledger, Order(actor=Actor("Ada"), reason="the snapshot of Monday", apply=True))
    assert done == Restored(entries, 2)
    assert manual.one(BACK) == entries
    trail = "SELECT actor, action, why FROM audit WHERE practice_id = '*'"
    assert manual.rows(trail) == [("Ada", "ledger.restored", "the snapshot of Monday")]
