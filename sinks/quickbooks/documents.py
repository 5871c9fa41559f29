"""The vendor's documents from a payout: a Deposit, or a JournalEntry where a deposit cannot be (P-4, P-5, P-16).

Pure. Amounts leave as exact JSON numbers with two decimals, made from integers; no float on the way.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from schemas.money import Money
from schemas.reasons import DeadLetterReason
from schemas.states import EntryKind, State
from schemas.writebacks import Instruction
from sinks.port import Composed, Entry, NotComposed
from sinks.quickbooks.lines import AccountMissingError, EntryLine, payout_lines
from sinks.quickbooks.mapping import Form, QuickBooksMapping

MINOR_VERSION = 75
"""The only one served since 2025-08; sent because older servers default lower (API facts 1.3)."""
REQUEST_ID_LIMIT = 50
"""Longest `requestid` (API facts 1.2)."""
DOC_NUMBER_LIMIT = 21
NOTE_LIMIT = 4000

_exact = msgspec.json.Encoder(decimal_format="number")


def compose_payout(entry: Entry, mapping: QuickBooksMapping, closed_through: date | None) -> Composed | NotComposed:
    """The request for one payout; `closed_through` is the company's book close date as last read, if any.

    The lines always sum to the payout's net, which is the bank line; anything else is not composed.
    """
    instruction = entry.instruction
    if instruction.entry_kind is not EntryKind.PAYOUT:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_INVALID, field="entry_kind")
    if closed_through is not None and instruction.ledger_date <= closed_through:
        return NotComposed(state=State.BLOCKED_PERIOD, reason=DeadLetterReason.PERIOD_CLOSED, field="books.close_date")
    try:
        lines = payout_lines(instruction, mapping)
    except AccountMissingError as missing:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field=missing.field)
    if not lines or sum(line.amount_minor for line in lines) != instruction.amount_minor:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.AMOUNTS_DISAGREE, field="lines")
    deposit = form_of(instruction, mapping) is Form.DEPOSIT
    body = _deposit(entry, mapping, lines) if deposit else _journal_entry(entry, mapping, lines)
    return Composed(
        method="POST",
        path=request_path(mapping.realm_id, "deposit" if deposit else "journalentry", entry.request_id),
        body=_exact.encode(body),
        ledger_date=instruction.ledger_date,
    )


def form_of(instruction: Instruction, mapping: QuickBooksMapping) -> Form:
    """A deposit cannot be zero or negative, whatever the practice prefers (P-4)."""
    return Form.JOURNAL_ENTRY if instruction.amount_minor <= 0 else mapping.form


def request_path(realm_id: str, entity: str, request_id: str) -> str:
    """The path with `requestid`: the same for every repeat of a generation (P-10)."""
    if len(request_id) > REQUEST_ID_LIMIT:
        raise ValueError(f"requestid has {len(request_id)} characters, QuickBooks takes {REQUEST_ID_LIMIT}")
    return f"/v3/company/{realm_id}/{entity}?minorversion={MINOR_VERSION}&requestid={request_id}"


def private_note(entry: Entry) -> str:
    """What staff read on the document, with the marker that find-back matches. Counts and totals only (P-13)."""
    instruction = entry.instruction
    gross = sum(line.gross_minor for line in instruction.lines)
    fees = sum(line.fee_minor for line in instruction.lines)
    note = (
        f"Payout {instruction.payment_ref}: {len(instruction.lines)} transactions, "
        f"gross {_plain(gross)}, fees {_plain(fees)}, net {_plain(instruction.amount_minor)}"
    )
    tail = f" [{entry.marker}]"
    return note[: NOTE_LIMIT - len(tail)] + tail


def _deposit(entry: Entry, mapping: QuickBooksMapping, lines: tuple[EntryLine, ...]) -> dict[str, Any]:
    body = _header(entry)
    if mapping.department_id:
        body["DepartmentRef"] = _reference(mapping.department_id)
    body["DepositToAccountRef"] = _reference(mapping.accounts.bank)
    body["Line"] = [_deposit_line(line, mapping) for line in lines]
    return body


def _deposit_line(line: EntryLine, mapping: QuickBooksMapping) -> dict[str, Any]:
    detail = {"AccountRef": _reference(line.account)}
    if mapping.class_id:
        detail["ClassRef"] = _reference(mapping.class_id)
    return {
        "Description": line.description,
        "Amount": Money(line.amount_minor).decimal(),
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": detail,
    }


def _journal_entry(entry: Entry, mapping: QuickBooksMapping, lines: tuple[EntryLine, ...]) -> dict[str, Any]:
    """Each line on its side, and the bank line against them; none for a net of zero."""
    net = entry.instruction.amount_minor
    body = _header(entry)
    body["DocNumber"] = entry.marker[:DOC_NUMBER_LIMIT]
    bank = [] if net == 0 else [EntryLine(mapping.accounts.bank, -net, f"{entry.instruction.payment_ref} bank")]
    body["Line"] = [_journal_line(line, mapping) for line in (*bank, *lines)]
    return body


def _journal_line(line: EntryLine, mapping: QuickBooksMapping) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "PostingType": "Credit" if line.amount_minor > 0 else "Debit",
        "AccountRef": _reference(line.account),
    }
    if mapping.class_id:
        detail["ClassRef"] = _reference(mapping.class_id)
    if mapping.department_id:
        detail["DepartmentRef"] = _reference(mapping.department_id)
    return {
        "Description": line.description,
        "Amount": Money(abs(line.amount_minor)).decimal(),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": detail,
    }


def _header(entry: Entry) -> dict[str, Any]:
    return {
        "TxnDate": entry.instruction.ledger_date.isoformat(),
        "CurrencyRef": _reference(entry.instruction.currency),
        "PrivateNote": private_note(entry),
    }


def _reference(value: str) -> dict[str, str]:
    return {"value": value}


def _plain(minor: int) -> str:
    return f"{Money(minor).decimal():.2f}"
