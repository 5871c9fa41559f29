"""What proposed settings would have made of the past: the rules alone, nothing touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from schemas.practice_settings import AmountMode, Timing, TypeMode
from schemas.vocabulary import State
from sinks.operations.whatif import run
from sinks.operations.whatif.compare import Compared, Outcome, Totals, proposed_history
from sinks.operations.whatif.replay import Replay
from tests.processors.rules.event_examples import (
    NOON,
    PRACTICE,
    history,
    item,
    modes,
    payment,
    payout,
    settings,
    version,
)
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.worlds import World

DAY = timedelta(days=1)


def outcome(event: Any, settings_history: Any) -> Outcome:
    replay = Replay(settings_history)
    replay.report(event, NOON)
    (found,) = replay.outcomes().values()
    return found


def compared(event: Any, **proposed: Any) -> Compared:
    imagined = proposed_history(PRACTICE, settings(**proposed))
    return Compared(
        source="s",
        event_id="e",
        about="pay-1",
        subject="pay-1",
        event_type="PaymentSucceeded",
        occurred_at=NOON,
        before=outcome(event, history(version())),
        after=outcome(event, imagined),
    )


def test_the_same_settings_differ_in_nothing() -> None:
    """The version's number is no difference; a payout follows no switch of the ledger (P-17)."""
    assert not compared(payment()).differs
    assert not compared(payout(item(1, 10_000, 320)), master=False, amount=AmountMode.GROSS).differs


@pytest.mark.parametrize(
    ("proposed", "amounts", "states"),
    [
        ({"amount": AmountMode.GROSS}, [10_000], {State.SCHEDULED}),
        ({"types": modes(terminal=TypeMode.MANUAL)}, [9680, 320], {State.AWAITING_MANUAL_POST}),
        ({"types": modes(terminal=TypeMode.OFF)}, [9680, 320], {State.SKIPPED_DISABLED}),
        ({"master": False}, [9680, 320], {State.SKIPPED_DISABLED}),
        ({"timing": Timing.DAILY}, [9680, 320], {State.SCHEDULED}),
    ],
)
def test_each_proposal_is_what_the_rules_would_decide(
    proposed: dict[str, Any], amounts: list[int], states: set[State]
) -> None:
    """E-8: as if the proposed settings had been in force when the payment happened."""
    found = compared(payment(), **proposed)
    assert found.differs
    assert [each.amount_minor for each in found.after.entries] == amounts
    assert {each.state for each in found.after.entries} == states


def test_a_fee_that_is_not_known_waits_only_in_net() -> None:
    """N-5."""
    found = compared(payment(10_000, None), amount=AmountMode.GROSS)
    assert (found.before.waiting, found.after.waiting) == (State.AWAITING_FEE, None)


def test_a_currency_that_no_longer_fits_is_said() -> None:
    """M-8."""
    assert compared(payment(), currency="EUR").after.refused is not None


def test_the_sum_counts_every_event_on_both_sides() -> None:
    total = Totals()
    for each in (compared(payment(), amount=AmountMode.GROSS), compared(payment(5_000, 160))):
        total.add(each)
    assert (total.events, total.differing) == (2, 1)
    line = total.lines["PMS", "payment", "SCHEDULED", "USD"]
    assert (line.entries_before, line.minor_before, line.entries_after, line.minor_after) == (2, 14_520, 2, 14_840)


def everything(database: LedgerDatabase) -> list[Any]:
    tables = ("events", "effects", "gates", "audit", "outbox", "settings")
    return [database.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add()
    opened.link()
    yield opened
    opened.close()


@pytest.mark.stack
def test_the_past_is_read_page_by_page_and_left_alone(
    database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is touched: every table is as before; pages meet without a gap or a double."""
    monkeypatch.setattr(run, "PAGE", 2)
    for number in range(5):
        at = NOON - timedelta(hours=number)
        database.report(
            again(payment(10_000 + number, 320, at=at), event_id=f"ev-{number}", payment_id=f"pay-{number}")
        )
    before = everything(database)
    found = list(run.run(database.connection, PRACTICE, settings(amount=AmountMode.GROSS), NOON - DAY, NOON + DAY))
    assert sorted(each.subject for each in found) == [f"pay-{number}" for number in range(5)]
    assert all(each.differs for each in found)
    assert list(run.run(database.connection, PRACTICE, settings(), NOON - DAY, NOON - DAY / 2)) == []
    assert everything(database) == before


@pytest.mark.stack
def test_an_event_without_its_bytes_is_counted_not_guessed(database: LedgerDatabase) -> None:
    """Law 28: bodies of old months are dropped."""
    database.report(payment())
    database.connection.execute("DELETE FROM bodies")
    total = Totals()
    for each in run.run(database.connection, PRACTICE, settings(master=False), NOON - DAY, NOON + DAY):
        total.add(each)
    assert (total.events, total.differing, total.without_body) == (1, 0, 1)
