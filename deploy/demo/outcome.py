"""What became of the day: read from the sandboxes' books, topics and mailbox, and held against the reckoning."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from deploy.demo.practices import DemoPractice
from deploy.demo.reckoning import Expected
from deploy.demo.stage import Stage
from schemas.vocabulary import DEAD, SKIPPED, State

# What depends on a dead entry is as dead as it: a fee credit does not go without its payment.
_EFFECTS = """
SELECT CASE WHEN is_dead(o.state) THEN o.state ELSE e.state END AS state, count(*) AS n,
       coalesce(sum(e.amount_minor) FILTER (
           WHERE e.entry_kind IN ('payment', 'fee_adjustment', 'insurance_payment')), 0)::bigint AS minor
FROM effects e LEFT JOIN effects o ON (o.practice_id, o.effect_id) = (e.practice_id, e.depends_on)
WHERE e.practice_id = '{practice}' GROUP BY 1
"""
_EVENTS = "SELECT event_id FROM events WHERE waiting IS NOT NULL AND practice_id = '{practice}'"


class Seen(msgspec.Struct, kw_only=True):
    """One practice, as others see it. Cents."""

    records: int = 0
    dead_letters: int = 0
    pms_payments: int = 0
    pms_credits: int = 0
    pms_entries: int = 0
    quickbooks: int = 0
    quickbooks_documents: int = 0
    letters: tuple[str, ...] = ()
    posted: int = 0
    waiting: int = 0
    skipped: int = 0
    dead: int = 0
    waiting_minor: int = 0
    skipped_minor: int = 0
    dead_minor: int = 0
    open: int = 0
    """Entries still on their way; 0 at the end of a day."""


class Claim(msgspec.Struct, frozen=True):
    """One sentence of the demonstration, with its proof."""

    what: str
    holds: bool
    detail: str


def look(stage: Stage, practice: DemoPractice) -> Seen:
    """Everything about one practice, as it stands now. Blocks."""
    seen = Seen()
    payments = stage.sandbox.open_dental.payments(practice.customer_key)
    adjustments = stage.sandbox.open_dental.adjustments(practice.customer_key)
    company = stage.sandbox.quickbooks.company(practice.realm_id)
    bank = company.account("Practice Checking")
    seen.pms_payments = sum(row.amount_minor for row in payments)
    seen.pms_credits = -sum(row.amount_minor for row in adjustments)
    seen.pms_entries = len(payments) + len(adjustments)
    deposits, entries = company.deposits(), company.journal_entries()
    seen.quickbooks = sum(row.total_minor for row in deposits) + sum(row.balance_of(bank) for row in entries)
    seen.quickbooks_documents = len(deposits) + len(entries)
    seen.letters = tuple(mail.subject for mail in stage.sandbox.mail.messages(practice.email))
    _states(stage, practice, seen)
    return seen


def _states(stage: Stage, practice: DemoPractice, seen: Seen) -> None:
    groups: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    effects = stage.rows(_EFFECTS.format(practice=practice.practice_id))
    events = stage.rows(_EVENTS.format(practice=practice.practice_id))
    for row in effects:
        n, minor = groups[_group(State(row["state"]))]
        groups[_group(State(row["state"]))] = (n + row["n"], minor + row["minor"])
    seen.posted = groups["posted"][0]
    seen.waiting, seen.waiting_minor = groups["waiting"][0] + len(events), groups["waiting"][1]
    seen.skipped, seen.skipped_minor = groups["skipped"]
    seen.dead, seen.dead_minor = groups["dead"]
    seen.open = groups["open"][0]


def _group(state: State) -> str:
    if state is State.POSTED:
        return "posted"
    if state in DEAD:
        return "dead"
    if state in SKIPPED:
        return "skipped"
    return "waiting" if state.name.startswith("AWAITING") or state is State.PAUSED else "open"


def judge(practice: DemoPractice, expected: Expected, seen: Seen, waiting_events_minor: int) -> list[Claim]:
    """The claims about one practice. Pure."""
    name = practice.practice_id
    pms = seen.pms_payments + seen.pms_credits
    waiting = seen.waiting_minor + waiting_events_minor
    cash = seen.pms_payments - (expected.fees_of_posted if not seen.pms_credits else 0)
    rest = waiting + seen.skipped_minor + seen.dead_minor - expected.fees_of_unposted
    return [
        Claim(
            f"{name}: the PMS holds the payments that were due, to the cent",
            (seen.pms_payments, seen.pms_credits) == (expected.payments, expected.credits),
            f"payments {cents(seen.pms_payments)} of {cents(expected.payments)}, "
            f"fee credits {cents(seen.pms_credits)} of {cents(expected.credits)}",
        ),
        Claim(
            f"{name}: money in = posted + waiting + skipped + dead",
            pms + waiting + seen.skipped_minor + seen.dead_minor == expected.gross,
            f"{cents(pms)} + {cents(waiting)} + {cents(seen.skipped_minor)} + {cents(seen.dead_minor)} "
            f"= {cents(expected.gross)}",
        ),
        Claim(
            f"{name}: the PMS against the bank: posted less fees, and what is not posted, make the bank line",
            cash + rest == expected.bank,
            f"{cents(cash)} + {cents(rest)} = {cents(expected.bank)}",
        ),
        Claim(
            f"{name}: QuickBooks holds what the bank received, one document per payout",
            seen.quickbooks == expected.bank and seen.quickbooks_documents == expected.payouts,
            f"{cents(seen.quickbooks)} in {seen.quickbooks_documents} documents, bank {cents(expected.bank)}",
        ),
        Claim(f"{name}: nothing is left on its way", seen.open == 0, f"{seen.open} entries"),
    ]


def cents(minor: int) -> str:
    sign, size = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{size // 100:,}.{size % 100:02d}"
