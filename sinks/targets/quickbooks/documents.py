"""The vendor's documents from a payout: a Deposit, or a JournalEntry where a deposit cannot be (P-4, P-5, P-16), and
the JournalEntry that takes one back (P-7, P-8).

Pure. Amounts leave as exact JSON numbers with two decimals, made from integers; no float on the way.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from schemas.bookkeeping.money import Money
from schemas.plan import Instruction
from schemas.vocabulary import PAYOUT_DOCUMENTS, DeadLetterReason, DecisionReason, EntryKind, State
from sinks.targets.port import Composed, NotComposed, TargetEntry
from sinks.targets.quickbooks.mapping import Form, QuickBooksMapping
from sinks.targets.quickbooks.payout_lines import (
    LOANS,
    AccountMissingError,
    EntryLine,
    ItemsUnknownError,
    cancel_out,
    payout_lines,
    reference_of,
)
from sinks.targets.quickbooks.reversals import REVERSED, is_reversal, mirrored, written_in

MINOR_VERSION = 75
"""The only one served since 2025-08; sent because older servers default lower (README section 3)."""
REQUEST_ID_LIMIT = 50
"""Longest `requestid` (README section 2)."""
DOC_NUMBER_LIMIT = 21
NOTE_LIMIT = 4000

_exact = msgspec.json.Encoder(decimal_format="number")


def compose_document(
    entry: TargetEntry, mapping: QuickBooksMapping, closed_through: date | None
) -> Composed | NotComposed:
    """The request for one entry; `closed_through` is the company's book close date as last read, if any.

    The lines always sum to the entry's amount, which is the bank line; anything else is not composed.
    """
    instruction = entry.instruction
    if instruction.entry_kind not in PAYOUT_DOCUMENTS:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_INVALID, field="entry_kind")
    if before_start(instruction, mapping):
        return NotComposed(state=State.SKIPPED_DISABLED, reason=DecisionReason.BEFORE_START, field="start_date")
    if closed_through is not None and instruction.ledger_date <= closed_through:
        return NotComposed(state=State.BLOCKED_PERIOD, reason=DeadLetterReason.PERIOD_CLOSED, field="books.close_date")
    try:
        bank, lines = _bank_and_lines(entry, mapping)
    except AccountMissingError as missing:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field=missing.field)
    except BankNotMappedError as missing:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.BANK_NOT_MAPPED, field=missing.field)
    except ItemsUnknownError:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.ITEMS_UNKNOWN, field="items_known")
    if instruction.amount_minor == 0 and cancel_out(lines):
        return NotComposed(state=State.SKIPPED_ZERO, reason=DecisionReason.ZERO_AMOUNT, field="lines")
    if not lines or sum(line.amount_minor for line in lines) != instruction.amount_minor:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.AMOUNTS_DISAGREE, field="lines")
    deposit = form_of(instruction, mapping) is Form.DEPOSIT
    body = _deposit(entry, mapping, bank, lines) if deposit else _journal_entry(entry, bank, lines)
    return Composed(
        method="POST",
        path=request_path(mapping.realm_id, "deposit" if deposit else "journalentry", entry.request_id),
        body=_exact.encode(body),
        ledger_date=instruction.ledger_date,
    )


def before_start(instruction: Instruction, mapping: QuickBooksMapping) -> bool:
    """Whether a payout was booked by hand. What takes one back follows its original, whatever its own date. Pure."""
    own = instruction.entry_kind is EntryKind.PAYOUT
    return own and mapping.start_date is not None and instruction.ledger_date < mapping.start_date


class BankNotMappedError(Exception):
    """The mapping names bank accounts, and not the one that the payout reached (P-24)."""

    def __init__(self, last4: str) -> None:
        super().__init__(f"no bank account is mapped for {last4}")
        self.field = f"banks.{last4}"


def _bank_and_lines(entry: TargetEntry, mapping: QuickBooksMapping) -> tuple[str, tuple[EntryLine, ...]]:
    """The bank account and the lines without the bank's. Raises AccountMissingError, BankNotMappedError,
    ItemsUnknownError.

    A reversal is the mirror of what was written, not of what today's mapping would write: in other accounts neither
    document would come to nothing. Without the original's request it is that of today's mapping (E-9 b).
    """
    instruction = entry.instruction
    if not is_reversal(instruction):
        return _bank(instruction, mapping), payout_lines(instruction, mapping)
    if entry.origin is None:
        bank, lines = _bank(instruction, mapping), payout_lines(instruction, mapping)
    else:
        bank, lines = written_in(entry.origin, bank_moved=instruction.amount_minor != 0)
    return bank, tuple(mirrored(line) for line in lines)


def _bank(instruction: Instruction, mapping: QuickBooksMapping) -> str:
    bank = mapping.bank_of(instruction.bank_last4)
    if bank is None:
        raise BankNotMappedError(instruction.bank_last4 or "")
    return bank


def form_of(instruction: Instruction, mapping: QuickBooksMapping) -> Form:
    """A deposit cannot be zero or negative, whatever the practice prefers (P-4), nor move a liability (P-26); a
    reversal is no deposit (P-7)."""
    liable = any(line.category in LOANS for line in instruction.lines)
    if is_reversal(instruction) or instruction.amount_minor <= 0 or liable:
        return Form.JOURNAL_ENTRY
    return mapping.form


def request_path(realm_id: str, entity: str, request_id: str) -> str:
    """The path with `requestid`: the same for every repeat of a generation (P-10)."""
    if len(request_id) > REQUEST_ID_LIMIT:
        raise ValueError(f"requestid has {len(request_id)} characters, QuickBooks takes {REQUEST_ID_LIMIT}")
    return f"/v3/company/{realm_id}/{entity}?minorversion={MINOR_VERSION}&requestid={request_id}"


def private_note(entry: TargetEntry) -> str:
    """What staff read on the document, with the marker that find-back matches. Counts and totals only (P-13)."""
    instruction = entry.instruction
    gross = sum(line.gross_minor for line in instruction.lines)
    fees = sum(line.fee_minor for line in instruction.lines)
    head = f"Reversal of {_original(entry)}" if is_reversal(instruction) else f"Payout {reference_of(instruction)}"
    note = (
        f"{head}: {len(instruction.lines)} transactions, "
        f"gross {_plain(gross)}, fees {_plain(fees)}, net {_plain(gross - fees)}"
    )
    tail = f" [{entry.marker}]"
    return note[: NOTE_LIMIT - len(tail)] + tail


def _original(entry: TargetEntry) -> str:
    """The payout and the document that is taken back, as people find it in QuickBooks."""
    document = f" ({entry.origin_id})" if entry.origin_id else ""
    return f"payout {reference_of(entry.instruction)}{document}"


def _deposit(entry: TargetEntry, mapping: QuickBooksMapping, bank: str, lines: tuple[EntryLine, ...]) -> dict[str, Any]:
    body = _header(entry)
    if mapping.department_id:
        body["DepartmentRef"] = _reference(mapping.department_id)
    body["DepositToAccountRef"] = _reference(bank)
    body["Line"] = [_deposit_line(line) for line in lines]
    return body


def _deposit_line(line: EntryLine) -> dict[str, Any]:
    detail = {"AccountRef": _reference(line.account)}
    if line.class_id:
        detail["ClassRef"] = _reference(line.class_id)
    return {
        "Description": line.description,
        "Amount": Money(line.amount_minor).decimal(),
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": detail,
    }


def _journal_entry(entry: TargetEntry, bank: str, lines: tuple[EntryLine, ...]) -> dict[str, Any]:
    """Each line on its side, and the bank line against them; none for a net of zero."""
    net, first = entry.instruction.amount_minor, lines[0]
    body = _header(entry)
    body["DocNumber"] = entry.marker[:DOC_NUMBER_LIMIT]
    reversal = REVERSED if is_reversal(entry.instruction) else ""
    text = f"{reversal}{reference_of(entry.instruction)} bank"
    at_bank = [] if net == 0 else [EntryLine(bank, -net, text, first.class_id, first.department_id)]
    body["Line"] = [_journal_line(line) for line in (*at_bank, *lines)]
    return body


def _journal_line(line: EntryLine) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "PostingType": "Credit" if line.amount_minor > 0 else "Debit",
        "AccountRef": _reference(line.account),
    }
    if line.class_id:
        detail["ClassRef"] = _reference(line.class_id)
    if line.department_id:
        detail["DepartmentRef"] = _reference(line.department_id)
    return {
        "Description": line.description,
        "Amount": Money(abs(line.amount_minor)).decimal(),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": detail,
    }


def _header(entry: TargetEntry) -> dict[str, Any]:
    return {
        "TxnDate": entry.instruction.ledger_date.isoformat(),
        "CurrencyRef": _reference(entry.instruction.currency),
        "PrivateNote": private_note(entry),
    }


def _reference(value: str) -> dict[str, str]:
    return {"value": value}


def _plain(minor: int) -> str:
    return f"{Money(minor).decimal():.2f}"
