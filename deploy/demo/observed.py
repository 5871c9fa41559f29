"""Observed totals of the day, read from the sandboxes, topics and mailbox, and compared with the expected ones."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from deploy.demo.environment import DemoEnvironment
from deploy.demo.expected import Expected
from deploy.demo.practices import DemoPractice, System
from deploy.sandbox.running import SandboxClients
from schemas.connector.records import Kind
from schemas.vocabulary import DEAD, SKIPPED, State

# What depends on a dead entry counts as dead: a fee credit is not posted without its payment.
_EFFECTS = """
SELECT CASE WHEN is_dead(o.state) THEN o.state ELSE e.state END AS state, count(*) AS n,
       coalesce(sum(e.amount_minor) FILTER (
           WHERE e.entry_kind IN ('payment', 'fee_adjustment', 'insurance_payment')), 0)::bigint AS minor
FROM effects e LEFT JOIN effects o ON (o.practice_id, o.effect_id) = (e.practice_id, e.depends_on)
WHERE e.practice_id = '{practice}' GROUP BY 1
"""
_EVENTS = "SELECT event_id FROM events WHERE waiting IS NOT NULL AND practice_id = '{practice}'"


class Observed(msgspec.Struct, kw_only=True):
    """One practice, as its systems show it. Cents."""

    records: int = 0
    dead_letters: int = 0
    pms_payments: int = 0
    pms_credits: int = 0
    pms_entries: int = 0
    quickbooks: int = 0
    quickbooks_documents: int = 0
    notices: tuple[str, ...] = ()
    posted: int = 0
    waiting: int = 0
    skipped: int = 0
    dead: int = 0
    waiting_minor: int = 0
    skipped_minor: int = 0
    dead_minor: int = 0
    open: int = 0
    """Entries that are neither posted nor waiting for anybody; 0 at the end of a day."""


class Claim(msgspec.Struct, frozen=True):
    """One sentence of the demonstration, with its proof."""

    what: str
    holds: bool
    detail: str


def observe(environment: DemoEnvironment, practice: DemoPractice) -> Observed:
    """The state of one practice now. Blocks."""
    observed = Observed()
    payments, beside = _pms_lines(environment.sandbox, practice)
    company = environment.sandbox.quickbooks.company(practice.realm_id)
    bank = company.account("Practice Checking")
    observed.pms_payments, observed.pms_credits = sum(payments), sum(beside)
    observed.pms_entries = len(payments) + len(beside)
    deposits, entries = company.deposits(), company.journal_entries()
    observed.quickbooks = sum(row.total_minor for row in deposits) + sum(row.balance_of(bank) for row in entries)
    observed.quickbooks_documents = len(deposits) + len(entries)
    observed.notices = tuple(mail.subject for mail in environment.sandbox.mail.messages(practice.email))
    _states(environment, practice, observed)
    return observed


def _pms_lines(sandbox: SandboxClients, practice: DemoPractice) -> tuple[list[int], list[int]]:
    """Payments, and what stands beside them, as the practice's own system shows them: > 0 lowers what is owed."""
    account = practice.account
    match practice.system:
        case System.OPEN_DENTAL:
            payments = [row.amount_minor for row in sandbox.open_dental.payments(account)]
            return payments, [-row.amount_minor for row in sandbox.open_dental.adjustments(account)]
        case System.DENTRIX:
            payments = [-row.amount_minor for row in sandbox.nexhealth.payments(account)]
            return payments, [-row.amount_minor for row in sandbox.nexhealth.adjustments(account)]
        case System.CLOUD9:
            entries = sandbox.connector.entries(account)
            payments = [each.amount.minor for each in entries if each.kind is Kind.PAYMENT]
            return payments, [each.amount.minor for each in entries if each.kind is not Kind.PAYMENT]
        case System.NONE:
            return [], []


def _states(environment: DemoEnvironment, practice: DemoPractice, observed: Observed) -> None:
    groups: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    effects = environment.rows(_EFFECTS.format(practice=practice.practice_id))
    events = environment.rows(_EVENTS.format(practice=practice.practice_id))
    for row in effects:
        n, minor = groups[_group(State(row["state"]))]
        groups[_group(State(row["state"]))] = (n + row["n"], minor + row["minor"])
    observed.posted = groups["posted"][0]
    observed.waiting, observed.waiting_minor = groups["waiting"][0] + len(events), groups["waiting"][1]
    observed.skipped, observed.skipped_minor = groups["skipped"]
    observed.dead, observed.dead_minor = groups["dead"]
    observed.open = groups["open"][0]


def _group(state: State) -> str:
    if state is State.POSTED:
        return "posted"
    if state in DEAD:
        return "dead"
    if state in SKIPPED:
        return "skipped"
    return "waiting" if state.name.startswith("AWAITING") or state is State.PAUSED else "open"


def check_practice(
    practice: DemoPractice, expected: Expected, observed: Observed, waiting_events_minor: int
) -> list[Claim]:
    """The claims about one practice. Pure."""
    name = practice.practice_id
    pms = observed.pms_payments + observed.pms_credits
    waiting = observed.waiting_minor + waiting_events_minor
    cash = observed.pms_payments - (expected.fees_of_posted if not observed.pms_credits else 0)
    rest = waiting + observed.skipped_minor + observed.dead_minor - expected.fees_of_unposted
    return [
        Claim(
            f"{name}: the PMS holds the payments that were due, to the cent",
            (observed.pms_payments, observed.pms_credits) == (expected.payments, expected.credits),
            f"payments {cents(observed.pms_payments)} of {cents(expected.payments)}, "
            f"fee credits {cents(observed.pms_credits)} of {cents(expected.credits)}",
        ),
        Claim(
            f"{name}: money in = posted + waiting + skipped + dead",
            pms + waiting + observed.skipped_minor + observed.dead_minor == expected.gross,
            f"{cents(pms)} + {cents(waiting)} + {cents(observed.skipped_minor)} + {cents(observed.dead_minor)} "
            f"= {cents(expected.gross)}",
        ),
        Claim(
            f"{name}: the PMS against the bank: posted less fees, and what is not posted, make the bank line",
            cash + rest == expected.bank,
            f"{cents(cash)} + {cents(rest)} = {cents(expected.bank)}",
        ),
        Claim(
            f"{name}: QuickBooks holds what the bank received, one document per payout",
            observed.quickbooks == expected.bank and observed.quickbooks_documents == expected.payouts,
            f"{cents(observed.quickbooks)} in {observed.quickbooks_documents} documents, bank {cents(expected.bank)}",
        ),
        Claim(f"{name}: no entry is left open", observed.open == 0, f"{observed.open} entries"),
    ]


def cents(minor: int) -> str:
    sign, size = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{size // 100:,}.{size % 100:02d}"
