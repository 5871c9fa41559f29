"""R-17 to R-19, R-9, R-10: the cases from the field end right in every order of arrival."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.events import Event
from schemas.vocabulary import State
from tests.processors.rules.lifecycle.memory_ledger import Ledger
from tests.processors.rules.lifecycle.test_any_order import balances, still_open
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.vectors.field_cases import by_payment, field_case, for_practice, orders
from tests.worlds import Stack, fresh_world

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


class Right(msgspec.Struct, frozen=True):
    """What the practice's ledger shows in the end: kept by patient, and the cash."""

    kept: dict[str, int]
    cash: int


CASES = {
    "02": Right({}, -320),
    "03": Right({}, -320),
    "04": Right({}, -320),
    "05": Right({"pt-1": 10_000}, 9_680),
    "10": Right({"pt-1": 25_000}, 25_000),
    "20": Right({}, -1_820),
    "27": Right({}, -333),
    "28": Right({}, 0),
}
"""Case 05: the fee of the dispute is given back with the outcome that turned. Case 20: that of the dispute is kept."""


def told(events: Sequence[Event], *, posting: bool) -> Ledger:
    ledger = Ledger()
    for event in events:
        ledger.report(event)
        if posting:
            ledger.post()
    ledger.post()
    return ledger


@pytest.mark.parametrize("posting", [True, False], ids=["posted-between", "posted-at-the-end"])
@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_right_in_every_order(name: str, posting: bool) -> None:
    """R-17: nothing is left open, each patient and the cash are right."""
    for order in orders(field_case(name)):
        ledger = told(order, posting=posting)
        names = [event.event_id for event in order]
        assert Right(balances(ledger), ledger.cash()) == CASES[name], names
        assert still_open(ledger) == [], names


@pytest.mark.parametrize("name", ["30-orders", "34-orders"])
def test_orders_of_the_same_facts_are_all_alike(name: str) -> None:
    """R-17: as the file has them, posted between."""
    scenarios: dict[str, list[Any]] = {}
    for payment, events in by_payment(name).items():
        ledger = told(events, posting=True)
        scenario = payment.rsplit("-", 2)[0]
        scenarios.setdefault(scenario, []).append((balances(ledger), ledger.cash(), still_open(ledger)))
    assert len(scenarios) >= 2
    for scenario, ends in scenarios.items():
        assert all(end == ends[0] for end in ends), scenario
        assert ends[0][2] == []


def test_r18_opened_again_takes_the_money_again() -> None:
    """R-18: −100 +100 −100, three entries, in the order in which they happened."""
    ledger = told(field_case("04"), posting=True)
    cash = [x for x in ledger.rows() if x[0] in ("dispute_hold", "dispute_release")]
    assert [amount for _, _, amount, _ in cash] == [-10_000, 10_000, -10_000]


def test_r19_a_reinstated_payment_brings_back_what_the_return_took() -> None:
    """R-19, R-15: 250.00 and the bank's fee."""
    ledger = told(field_case("10"), posting=True)
    assert ledger.rows()[-2:] == [("return", "", 25_400, "POSTED"), ("fee_adjustment", "", -400, "POSTED")]


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    """One ledger for all orders; each is a practice of its own."""
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        opened.clock.instant = NOW
        yield opened
        opened.close()


@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_right_in_the_ledger(database: LedgerDatabase, name: str) -> None:
    """R-17, law 7: through the tables, with posting between."""
    for number, order in enumerate(orders(field_case(name), most=8)):
        practice = f"case-{name}-{number}"
        database.add(practice)
        for patient in ("pt-1", "pt-2"):
            database.link(patient, practice)
        for event in order:
            database.report(for_practice(event, practice))
            post_what_is_due(database, practice)
        assert found_in(database, practice) == CASES[name], [event.event_id for event in order]
        waiting = database.rows("SELECT event_id FROM events WHERE practice_id = %s AND waiting IS NOT NULL", practice)
        assert waiting == []


def found_in(database: LedgerDatabase, practice: str) -> Right:
    rows = database.rows(
        "SELECT patient_ref, sum(amount_minor)::bigint,"
        " sum(amount_minor) FILTER (WHERE entry_kind <> 'fee_adjustment')::bigint FROM effects"
        " WHERE practice_id = %s AND state = %s GROUP BY 1",
        practice,
        State.POSTED.value,
    )
    kept = {patient: amount for patient, amount, _ in rows if amount}
    reversed_fees = database.rows(
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM effects WHERE practice_id = %s AND state = %s"
        " AND entry_kind = 'reversal' AND part LIKE 'fee_adjustment/%%'",
        practice,
        State.POSTED.value,
    )
    return Right(kept, sum(cash or 0 for _, _, cash in rows) - reversed_fees[0][0])
