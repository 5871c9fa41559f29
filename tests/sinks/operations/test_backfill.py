"""Switches are prospective, and old payments are posted only on purpose (E-8, E-9 d, E-9 e)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.events import PaymentKind, PaymentSucceeded
from schemas.practice_settings import FeeAdjustment, TypeMode
from schemas.vocabulary import DecisionReason
from sinks.ledger.practices import audit
from sinks.operations.actions import backfill
from sinks.operations.actions.backfill import BackfillDone
from sinks.operations.queries.skipped import BY_SWITCH, BackfillItem, BackfillWanted, Kept
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, item, modes, payment, payout
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack
HOUR = timedelta(hours=1)
TERMINAL_OFF = modes(terminal=TypeMode.OFF)
WHO = order("owner", "we forgot the terminals")


def paid(number: int, at: Any = NOON, gross: int = 10_000, fee: int | None = 320, **facts: Any) -> PaymentSucceeded:
    event: PaymentSucceeded = again(
        payment(gross, fee, at=at), event_id=f"ev-{number}", payment_id=f"pay-{number}", **facts
    )
    return event


def wanted(**changed: Any) -> BackfillWanted:
    values: dict[str, Any] = {"practice_id": PRACTICE, "since": NOON - HOUR, "until": NOON + 24 * HOUR}
    return BackfillWanted(**(values | changed))


def plan(database: LedgerDatabase, **changed: Any) -> list[BackfillItem]:
    return list(backfill.plan_backfill(ledger_of(database.connection, database.clock), wanted(**changed)))


def apply(database: LedgerDatabase, **changed: Any) -> BackfillDone:
    done = backfill.backfill(ledger_of(database.connection, database.clock), wanted(**changed), WHO)
    assert done is not None
    return done


def reasons(database: LedgerDatabase) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in database.rows("SELECT state, reason FROM effects ORDER BY effect_id")]


@pytest.fixture
def skipped(database: LedgerDatabase) -> LedgerDatabase:
    """Terminals were off from NOON on; one payment before, two after; now they are on again."""
    database.add()
    database.link()
    database.report(paid(1, NOON - HOUR))
    database.save(types=TERMINAL_OFF)
    database.clock.instant = NOON + HOUR
    database.report(paid(2, NOON + HOUR), paid(3, NOON + HOUR))
    database.clock.instant = NOON + 2 * HOUR
    database.save()
    return database


def test_a_type_that_is_turned_off_stops_what_happens_later(skipped: LedgerDatabase) -> None:
    """E-9 e, E-8: what happened before stays due, also when it arrives after the switch; what happened after is
    skipped, and turning it on again posts nothing old."""
    skipped.report(paid(4, NOON - HOUR / 2))
    assert skipped.states() == ["SCHEDULED"] * 2 + ["SKIPPED_DISABLED"] * 4 + ["SCHEDULED"] * 2
    assert {row[0] for row in skipped.rows("SELECT reason FROM effects WHERE state LIKE 'SKIPPED%%'")} == {"TYPE_OFF"}


def test_a_preview_changes_nothing_and_says_what_would_be_due(skipped: LedgerDatabase) -> None:
    """E-9 d."""
    items = plan(skipped)
    assert [(item.subject, [each.amount_minor for each in item.moves], item.kept) for item in items] == [
        ("pay-2", [9680, 320], None),
        ("pay-3", [9680, 320], None),
    ]
    assert skipped.states().count("SKIPPED_DISABLED") == 4


def test_old_payments_are_posted_on_purpose_once_and_with_a_name(skipped: LedgerDatabase) -> None:
    """E-9 d, E-8: due now under the version of its time; asked again it finds nothing; one line in the trail."""
    assert apply(skipped) == BackfillDone(payments=2, entries=4, kept=0)
    assert reasons(skipped)[2:] == [("SCHEDULED", "BACKFILLED")] * 4
    assert {row[0] for row in skipped.rows("SELECT settings_version FROM effects WHERE reason = 'BACKFILLED'")} == {2}
    assert skipped.one("SELECT next_due_at FROM gates") <= skipped.clock.instant
    assert apply(skipped) == BackfillDone()
    ((actor, why, after),) = skipped.rows("SELECT actor, why, after FROM audit WHERE action = 'backfill'")
    assert (actor, why, len(after["entries"])) == ("owner", "we forgot the terminals", 4)
    with skipped.connection.cursor() as cursor:
        assert audit.broken(cursor, PRACTICE) == []


def test_the_stretch_and_the_type_choose(skipped: LedgerDatabase) -> None:
    assert plan(skipped, since=NOON + 2 * HOUR) == []
    assert plan(skipped, until=NOON + HOUR) == []
    assert plan(skipped, kind=PaymentKind.INSURANCE) == []
    assert len(plan(skipped, kind=PaymentKind.TERMINAL)) == 2


def test_it_needs_who_and_why_and_a_master_that_is_on(skipped: LedgerDatabase) -> None:
    with pytest.raises(ConfigurationError, match="needs --why"):
        backfill.backfill(ledger_of(skipped.connection, skipped.clock), wanted(), order("owner", " "))
    skipped.clock.instant += HOUR
    skipped.save(master=False)
    with pytest.raises(ConfigurationError, match="master switch of practice-1 is off"):
        apply(skipped)
    assert skipped.states().count("SKIPPED_DISABLED") == 4


def test_the_masters_pause_is_resumed_and_its_skips_are_not(database: LedgerDatabase) -> None:
    """E-9 e: PAUSED goes on with the switch; what was paid while it was off needs a backfill."""
    database.add()
    database.link()
    early = database.decide(paid(1, NOON - HOUR))
    database.save(master=False)
    database.store(early)
    database.clock.instant = NOON + HOUR
    database.report(paid(2, NOON + HOUR))
    assert database.states() == ["PAUSED"] * 2 + ["SKIPPED_DISABLED"] * 2
    database.clock.instant = NOON + 2 * HOUR
    database.save(master=True)
    assert database.states() == ["SCHEDULED"] * 2 + ["SKIPPED_DISABLED"] * 2
    assert apply(database).entries == 2
    assert database.states() == ["SCHEDULED"] * 4


def test_companions_and_unconnected_entries_only_when_asked(database: LedgerDatabase) -> None:
    """E-9 d: what was skipped for another reason than a switch is not old, it is unwanted."""
    database.add(connected=False, fee_adjustment=FeeAdjustment.OFF)
    database.link()
    database.report(paid(1))
    assert reasons(database) == [("SKIPPED_DISABLED", "NO_CONNECTION"), ("SKIPPED_DISABLED", "COMPANION_OFF")]
    database.connect()
    assert plan(database) == []
    both = BY_SWITCH | {DecisionReason.NO_CONNECTION, DecisionReason.COMPANION_OFF}
    assert apply(database, reasons=frozenset(both)).entries == 2
    assert {row[0] for row in database.rows("SELECT connection_id FROM effects")} == {f"{PRACTICE}-PMS"}


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        ({"fee": None}, Kept.FEE_UNKNOWN),
        ({"gross": 25, "fee": 31}, Kept.NET_NOT_POSITIVE),
    ],
)
def test_what_a_rule_keeps_from_automatic_posting_stays(
    database: LedgerDatabase, facts: dict[str, Any], kept: Kept
) -> None:
    """N-5, N-9: a backfill is no way around them."""
    database.add(types=TERMINAL_OFF)
    database.link()
    database.report(paid(1, **facts))
    (item,) = plan(database)
    assert (item.kept, item.moves) == (kept, ())
    assert apply(database) == BackfillDone(kept=1)
    assert set(database.states()) == {"SKIPPED_DISABLED"}


def test_without_a_connection_nothing_moves(database: LedgerDatabase) -> None:
    database.add(connected=False, types=TERMINAL_OFF)
    database.report(paid(1))
    assert [item.kept for item in plan(database)] == [Kept.NOT_CONNECTED]


def test_a_kind_that_the_connection_cannot_write_stays(skipped: LedgerDatabase) -> None:
    skipped.connection.execute("UPDATE connections SET capabilities = '{payment}'")
    assert {item.kept for item in plan(skipped)} == {Kept.NOT_BY_THIS_ROUTE}


def test_a_failover_since_then_makes_it_look_first(skipped: LedgerDatabase) -> None:
    """Law 4: the lost moment may have backfilled and sent it already."""
    skipped.connection.execute(
        "INSERT INTO ledger_era VALUES (true, 1, 1, 2, %s) ON CONFLICT (only_row) DO UPDATE"
        " SET era = 2, raised_at = EXCLUDED.raised_at",
        (skipped.clock.instant,),
    )
    apply(skipped)
    assert skipped.rows("SELECT DISTINCT look_first FROM effects WHERE reason = 'BACKFILLED'") == [(True,)]


def test_many_are_done_page_by_page(skipped: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sinks.operations.queries.skipped", "sinks.operations.actions.backfill"):
        monkeypatch.setattr(f"{module}.PAGE", 1)
    assert len(plan(skipped)) == 2
    assert apply(skipped) == BackfillDone(payments=2, entries=4, kept=0)
    assert skipped.one("SELECT count(*) FROM audit WHERE action = 'backfill'") == 2


def test_p23_of_two_payouts_with_one_charge_one_is_backfilled(database: LedgerDatabase) -> None:
    """P-23: QuickBooks was connected after both; the later one stays, with the reason."""
    database.add(connected=False)
    charged = item(1, 15000, 495, payment_id="pay-1")
    for number in (1, 2):
        told = payout(charged, at=NOON, payout_id=f"po-{number}", event_id=f"ev-po-{number}")
        database.report(told)
    database.connect()
    found = plan(database, reasons=frozenset({DecisionReason.NO_CONNECTION}))
    assert [(each.subject, each.kept) for each in found] == [("po-1", None), ("po-2", Kept.IN_TWO_PAYOUTS)]
