"""One figure over the practices of a group: the sum of each, with nothing netted out between two of them (VER-6)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sinks.operations.actions.organisations import add_organisation, join_organisation
from sinks.operations.reconcile.bridge import Cause
from sinks.operations.reconcile.run import reconcile_group, reconcile_practice
from sinks.operations.reconcile.totals import Span
from streams.runtime.errors import ConfigurationError
from tests import processes
from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.operations.reconcile.test_reconcile import DAY, FROM, TO, a_plain_month
from tests.worlds import World

pytestmark = pytest.mark.stack
DAYS = ("--from", FROM.isoformat(), "--to", TO.isoformat())


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.clock.instant = NOON + 12 * DAY
    yield opened
    opened.close()


def _group(database: LedgerDatabase, *practices: str) -> None:
    ledger = ledger_of(database.connection, database.clock)
    add_organisation(ledger, "group", None, order())
    for practice in practices:
        a_plain_month(database, practice)
        join_organisation(ledger, "group", practice, (), order())


def _one_cent_more(database: LedgerDatabase, practice: str, cents: int) -> None:
    database.connection.execute(
        "UPDATE effects SET amount_minor = amount_minor + %s WHERE practice_id = %s AND entry_kind = 'payment'"
        " AND event_id = %s",
        (cents, practice, f"ev-{practice}-2"),
    )


def test_the_figures_of_a_group_are_the_sums_of_its_practices(database: LedgerDatabase) -> None:
    _group(database, "north", "south")
    ledger = ledger_of(database.connection, database.clock)
    one = reconcile_practice(ledger, "north", FROM, TO, Span.MONTH)
    both = reconcile_group(ledger, "group", FROM, TO, Span.MONTH)
    assert [each.practice_id for each in both.practices] == ["north", "south"]
    for figure in ("pms_minor", "reported_minor", "bank_minor", "quickbooks_minor", "in_transit_minor"):
        assert getattr(both, figure) == 2 * getattr(one, figure) > 0
    assert [(each.cause, each.amount_minor, each.differences) for each in both.causes] == [
        (each.cause, 2 * each.amount_minor, 2 * each.differences) for each in one.causes
    ]
    (month,), (months,) = one.totals, both.totals
    assert months.period == month.period
    for total in ("payments_minor", "given_back_minor", "fees_minor", "other_fees_minor", "payouts_minor"):
        assert getattr(months, total) == 2 * getattr(month, total)


def test_what_two_practices_cannot_explain_does_not_cancel_out(database: LedgerDatabase, world: World) -> None:
    """A cent too much here and one too few there: the sum is right, the books are not; the command says so."""
    _group(database, "north", "south")
    _one_cent_more(database, "north", 1)
    _one_cent_more(database, "south", -1)
    found = reconcile_group(ledger_of(database.connection, database.clock), "group", FROM, TO, Span.MONTH)
    assert not found.explained
    assert [(each.amount_minor, each.differences) for each in found.causes if each.cause is Cause.UNEXPLAINED] == [
        (0, 2)
    ]
    said = processes.run(["reconcile", "--organisation", "group", *DAYS, "--json"], world.environ())
    assert said.returncode == 1, said.stderr
    assert {each["practice_id"] for each in json.loads(said.stdout)["practices"]} == {"north", "south"}


def test_a_group_of_one_figure_has_one_currency_and_practices(database: LedgerDatabase) -> None:
    ledger = ledger_of(database.connection, database.clock)
    add_organisation(ledger, "group", None, order())
    with pytest.raises(ConfigurationError, match="has no practices"):
        reconcile_group(ledger, "group", FROM, TO, Span.MONTH)
    for practice, currency in (("north", "USD"), ("south", "CAD")):
        database.add(practice, connected=False, currency=currency)
        join_organisation(ledger, "group", practice, (), order())
    with pytest.raises(ConfigurationError, match=r"several currencies \(CAD, USD\)"):
        reconcile_group(ledger, "group", FROM, TO, Span.MONTH)
