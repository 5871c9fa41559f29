"""Transactions by practice, state, day and payment, with amounts and reasons (VER-1, VER-2, VER-5, guarantee 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from sinks.operations.queries.calendar import week_of
from tests.deploy.commands.console import writeback, writeback_json
from tests.sinks.notices.notice_ledger import Mailbox, NoticeLedger
from tests.worlds import NO_GUARDS, World


@pytest.fixture
def ledger(world: World, tmp_path: Path) -> Iterator[NoticeLedger]:
    """Two payments on either side of midnight in Los Angeles, both on 3 March in UTC."""
    migrate(world.database_url)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        made = NoticeLedger(world, connection, Mailbox(), tmp_path)
        made.practice("west")
        connection.execute(
            "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
            " VALUES ('west', 1, 'epoch', %s, now(), 'test', 'test')",
            (json.dumps({"zone": "America/Los_Angeles"}),),
        )
        instruction = json.dumps({"gross_minor": 10000, "fee_minor": 290, "patient_ref": "pat-CANARY"})
        posted = {"posted_at": "2026-03-03T08:00:01Z", "external_id": "PayNum 7", "settings_version": 1}
        made.effect(
            1, "west", state="POSTED", reason="AUTO_INSTANT", instruction=instruction, amount_minor=9710, **posted
        )
        made.effect(2, "west", state="REJECTED", reason="PATIENT_NOT_FOUND", amount_minor=5000, attempts=3)
        connection.execute("UPDATE events SET occurred_at = '2026-03-03T07:59:59Z' WHERE event_id = 'e1'")
        connection.execute("UPDATE events SET occurred_at = '2026-03-03T08:00:00Z' WHERE event_id = 'e2'")
        connection.execute(
            "INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, request_id, ended_at, answer, code)"
            " VALUES ('west', '2026-03-01', 1, 1, 'post', 4, 'r1', now(), 'Posted', '201')"
        )
        yield made


@pytest.mark.stack
def test_the_day_is_the_practices_own(ledger: NoticeLedger) -> None:
    """VER-5: 23:59:59 and 00:00:00 local are two days, although they are one in UTC."""
    for day, entry in (("2026-03-02", 1), ("2026-03-03", 2)):
        found = writeback_json(ledger.world, "transactions", "list", "--practice", "west", "--day", day)
        assert [each["effect_id"] for each in found["transactions"]] == [entry]
    said = writeback(ledger.world, "transactions", "list", "--day", "2026-03-02")
    assert "complete: 1 of 1 in the books" in said
    said = writeback(ledger.world, "transactions", "list", "--week", "2026-03-04")
    assert "NOT complete: 1 of 2 in the books" in said
    assert "97.10 USD" in said


@pytest.mark.stack
def test_filters_by_state_and_payment(ledger: NoticeLedger) -> None:
    found = writeback_json(ledger.world, "transactions", "list", "--state", "rejected")
    assert [each["effect_id"] for each in found["transactions"]] == [2]
    assert "(3 tries)" in writeback(ledger.world, "transactions", "list", "--state", "rejected")
    found = writeback_json(ledger.world, "transactions", "list", "--payment", "s1")
    assert [each["subject"] for each in found["transactions"]] == ["s1"]
    found = writeback_json(ledger.world, "transactions", "list", "--most", "1")
    assert found["more"] is True


@pytest.mark.stack
def test_what_was_taken_back_is_a_state_to_ask_for(ledger: NoticeLedger) -> None:
    """PROTOCOL section 3: REVERSED is derived from a refund's entry, listed with its payment, with the totals."""
    ledger.event(3, "west", concerns="s1", subject="re-1", kind="refund", resolved_at="2026-03-04T08:00:00Z")
    with ledger.connection.transaction():
        ledger.connection.execute(NO_GUARDS)
        ledger.connection.execute(
            "INSERT INTO effects (practice_id, effect_id, source, event_id, target, entry_kind, part, connection_id,"
            " lane, state, reason, due_at, amount_minor, currency, ledger_date, instruction, request_id,"
            " changed_at) VALUES ('west', 3, 'payments.example', 'e3', 'PMS', 'refund', '', 'pms', 'p:1', 'POSTED',"
            " 'FOLLOWS_ORIGINAL', now(), -9710, 'USD', '2026-03-04', '{}', 'r3', now())"
        )
    found = writeback_json(ledger.world, "transactions", "list", "--state", "reversed")
    rows = [(each["about"], each["entry_kind"], each["standing"]) for each in found["transactions"]]
    assert rows == [("s1", "refund", None), ("s1", "payment", "REVERSED")], "a refund that stands is not taken back"
    assert [each["remaining_minor"] for each in found["totals"]] == [0]
    said = writeback(ledger.world, "transactions", "show", "west", "s1")
    assert "REVERSED: booked 97.10 USD, refunded -97.10 USD, remaining 0.00 USD" in said


@pytest.mark.stack
def test_different_money_is_never_one_sum(ledger: NoticeLedger) -> None:
    """N-7, B-1, P-13: payments with what adjusts and reverses them, charges, and payouts each for itself."""
    entries = [
        ("PMS", "fee_adjustment", "", 290),
        ("PMS", "reversal", "payment/@1", -10_000),
        ("PMS", "charge", "", 7_500),
        ("PMS", "reversal", "charge/@1", -2_500),
        ("PMS", "allocation", "", 9_710),
        ("PMS", "write_off", "", 1_100),
        ("QUICKBOOKS", "payout", "", 40_000),
    ]
    with ledger.connection.transaction():
        ledger.connection.execute(NO_GUARDS)
        for number, (target, kind, part, minor) in enumerate(entries, start=3):
            ledger.connection.execute(
                "INSERT INTO effects (practice_id, effect_id, source, event_id, target, entry_kind, part,"
                " connection_id, lane, state, reason, due_at, amount_minor, currency, ledger_date, instruction,"
                " request_id, changed_at) VALUES ('west', %s, 'payments.example', 'e1', %s, %s, %s, 'pms', 'p:1',"
                " 'POSTED', 'AUTO_INSTANT', now(), %s, 'USD', '2026-03-04', '{}', %s, now())",
                (number, target, kind, part, minor, f"x{number}"),
            )
    said = writeback(ledger.world, "transactions", "list", "--practice", "west")
    assert (
        "8  PMS payments 0.00 USD, PMS charges 50.00 USD, PMS write-offs 11.00 USD, QuickBooks payouts 400.00 USD"
    ) in said
    assert "1  PMS payments 50.00 USD" in said
    found = writeback_json(ledger.world, "transactions", "list", "--practice", "west", "--state", "posted")
    assert [(each["target"], each["money"], each["amount_minor"]) for each in found["sums"]] == [
        ("PMS", "payments", 0),
        ("PMS", "charges", 5_000),
        ("PMS", "write-offs", 1_100),
        ("QUICKBOOKS", "payouts", 40_000),
    ]


@pytest.mark.stack
def test_show_explains_an_entry_and_each_attempt(ledger: NoticeLedger) -> None:
    for sought in ("s1", "e1", "e:1", "1"):
        story = writeback_json(ledger.world, "transactions", "show", "west", sought)
        ((event,), (entry,)) = (story["events"], story["events"][0]["entries"])
        amounts = event["amounts"]
        assert (amounts["gross_minor"], amounts["fee_minor"], entry["amount_minor"]) == (10000, 290, 9710)
        assert [each["answer"] for each in entry["attempts"]] == ["Posted"]
    explained = writeback_json(ledger.world, "explain", "s1")
    asked = ("sought", "about")
    assert {name: story[name] for name in story if name not in asked} == {
        name: explained[name] for name in explained if name not in asked
    }
    said = writeback(ledger.world, "transactions", "show", "west", "s1")
    assert "gross 100.00 USD, surcharge 0.00 USD, fee 2.90 USD" in said
    assert "PayNum 7" in said


@pytest.mark.stack
def test_bad_requests_say_what_to_do(ledger: NoticeLedger) -> None:
    for arguments, words in [
        (("list", "--day", "yesterday"), "2026-03-02"),
        (("list", "--state", "REJECTD"), "REJECTED"),
        (("list", "--day", "2026-03-02", "--week", "2026-03-02"), "exclude each other"),
        (("show", "west", "nothing"), "transactions list"),
        (("show", "wset", "s1"), "did you mean west"),
        (("list", "--practice", "wset"), "did you mean west"),
    ]:
        said = writeback(ledger.world, "transactions", *arguments)
        assert said.code != 0
        assert words in said.errors


@pytest.mark.stack
def test_without_a_ledger_it_says_so(world: World) -> None:
    """A world has the schema; the server's own database has none."""
    bare = world.database_url.removesuffix(world.database) + "postgres"
    said = writeback(world, "transactions", "list", database_url=bare)
    assert said.code == 2
    assert "writeback up" in said.errors


def test_weeks_start_on_sunday() -> None:
    assert week_of(date(2026, 3, 1)) == (date(2026, 3, 1), date(2026, 3, 7))
    assert week_of(date(2026, 3, 7)) == (date(2026, 3, 1), date(2026, 3, 7))
    assert week_of(date(2026, 3, 8)) == (date(2026, 3, 8), date(2026, 3, 14))
