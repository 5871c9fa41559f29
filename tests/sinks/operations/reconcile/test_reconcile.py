"""Reconciliation over a real ledger: whatever lives and payouts there were, causes explain all of it (P-19, P-23)."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import events as e
from schemas.practice_settings import AmountMode, FeeAdjustment
from schemas.vocabulary import State
from sinks.operations.reconcile.bridge import Cause, Joint, reconcile
from sinks.operations.reconcile.export import safe_cell
from sinks.operations.reconcile.load import load
from sinks.operations.reconcile.pdf_report import pdf_bytes
from sinks.operations.reconcile.run import reconcile_practice
from sinks.operations.reconcile.totals import Span
from sinks.operations.reconcile.words import CAUSE_WORDS
from sinks.operations.typewriter_pdf import LETTERS
from streams.runtime.errors import ConfigurationError
from tests import processes
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.processors.rules.lifecycle.memory_ledger import refund
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.operations.orders import ledger_of
from tests.sinks.operations.test_worklist import texts_of
from tests.worlds import Stack, World, fresh_world

pytestmark = pytest.mark.stack

FROM, TO = date(2026, 3, 2), date(2026, 3, 6)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world(stack: Stack) -> Iterator[World]:
    with fresh_world(stack) as mine:
        yield mine


@pytest.fixture(scope="module")
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.clock.instant = NOON + 12 * DAY
    yield opened
    opened.close()


class Life:
    """A practice with random payments, what followed them, and payouts of some of it; entries end as chance has it."""

    lives = 0

    def __init__(self, database: LedgerDatabase, seed: int) -> None:
        Life.lives += 1
        self.database = database
        self.practice = f"life-{Life.lives}"
        self.chance = random.Random(seed)
        self.number = 0
        chosen: dict[str, Any] = {
            "amount": self.chance.choice([AmountMode.NET, AmountMode.GROSS]),
            "fee_adjustment": self.chance.choice([FeeAdjustment.AUTO, FeeAdjustment.OFF]),
        }
        database.add(self.practice, **chosen)
        database.link(practice_id=self.practice)

    def live(self) -> None:
        money: list[tuple[str, e.PayoutItem]] = []
        for _ in range(self.chance.randint(1, 4)):
            money += self._payment()
            self._end_some()
        for number in range(self.chance.randint(0, 3)):
            count = self.chance.randint(0, len(money))
            taken, money = money[:count], money[count:]
            self._payout(number, [each for _, each in taken])
            self._end_some()
        self._end_some(all_of_it=self.chance.random() < 0.5)

    def _payment(self) -> list[tuple[str, e.PayoutItem]]:
        self.number += 1
        name, at = f"pay-{self.number}", NOON + self.chance.randint(-3, 3) * DAY
        gross, fee = self.chance.choice([(10_000, 320), (333, 40), (14_000, 0)])
        surcharge = self.chance.choice([0, 0, 100])
        self._report(payment(gross, fee, at, payment_id=name, surcharge_minor=surcharge))
        found = [(name, self._item(gross, fee, payment_id=name))]
        if self.chance.random() < 0.3:
            back = -self.chance.choice([gross, gross // 3])
            ref = f"re-{self.number}"
            self._report(again(refund(back, ref=ref), payment_id=name, occurred_at=at + DAY))
            found.append((ref, self._item(back, 0, e.PayoutCategory.REFUND, payment_id=name, refund_id=ref)))
        elif self.chance.random() < 0.2:
            known = payment(at=at + DAY)
            fields = {each: getattr(known, each) for each in ("source", "occurred_at", "produced_at")}
            self._report(e.PaymentVoided(event_id=f"ev-void-{name}", practice_id="x", payment_id=name, **fields))
            return []
        return found

    def _payout(self, number: int, items: list[e.PayoutItem]) -> None:
        arrives = date(2026, 3, 4) + self.chance.randint(-4, 5) * DAY
        if self.chance.random() < 0.3:
            items = [*items, self._item(-500, 0, e.PayoutCategory.MANAGEMENT_FEE)]
        if self.chance.random() < 0.2:
            items = [*items, self._item(-1_000, 0, e.PayoutCategory.RESERVE_HOLD)]
        if self.chance.random() < 0.2:
            items = [*items, self._item(700, 20, payment_id=f"pay-nobody-{number}")]
        if items and self.chance.random() < 0.2:
            other = items[0].gross_minor + 50
            items = [again(items[0], gross_minor=other, net_minor=other - items[0].fee_minor), *items[1:]]
        paid = payout(*items, payout_id=f"po-{number}", arrival_date=arrives)
        if self.chance.random() < 0.15:
            paid = again(paid, net_minor=paid.net_minor + 10, gross_minor=paid.gross_minor + 10)
        self._report(paid)
        if self.chance.random() < 0.2:
            self._end_some()
            failed = NOON + self.chance.randint(1, 6) * DAY
            fields = {each: getattr(paid, each) for each in ("source", "produced_at", "practice_id", "payout_id")}
            self._report(
                e.PayoutFailed(event_id="ev-f", occurred_at=failed, failed_at=failed, reason_code="R01", **fields)
            )

    def _item(self, gross: int, fee: int, category: Any = e.PayoutCategory.CHARGE, **facts: Any) -> e.PayoutItem:
        self.number += 1
        return item(self.number, gross, fee, category, **facts)

    def _report(self, event: e.Event) -> None:
        self.number += 1
        self.database.report(again(event, practice_id=self.practice, event_id=f"ev-{self.number}"))

    def _end_some(self, *, all_of_it: bool = False) -> None:
        """Posted, or recorded by hand with the amount or another one; the rest goes on waiting."""
        rows = self.database.rows(
            "SELECT effect_id, amount_minor FROM open_effects WHERE practice_id = %s"
            " AND state = ANY(%s) ORDER BY effect_id",
            self.practice,
            ["SCHEDULED", "AWAITING_REVIEW"],
        )
        for number, amount in rows:
            way = 0.0 if all_of_it else self.chance.random()
            if way < 0.5:
                self._move(number, State.POSTED)
            elif way < 0.6:
                self._move(number, State.RECORDED_MANUALLY)
                self.database.connection.execute(
                    "INSERT INTO recorded_amounts VALUES (%s, %s, %s, now(), 'test')",
                    (self.practice, number, amount - self.chance.choice([0, 5])),
                )
            elif way < 0.65:
                self._move(number, State.DISMISSED)

    def _move(self, number: int, state: State) -> None:
        self.database.connection.execute(
            "UPDATE effects SET state = %s WHERE practice_id = %s AND effect_id = %s", (state, self.practice, number)
        )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_whatever_happened_every_difference_has_a_cause(database: LedgerDatabase, seed: int) -> None:
    """Each joint adds up to the cent, nothing is unexplained, and the figures are those of the ledger itself."""
    life = Life(database, seed)
    life.live()
    loaded = load(database.connection, life.practice, FROM, TO)
    found = reconcile(loaded.facts)
    assert found.unexplained == ()
    sums = {joint: sum(each.amount_minor for each in found.differences if each.joint is joint) for joint in Joint}
    assert found.pms_minor + sums[Joint.PMS_TO_REPORTED] == found.reported_minor
    assert found.reported_minor + sums[Joint.REPORTED_TO_BANK] == found.bank_minor
    assert found.bank_minor + sums[Joint.BANK_TO_QUICKBOOKS] == found.quickbooks_minor
    booked = database.one(
        "SELECT coalesce(sum(CASE WHEN f.state = 'POSTED' THEN f.amount_minor ELSE r.amount_minor END), 0)::bigint"
        " FROM effects f LEFT JOIN recorded_amounts r USING (practice_id, effect_id)"
        " WHERE f.practice_id = %s AND f.target = 'QUICKBOOKS' AND is_booked(f.state)"
        " AND (SELECT e.ledger_date FROM entries e WHERE e.practice_id = f.practice_id AND e.effect_id = f.effect_id)"
        " BETWEEN %s AND %s",
        life.practice, FROM, TO,
    )  # fmt: skip
    assert found.quickbooks_minor == booked


def a_plain_month(database: LedgerDatabase, practice: str) -> None:
    """Three payments of which two are paid out and written, and one is on its way."""
    database.add(practice)
    database.link(practice_id=practice)
    for number in range(1, 4):
        paid = payment(10_000, 320, payment_id=f"pay-{number}")
        database.report(again(paid, practice_id=practice, event_id=f"ev-{practice}-{number}"))
    arrived = payout(*(item(number, 10_000, 320, payment_id=f"pay-{number}") for number in (1, 2)))
    database.report(again(arrived, practice_id=practice, event_id=f"ev-{practice}-po"))
    database.connection.execute(
        "UPDATE effects SET state = 'POSTED' WHERE practice_id = %s AND state = 'SCHEDULED'", (practice,)
    )


def test_collected_and_not_yet_in_the_bank(database: LedgerDatabase) -> None:
    """P-19, VER-6: the one on its way is said, with the totals of the month; without QuickBooks as with it."""
    a_plain_month(database, "plain-1")
    found = reconcile_practice(ledger_of(database.connection, database.clock), "plain-1", FROM, TO, Span.MONTH)
    assert (found.pms_minor, found.reported_minor) == (30_000, 30_000)
    assert (found.bank_minor, found.quickbooks_minor, found.in_transit_minor) == (19_360, 19_360, 10_000)
    assert [(each.cause, each.amount_minor) for each in found.causes] == [
        (Cause.FEE, -640),
        (Cause.IN_TRANSIT, -10_000),
    ]
    (month,) = found.totals
    assert (month.period, month.payments_minor, month.fees_minor, month.payouts_minor) == (
        "2026-03",
        30_000,
        960,
        19_360,
    )
    with pytest.raises(ConfigurationError, match="--from"):
        reconcile_practice(ledger_of(database.connection, database.clock), "plain-1", TO, FROM, Span.DAY)


def test_control_an_amount_that_nobody_can_explain_is_found(database: LedgerDatabase) -> None:
    """A cent more in one entry: no cause takes it up."""
    a_plain_month(database, "plain-2")
    database.connection.execute(
        "UPDATE effects SET amount_minor = amount_minor + 1 WHERE practice_id = 'plain-2' AND entry_kind = 'payment'"
        " AND event_id = 'ev-plain-2-1'"
    )
    found = reconcile_practice(ledger_of(database.connection, database.clock), "plain-2", FROM, TO, Span.DAY)
    assert not found.explained
    assert [each.amount_minor for each in found.causes if each.cause is Cause.UNEXPLAINED] == [-1]


def test_totals_and_figures_without_quickbooks(database: LedgerDatabase) -> None:
    """VER-6, P-17: no company is connected; what payouts brought is said all the same, by day and by year."""
    database.add("plain-no-books", connected=False)
    for number in (1, 2):
        paid = payment(10_000, 320, payment_id=f"pay-{number}", at=NOON + (number - 1) * DAY)
        database.report(again(paid, practice_id="plain-no-books", event_id=f"ev-no-books-{number}"))
    arrived = payout(item(1, 10_000, 320, payment_id="pay-1"))
    database.report(again(arrived, practice_id="plain-no-books", event_id="ev-no-books-po"))
    ledger = ledger_of(database.connection, database.clock)
    by_day = reconcile_practice(ledger, "plain-no-books", FROM, TO, Span.DAY)
    assert [(each.period, each.payments_minor, each.payouts_minor) for each in by_day.totals] == [
        ("2026-03-04", 10_000, 0),
        ("2026-03-05", 10_000, 9_680),
    ]
    (year,) = reconcile_practice(ledger, "plain-no-books", FROM, TO, Span.YEAR).totals
    assert (year.period, year.payments_minor, year.fees_minor, year.payouts_minor) == ("2026", 20_000, 640, 9_680)
    assert (by_day.bank_minor, by_day.quickbooks_minor, by_day.explained) == (9_680, 0, True)


def test_the_report_is_a_pdf_of_the_same_bytes(database: LedgerDatabase) -> None:
    """Every figure, cause and difference stands in it, and no line is cut."""
    a_plain_month(database, "plain-pdf")
    found = reconcile_practice(ledger_of(database.connection, database.clock), "plain-pdf", FROM, TO, Span.MONTH)
    first = pdf_bytes(found)
    assert first == pdf_bytes(found)
    assert first.startswith(b"%PDF-1.7")
    shown = texts_of(first)
    assert "every difference has a cause" in shown
    for name, amount in (
        ("booked in the PMS", "300.00"),
        ("brought by payouts", "193.60"),
        ("in QuickBooks", "193.60"),
    ):
        assert any(line.split() == [*name.split(), amount] for line in shown), name
    assert any("IN_TRANSIT" in line and "-100.00" in line and "collected, and in no payout" in line for line in shown)
    assert any(line.split() == ["-100.00", "IN_TRANSIT", "pay-3"] for line in shown)
    assert any(line.split() == ["2026-03", "300.00", "0.00", "9.60", "0.00", "193.60"] for line in shown)
    assert all(len(line) <= LETTERS for line in shown)
    assert " ".join(CAUSE_WORDS[Cause.IN_TRANSIT].split()) in " ".join(" ".join(shown).split())


def test_the_command(database: LedgerDatabase, world: World, tmp_path: Path) -> None:
    """Exit code 0 where everything has a cause and 1 where not; a table, a document, and a file for a spreadsheet."""
    a_plain_month(database, "plain-3")
    days = ("--from", FROM.isoformat(), "--to", TO.isoformat())
    file = tmp_path / "differences.csv"
    report = tmp_path / "report.pdf"
    done = processes.run(["reconcile", "plain-3", *days, "--csv", str(file), "--pdf", str(report)], world.environ())
    assert done.returncode == 0, done.stdout + done.stderr
    assert report.read_bytes().startswith(b"%PDF")
    nowhere = processes.run(["reconcile", "plain-3", *days, "--pdf", str(tmp_path / "nowhere" / "x")], world.environ())
    assert nowhere.returncode == 2
    assert "--pdf: the file cannot be written" in nowhere.stderr
    assert "collected and not in the bank yet: 100.00 USD" in done.stdout
    rows = list(csv.reader(io.StringIO(file.read_text())))
    assert rows[0] == ["practice", "between", "cause", "about", "amount", "currency"]
    assert ["plain-3", "REPORTED_TO_BANK", "IN_TRANSIT", "pay-3", "-100.00", "USD"] in rows
    database.connection.execute(
        "UPDATE effects SET amount_minor = amount_minor + 1 WHERE practice_id = 'plain-3' AND entry_kind = 'payment'"
        " AND event_id = 'ev-plain-3-2'"
    )
    wrong = processes.run(["reconcile", "plain-3", *days, "--json"], world.environ())
    assert wrong.returncode == 1
    assert "UNEXPLAINED" in {each["cause"] for each in json.loads(wrong.stdout)["causes"]}
    for arguments, advice in (([*days], "--organisation"), (["plain-3"], "--from"), (["nobody", *days], "nobody")):
        refused = processes.run(["reconcile", *arguments], world.environ())
        assert refused.returncode == 2
        assert advice in refused.stderr


@given(st.text())
def test_no_cell_is_computed(text: str) -> None:
    """S-9: whatever an id is made of."""
    assert not safe_cell(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
