"""A practice's connection is changed without losing sight of what may stand at the account it had (law 22, S-5)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.vocabulary import State, Target
from sinks.ledger.practices.connections import ConnectionInput, Saved, save_connection
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from streams.runtime.clock import FixedClock
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

IN_DOUBT = "SELECT state, generation, payload FROM effects WHERE effect_id = 1"


def _save(database: LedgerDatabase, **changed: Any) -> Saved:
    fields: dict[str, Any] = {
        "practice_id": PRACTICE,
        "connection_id": f"{PRACTICE}-PMS",
        "target": Target.PMS,
        "route": "test",
        "base_url": "http://127.0.0.1",
        "fingerprint": "renewed keys",
        "config": {},
        "secret": b"sealed",
    }
    connection = changed.pop("connection", database.connection)
    with unit_of_work(connection, PRACTICE, clock=FixedClock(NOON), jitter_s=0) as unit:
        return save_connection(unit, ConnectionInput(**(fields | changed)), actor="Ada")


def _one_in_doubt(database: LedgerDatabase) -> None:
    database.add()
    database.link()
    database.report(payment())
    for state in ("SENDING", "UNCERTAIN"):
        database.connection.execute("UPDATE effects SET state = %s, payload = 'sent' WHERE effect_id = 1", (state,))


def test_another_account_waits_until_nothing_is_in_doubt(database: LedgerDatabase) -> None:
    """Law 22: a read-back at the new account would find nothing, and the entry would be posted a second time."""
    _one_in_doubt(database)
    with pytest.raises(ConfigurationError, match=r"1 entries are in doubt.*--same-account"):
        _save(database)
    assert database.rows(IN_DOUBT) == [("UNCERTAIN", 1, b"sent")]


def test_what_was_redriven_is_looked_for_at_its_own_account_first(database: LedgerDatabase) -> None:
    """PROTOCOL section 3: once sent, it may stand at the account that is connected now."""
    _one_in_doubt(database)
    database.connection.execute("UPDATE effects SET state = 'DEAD_LETTERED', sent_at = now() WHERE effect_id = 1")
    with unit_of_work(database.connection, PRACTICE, clock=FixedClock(NOON), jitter_s=0) as unit:
        release(unit, [State.DEAD_LETTERED], actor="Ada")
    with pytest.raises(ConfigurationError, match="1 entries are in doubt"):
        _save(database)


def test_renewed_keys_of_the_same_account_reach_what_is_in_doubt(database: LedgerDatabase) -> None:
    """S-5: the old keys may be revoked already, and then nothing but the new ones can settle the entry."""
    _one_in_doubt(database)
    database.connection.execute("UPDATE connections SET closed_reason = 'NEEDS_RECONNECT', not_before = 'infinity'")
    assert _save(database, same_account=True, names_itself=False).added is False
    assert database.rows(IN_DOUBT) == [("UNCERTAIN", 1, b"sent")]
    assert database.rows(
        "SELECT account_fingerprint, closed_reason, not_before < now() FROM connections WHERE target = 'PMS'"
    ) == [("renewed keys", None, True)]
    assert database.one("SELECT after ->> 'same_account' FROM audit WHERE action = 'target.change'") == "true"
