"""What a practice's connection can do is asked of the ledger, offline, before settings are saved (TIM-3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.practice_settings import Timing
from schemas.vocabulary import EntryKind
from sinks.ledger.practices.settings.capabilities import capabilities_from, capabilities_of
from sinks.ledger.practices.settings.warnings import PmsCapabilities
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, item, payment, payout
from tests.processors.rules.linked_examples import cleared
from tests.sinks.ledger.ledger_fixture import LedgerDatabase


def capabilities(database: LedgerDatabase) -> PmsCapabilities:
    with database.connection.cursor() as cursor:
        return capabilities_of(cursor, PRACTICE)


def test_words_of_a_connection_become_abilities() -> None:
    """A row of an older release writes what every release wrote; unknown words are left out."""
    assert EntryKind.REFUND not in capabilities_from(None, clearance_seen=True).kinds
    found = capabilities_from(["payment", "charge", "guarantor", "batches_only", "levitate"], clearance_seen=True)
    assert (found.kinds, found.real_time) == (frozenset({EntryKind.PAYMENT, EntryKind.CHARGE}), False)
    assert found.books_to_guarantor


@pytest.mark.stack
def test_the_ledger_knows_connection_and_clearances(database: LedgerDatabase) -> None:
    """T-13: a clearance or a payout with its payments is something to wait for."""
    database.add(connected=False)
    assert capabilities(database) == PmsCapabilities(connected=False)
    database.connect()
    database.link()
    assert capabilities(database).clearance_seen is False
    database.report(payment())
    assert capabilities(database).clearance_seen is False
    database.report(cleared(at=NOON + timedelta(minutes=1)))
    assert capabilities(database).clearance_seen is True


@pytest.mark.stack
def test_a_payout_that_names_its_payments_clears_them(database: LedgerDatabase) -> None:
    """T-13."""
    database.add()
    database.report(payout(item(1, 10_000, 320, payment_id="pay-1")))
    assert capabilities(database).clearance_seen is True


@pytest.mark.stack
def test_what_a_connection_cannot_do_is_not_saved(database: LedgerDatabase) -> None:
    """TIM-3: INSTANT at a system that takes batches alone; but nobody is kept from switching off."""
    database.add()
    database.connection.execute("UPDATE connections SET capabilities = '{payment,fee_adjustment,batches_only}'")
    database.clock.instant += timedelta(hours=1)
    assert database.save(master=False) == 2
    database.clock.instant += timedelta(hours=1)
    assert database.save(timing=Timing.DAILY) == 3
    with pytest.raises(ConfigurationError, match="timing: this practice's system takes postings in batches alone"):
        database.save(timing=Timing.INSTANT)
