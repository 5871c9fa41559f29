"""One practice's records never hold up another's: a slow batch is halved, and its work is bounded (law 9)."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import psycopg
import pytest

from schemas.codec import encode_writeback
from schemas.events import Event, Split
from schemas.practice_settings import Timing
from schemas.topics import TopicName
from sinks.ledger.intake import batch_limit, read_context
from sinks.ledger.intake.batch import BatchWriter
from sinks.ledger.intake.batch_limit import BatchLimit
from sinks.ledger.intake.records import Consumed, Record
from sinks.ledger.payouts import compare
from sinks.ledger.schema.database import connect
from streams.fault_injection import Control
from tests.processors.rules.event_examples import item, payment, payout
from tests.processors.rules.linked_examples import refunded, voided
from tests.sinks.ledger.ledger_fixture import WRITEBACKS_ID, LedgerDatabase, again
from tests.sinks.ledger.linked_events import LATER, ready
from tests.sinks.ledger.test_decide_batch import decided

SLOW = "practice-slow"
PRACTICES = ("practice-a", "practice-b", SLOW, "practice-c", "practice-d")


def _slow_practice(database: LedgerDatabase) -> list[Record]:
    """Five practices with a payment each; what the third one stores takes longer than a statement may."""
    for practice_id in PRACTICES:
        database.add(practice_id)
    database.connection.execute(
        "CREATE FUNCTION stands_still() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(3600); RETURN NEW; END $$"
    )
    database.connection.execute(
        f"CREATE TRIGGER stands_still BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.practice_id = '{SLOW}')"
        " EXECUTE FUNCTION stands_still()"
    )
    return [database.record(database.decide(again(payment(), practice_id=each))) for each in PRACTICES]


def _store_as_the_role(database: LedgerDatabase, records: list[Record]) -> int:
    """Batches from the stored position, and after each error on a new connection; returns how often that was."""
    limit = BatchLimit(most=len(records))
    for errors in range(10):
        with connect(database.database_url, "intake") as connection:
            connection.execute("SET statement_timeout = '1s'")
            writer = BatchWriter(connection, database.policy, database.clock, limit)
            at = database.position()
            writer.positions = {(WRITEBACKS_ID, 0): at}
            try:
                writer.store([record for record in records if record.at.off >= at])
            except psycopg.errors.QueryCanceled:
                continue
            return errors
    raise AssertionError("the records behind the slow one are never stored")


def test_a_record_that_takes_too_long_leaves_its_batch(database: LedgerDatabase) -> None:
    """The others are stored; the one is tried by itself three times, and is a dead letter with its bytes then."""
    records = _slow_practice(database)
    assert _store_as_the_role(database, records) == batch_limit.TRIES_ALONE - 1
    assert database.verdicts() == ["FIRST", "FIRST", "DEAD_LETTER", "FIRST", "FIRST"]
    letters = database.rows("SELECT headers FROM outbox WHERE topic = %s", TopicName.DEAD_LETTERS.value)
    assert [dict(headers)["dl-reason"] for (headers,) in letters] == ["REFUSED_BY_LEDGER"]


def test_control_bisect_without_halving_nobody_is_stored(database: LedgerDatabase) -> None:
    """Its control: the whole batch is repeated, with the same end each time."""
    database.reopen(Control.BISECT)
    records = _slow_practice(database)
    with pytest.raises(AssertionError, match="never stored"):
        _store_as_the_role(database, records)
    assert database.verdicts() == []


def test_a_batch_that_was_halved_grows_again() -> None:
    """A slow minute does not make small batches for ever."""
    limit = BatchLimit(most=100)
    limit.records = 10
    sizes = []
    for _ in range(5):
        limit.stored()
        sizes.append(limit.records or limit.most)
    assert sizes == [20, 40, 80, 100, 100]


def test_batches_are_cut_by_the_entries_that_they_make(
    database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by records and bytes alone; a record that makes more than all is taken by itself."""
    monkeypatch.setattr(batch_limit, "MOST_ENTRIES", 4)
    database.add()
    payments = [payment(event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(5)]
    database.report(*payments)
    assert database.one("SELECT count(DISTINCT xmin::text) FROM receipts") == 3
    monkeypatch.setattr(batch_limit, "MOST_ENTRIES", 1)
    database.report(payment(event_id="ev-more", payment_id="pay-more"))
    assert database.verdicts() == ["FIRST"] * 6


SPLITS, PAYMENTS = 5, 6
STORED = 2 * SPLITS
"""Entries of one such payment: each share and its fee."""


def _voided_at_once(database: LedgerDatabase) -> dict[str, int]:
    """Payments of many shares, then in one batch what voids each; answers how many rows a transaction wrote at most."""
    database.add()
    shares = tuple(Split(patient_ref=f"pt-{number}", amount_minor=2000) for number in range(SPLITS))
    names = [f"{number}" for number in range(PAYMENTS)]
    database.report(*(payment(event_id=f"ev-{n}", payment_id=f"pay-{n}", splits=shares) for n in names))
    database.report(*(voided(event_id=f"ev-v{n}", payment_id=f"pay-{n}", at=LATER) for n in names))
    assert database.states() == ["VOIDED_BEFORE_POST"] * (PAYMENTS * STORED)
    assert database.verdicts() == ["FIRST"] * (2 * PAYMENTS)
    return {
        table: database.one(f"SELECT max(n) FROM (SELECT count(*) AS n FROM {table} GROUP BY xmin::text) x")
        for table in ("entries", "outcomes")
    }


def test_batches_are_cut_by_what_is_stored_of_their_money(
    database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small record may be about a large payment: what is read and written for many of them is bounded too."""
    monkeypatch.setattr(batch_limit, "MOST_ENTRIES", 2 * STORED + 1)
    most = _voided_at_once(database)
    assert most == {"entries": 2 * STORED, "outcomes": STORED}


def test_without_the_bound_a_batch_writes_all_of_it(database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(batch_limit, "MOST_ENTRIES", 2 * STORED + 1)
    database.reopen(Control.BOUNDED_STEPS)
    assert _voided_at_once(database) == {"entries": PAYMENTS * STORED, "outcomes": PAYMENTS * STORED}


def test_many_reports_about_one_payment_are_taken_in_steps(
    database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reads the payment once and writes its own entries: by what is written, the batch is cut."""
    monkeypatch.setattr(batch_limit, "MOST_ENTRIES", STORED + 2)
    database.add()
    shares = tuple(Split(patient_ref=f"pt-{number}", amount_minor=2000) for number in range(SPLITS))
    database.report(payment(splits=shares))
    refunds = [refunded(-1000, number=number, at=LATER) for number in range(1, 6)]
    database.report(*refunds)
    assert database.verdicts() == ["FIRST"] * 6
    of_refunds = "SELECT count(*) AS n FROM entries WHERE entry_kind = 'refund' GROUP BY xmin::text"
    written = [row[0] for row in database.rows(of_refunds)]
    assert sum(written) == SPLITS * len(refunds)
    assert max(written) < STORED + 2 + SPLITS


def test_records_are_read_as_many_as_one_transaction_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the broker sent together is decoded step by step, a record with more than all by itself."""
    monkeypatch.setattr(batch_limit, "MOST_ENTRIES", 4)
    shares = tuple(Split(patient_ref=f"pt-{number}", amount_minor=2000) for number in range(SPLITS))
    plain, large = _consumed(payment()), _consumed(payment(splits=shares))
    steps = [len(step) for step in batch_limit.read_in_steps([plain, plain, plain, large, plain, plain])]
    assert steps == [2, 1, 1, 2]
    items = [item(number, 100, 1, payment_id=f"pay-{number}") for number in range(100)]
    many = _consumed(payout(*items))
    assert [len(step) for step in batch_limit.read_in_steps([plain, many, plain])] == [1, 1, 1], "one entry, 100 items"


def _consumed(event: Event) -> Consumed:
    said = decided(event, 0)
    return msgspec.structs.replace(said.at, value=encode_writeback(said.writeback))


@pytest.mark.parametrize("waits_for", ["funds", "fee"])
def test_a_payout_of_many_waiting_payments_goes_on_in_steps(
    database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch, waits_for: str
) -> None:
    """Each step is a transaction of its own; in the end all is as if it had been one, and nothing is a repair."""
    count, step = 23, 5
    monkeypatch.setattr(read_context, "PAYMENTS_AT_ONCE", step)
    monkeypatch.setattr(compare, "PAGE", step)
    monkeypatch.setattr(compare, "ROUND_S", 0.0)
    ready(database, timing=Timing.ON_CLEAR if waits_for == "funds" else Timing.INSTANT)
    fee = 320 if waits_for == "funds" else None
    database.report(*(payment(fee=fee, event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(count)))
    items = [item(n, 10000, 320, payment_id=f"pay-{n}") for n in range(count)]
    database.report(payout(*items, at=LATER))
    assert _released(database) == step
    released = [_released(database)]
    while database.sweeps.payouts.run():
        released.append(_released(database))
    assert max(after - before for before, after in pairwise(released)) <= step
    assert _released(database) == count
    assert sum(database.sweeps.repair().values()) == 0


def _released(database: LedgerDatabase) -> int:
    return int(
        database.one(
            "SELECT count(*) FROM effects WHERE target = 'PMS' AND entry_kind = 'payment' AND state = 'SCHEDULED'"
        )
    )
