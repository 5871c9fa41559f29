"""A payout from its event to the company's books: real rules, intake, ledger and poster; the sandbox's company."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.sandbox.demonstration import quickbooks_mapping, quickbooks_secrets
from deploy.sandbox.ledger import Doubled
from deploy.sandbox.running import CompanySandbox, SandboxProcess
from schemas.events import PayoutCategory, PayoutItem
from sinks.ledger.practices.connections import Saved, save_connection
from sinks.ledger.unit_of_work import unit_of_work
from sinks.targets.connection_input import checked_input
from sinks.targets.quickbooks.route import QUICKBOOKS
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import item, payout
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import again
from tests.sinks.poster.offices import Offices
from tests.worlds import World

pytestmark = pytest.mark.stack

PRACTICE = "practice-1"


class Payouts:
    """One practice with a company of its own."""

    def __init__(self, ledger: Offices, realm: str) -> None:
        self.ledger = ledger
        self.realm = realm
        self.company: CompanySandbox = ledger.sandbox.quickbooks.add_company(realm)
        self.mapping: dict[str, Any] = quickbooks_mapping(ledger.sandbox, realm)
        ledger.database.add(PRACTICE, connected=False)
        self.reported = 0

    def connect(self, *, realm: str | None = None, **changes: Any) -> Saved:
        """As `writeback target add` does."""
        secret = msgspec.json.encode(quickbooks_secrets(self.ledger.sandbox, realm or self.realm))
        changes |= {"realm_id": realm} if realm else {}
        given = checked_input(
            PRACTICE,
            QUICKBOOKS,
            base_url=self.ledger.sandbox.quickbooks.url,
            config=msgspec.json.encode(self.mapping | changes),
            secret=secret,
            keys=self.ledger.keys,
            known_fingerprint=None,
        )
        database = self.ledger.database
        with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
            return save_connection(unit, given, actor="test")

    def report(self, *items: PayoutItem) -> None:
        self.reported += 1
        event = payout(*items)
        self.ledger.database.report(
            again(event, event_id=f"ev-po-{self.reported}", payout_id=f"po-{self.reported}", practice_id=PRACTICE)
        )

    def until(self, *states: str) -> None:
        until(lambda: tuple(self.states()) == states, f"states {states}", show=self.shown)

    def states(self) -> list[str]:
        return [row[0] for row in self.ledger.database.rows("SELECT state FROM effects ORDER BY effect_id")]

    def shown(self) -> str:
        database = self.ledger.database
        return "\n".join(
            str(database.rows(query))
            for query in (
                "SELECT state, reason, generation, attempts, last_code FROM effects",
                "SELECT phase, n, answer, reason, code FROM attempts ORDER BY ended_at",
                "SELECT closed_reason, not_before, next_due_at FROM gates",
                "SELECT closed_reason, not_before FROM connections",
            )
        )

    def doubled(self) -> list[Doubled]:
        """Documents that stand more than once in this company; other tests share the sandbox."""
        return [each for each in self.ledger.sandbox.quickbooks.doubled() if each.account == self.realm]

    def bank(self) -> list[int]:
        """The bank line of every document, in cents."""
        account = self.mapping["accounts"]["bank"]
        entries = [entry.balance_of(account) for entry in self.company.journal_entries()]
        return sorted([deposit.total_minor for deposit in self.company.deposits()] + entries)


@pytest.fixture
def payouts(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Payouts]:
    ledger = Offices(world, sandbox, tmp_path)
    yield Payouts(ledger, str(uuid.uuid4().int)[:15])
    ledger.end()
    sandbox.quickbooks.clear_faults()


REFUND = PayoutCategory.REFUND


def test_every_payout_is_the_banks_line(payouts: Payouts) -> None:
    """P-4, P-5: a gain, a loss and an even payout; QuickBooks equals the bank, to the cent, each once."""
    payouts.connect()
    payouts.report(item(1, 10000, 320), item(2, 29900, 897))
    payouts.report(item(1, 5000, 175), item(2, -12000, category=REFUND))
    payouts.report(item(1, -3000, category=REFUND), item(2, 3000, category=PayoutCategory.BALANCE_CARRIED))
    payouts.ledger.poster()
    payouts.until("POSTED", "POSTED", "POSTED")
    assert payouts.bank() == [-7175, 0, 38683]
    assert payouts.doubled() == []


def test_an_answer_that_never_came_is_looked_up(payouts: Payouts) -> None:
    """Law 19, E-5: 500 with effect; one document, found by its marker."""
    payouts.ledger.sandbox.quickbooks.fault(
        "status", "before", account=payouts.realm, method="POST", path="*/deposit*", status=500, times=1
    )
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("POSTED")
    assert payouts.bank() == [9680]


def test_a_lost_request_is_sent_again_under_the_same_id(payouts: Payouts) -> None:
    """Law 18: dropped without effect; absence is proven, and the second call carries the same requestid."""
    payouts.ledger.sandbox.quickbooks.fault("drop", account=payouts.realm, method="POST", path="*/deposit*", times=1)
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("POSTED")
    calls = payouts.ledger.sandbox.quickbooks.calls(payouts.realm)
    sent = [call for call in calls if call.method == "POST" and "/deposit" in call.path]
    assert len(sent) == 2
    assert payouts.bank() == [9680]


def test_a_repaired_mapping_lets_the_payout_go_again(payouts: Payouts) -> None:
    """QB-9, PROTOCOL section 3: inactive account → INVALID_CONFIG → target add → generation 2 → POSTED, once."""
    payouts.company.set_account(Id=payouts.mapping["accounts"]["fees"], Active=False)
    assert payouts.connect() == Saved(added=True, released=0)
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("INVALID_CONFIG")
    assert payouts.ledger.database.one("SELECT reason FROM effects") == "ACCOUNT_INACTIVE"
    accounts = payouts.mapping["accounts"] | {"fees": "61"}
    assert payouts.connect(accounts=accounts) == Saved(added=False, released=1)
    payouts.until("POSTED")
    assert payouts.ledger.database.one("SELECT generation FROM effects") == 2
    assert payouts.bank() == [9680]


def test_a_missing_account_is_repaired_the_same_way(payouts: Payouts) -> None:
    """P-18, N-8: not composed, nothing sent; the repair composes it anew."""
    accounts = {name: value for name, value in payouts.mapping["accounts"].items() if name != "reserve"}
    payouts.connect(accounts=accounts)
    payouts.report(item(1, 10000, 320), item(2, -1000, category=PayoutCategory.RESERVE_HOLD))
    payouts.ledger.poster()
    payouts.until("INVALID_CONFIG")
    assert payouts.ledger.database.one("SELECT reason FROM effects") == "MAPPING_MISSING"
    payouts.connect()
    payouts.until("POSTED")
    assert payouts.bank() == [8680]


def test_a_disconnected_company_holds_its_payouts_and_resumes(payouts: Payouts) -> None:
    """P-12, law 22: invalid_grant closes the gate, burns no attempt; new secrets and the queue goes on."""
    payouts.connect()
    payouts.company.revoke()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()

    def closed() -> bool:
        rows = payouts.ledger.database.rows(
            "SELECT closed_reason FROM gates UNION SELECT closed_reason FROM connections"
        )
        return ("NEEDS_RECONNECT",) in rows

    until(closed, "the gate is closed", show=payouts.shown)
    waiting = (["RETRYING"], ["SCHEDULED"])
    until(lambda: payouts.states() in waiting, "the payout waits", show=payouts.shown)
    assert payouts.ledger.database.one("SELECT attempts FROM effects") == 0
    payouts.company.reconnect()
    payouts.connect()
    payouts.until("POSTED")
    assert payouts.bank() == [9680]


def test_a_stale_token_is_nobodys_business(payouts: Payouts) -> None:
    """P-10: renewed once, posted once, no attempt counted_and_with_effect."""
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("POSTED")
    payouts.company.expire_tokens()
    payouts.report(item(1, 5000, 100))
    payouts.until("POSTED", "POSTED")
    assert payouts.bank() == [4900, 9680]
    assert [row[0] for row in payouts.ledger.database.rows("SELECT attempts FROM effects")] == [1, 1]


def test_closed_books_wait_for_a_person(payouts: Payouts) -> None:
    """P-11: BLOCKED_PERIOD, and nothing was sent."""
    payouts.company.close_books(date(2026, 12, 31))
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("BLOCKED_PERIOD")
    calls = payouts.ledger.sandbox.quickbooks.calls(payouts.realm)
    assert not [call for call in calls if call.method == "POST" and "/deposit" in call.path]


def test_another_company_is_not_taken_while_something_is_in_doubt(payouts: Payouts) -> None:
    """P-15: the read-back of what is in doubt would look into the wrong books."""
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.database.connection.execute("UPDATE effects SET state = 'SENDING', sent_at = now()")
    other = payouts.realm + "8"
    payouts.ledger.sandbox.quickbooks.add_company(other)
    with pytest.raises(ConfigurationError, match="in doubt"):
        payouts.connect(realm=other)


def test_what_waits_goes_to_the_other_company_and_to_it_alone(payouts: Payouts) -> None:
    """P-15: a request frozen for the first company is composed anew, and its holder is fenced."""
    payouts.connect()
    payouts.company.change(app_authorized=False)
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()

    def refused() -> bool:
        rows = payouts.ledger.database.rows("SELECT payload IS NOT NULL, state FROM effects")
        return rows == [(True, "RETRYING")]

    until(refused, "refused once", show=payouts.shown)
    other = payouts.ledger.sandbox.quickbooks.add_company(payouts.realm + "8")
    payouts.company.change(app_authorized=True)
    payouts.connect(realm=other.realm)
    payouts.until("POSTED")
    assert [deposit.total_minor for deposit in other.deposits()] == [9680]
    assert payouts.bank() == []


def test_preferences_that_hang_hold_no_payout_up(payouts: Payouts) -> None:
    """Law 17: a side read may cost a start, never every start."""
    payouts.ledger.sandbox.quickbooks.fault("timeout", account=payouts.realm, method="GET", path="*/preferences*")
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("POSTED")
    assert payouts.bank() == [9680]


def test_p26_a_payout_that_cancels_ends_without_a_call(payouts: Payouts) -> None:
    """P-26: in the accounts that are mapped; the next payout goes."""
    payouts.connect()
    payouts.report(
        item(1, -5000, category=PayoutCategory.RESERVE_HOLD), item(2, 5000, category=PayoutCategory.RESERVE_RELEASE)
    )
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("SKIPPED_ZERO", "POSTED")
    assert payouts.bank() == [9680]


def test_p24_payouts_reach_two_bank_accounts(payouts: Payouts) -> None:
    """P-24: each into its own; one that is not mapped is held, and goes when it is."""
    one, two = payouts.company.account("Practice Checking"), payouts.company.account("Savings")
    payouts.connect(banks={"1111": one})
    for number, last4 in enumerate(("1111", "2222"), start=1):
        event = again(payout(item(1, 10000, 320)), event_id=f"ev-{number}", payout_id=f"po-{number}", bank_last4=last4)
        payouts.ledger.database.report(again(event, practice_id=PRACTICE))
    payouts.ledger.poster()
    payouts.until("POSTED", "INVALID_CONFIG")
    assert [(each.bank_account, each.total_minor) for each in payouts.company.deposits()] == [(one, 9680)]
    payouts.connect(banks={"1111": one, "2222": two})
    payouts.until("POSTED", "POSTED")
    assert [(each.bank_account, each.total_minor) for each in payouts.company.deposits()] == [(one, 9680), (two, 9680)]
