"""Payouts that differ, connections that are closed now, and accesses that end, as the metrics say them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from sinks.ledger.gauges import Gauges
from sinks.ledger.gauges.accounts import overdue_before
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

DIFFERENCE = (
    "INSERT INTO payout_differences (practice_id, number, kind, category, subject, payout_id, currency, reported_minor,"
    " paid_minor, found_at, ended_at) VALUES (%s, %s, %s, 'CHARGE', 'pay-1', 'po-1', 'USD', %s, %s, %s, %s)"
)


def value_of(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"writeback_{name}", labels)


def measure(database: LedgerDatabase) -> None:
    Gauges(database.database_url, database.clock).measure(database.connection)


def test_differences_are_counted_in_cents_and_by_banking_days(database: LedgerDatabase) -> None:
    """Two that offset each other are two differences; one that was ended is none."""
    database.add()
    late = NOON - timedelta(days=10)
    for number, row in enumerate(
        [
            ("FEE_DIFFERS", 320, 300, NOON, None),
            ("FEE_DIFFERS", 300, 320, late, None),
            ("CHARGE_UNKNOWN", None, 5000, late, None),
            ("GROSS_DIFFERS", 1, 2, late, NOON),
        ]
    ):
        database.connection.execute(DIFFERENCE, (PRACTICE, number, *row))
    measure(database)
    assert value_of("payout_differences_open", kind="FEE_DIFFERS") == 2
    assert value_of("payout_differences_minor_units", kind="FEE_DIFFERS", currency="USD") == 40
    assert value_of("payout_differences_minor_units", kind="CHARGE_UNKNOWN", currency="USD") == 5000
    assert value_of("payout_differences_open", kind="GROSS_DIFFERS") == 0
    assert value_of("payout_differences_overdue") == 2


def test_a_weekend_makes_no_difference_overdue() -> None:
    """Found on a Thursday it is overdue on the Tuesday after: Friday and Monday were its two days."""
    found = datetime(2026, 3, 5, 15, tzinfo=UTC)
    assert found > overdue_before(datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert found < overdue_before(datetime(2026, 3, 10, 12, tzinfo=UTC))


def test_closed_connections_are_those_that_are_closed_now(database: LedgerDatabase) -> None:
    """A count of what is closed, not of closings: it goes down when a connection answers again, whoever saw it."""
    database.add()
    database.connection.execute("UPDATE connections SET route = 'open_dental', closed_reason = 'UNREACHABLE',"
                                " closed_at = now() WHERE target = 'PMS'")  # fmt: skip
    database.connection.execute("UPDATE connections SET closed_at = now() - interval '2 hours' WHERE target = 'PMS'")
    measure(database)
    assert value_of("connections_closed", route="open_dental", reason="UNREACHABLE") == 1
    assert value_of("connections_closed", route="open_dental", reason="NEEDS_RECONNECT") == 0
    hours = (value_of("connections_closed_oldest_age_seconds", route="open_dental", reason="UNREACHABLE") or 0) // 3600
    assert (hours, value_of("connections", route="open_dental")) == (2, 1)
    measure(database)
    assert value_of("connections_closed", route="open_dental", reason="UNREACHABLE") == 1
    database.connection.execute("UPDATE connections SET closed_reason = NULL, closed_at = NULL")
    measure(database)
    assert value_of("connections_closed_oldest_age_seconds", route="open_dental", reason="UNREACHABLE") == 0
    assert value_of("connections_closed", route="open_dental", reason="UNREACHABLE") == 0


def test_the_first_access_that_ends_is_known(database: LedgerDatabase) -> None:
    """Of connections in use; where none is known there is no number, and no alarm."""
    database.add()
    measure(database)
    assert math.isnan(value_of("quickbooks_token_days_left") or 0)
    database.connection.execute(
        "UPDATE connections SET secret_until = now() + interval '6 days 12 hours' WHERE target = 'QUICKBOOKS'"
    )
    measure(database)
    assert 6.4 < (value_of("quickbooks_token_days_left") or 0) <= 6.5
    assert value_of("quickbooks_tokens_ending", within="7d") == 1
    assert value_of("quickbooks_tokens_ending", within="30d") == 1
    database.connection.execute("UPDATE connections SET enabled = false")
    measure(database)
    assert value_of("quickbooks_tokens_ending", within="30d") == 0


def test_the_database_is_measured(database: LedgerDatabase) -> None:
    measure(database)
    assert (value_of("database_bytes") or 0) > 1_000_000
    assert 0 < (value_of("database_connections") or 0) <= (value_of("database_connections_limit") or 0)
    assert value_of("database_synchronous_standbys") == 0
