"""Payouts and mappings that the tests of this package share."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from schemas.events import PaymentKind, PayoutCategory
from schemas.plan import Instruction, PayoutLine
from schemas.vocabulary import EntryKind
from sinks.targets.port import Composed, TargetEntry
from sinks.targets.quickbooks.documents import compose_document
from sinks.targets.quickbooks.mapping import QuickBooksMapping, load_mapping

BANK, INCOME, MEMBERSHIP, FEES, DISPUTE_FEES, REFUNDS, CLEARING, RESERVE, UNCATEGORISED = (
    "35",
    "81",
    "82",
    "60",
    "61",
    "62",
    "70",
    "71",
    "83",
)
"""Accounts of the sandbox's chart."""
MARKER = "WBABCDEFGHIJKLMNOP"


def a_mapping(**changes: Any) -> QuickBooksMapping:
    config: dict[str, Any] = {
        "realm_id": "9130",
        "accounts": {
            "bank": BANK,
            "income": INCOME,
            "fees": FEES,
            "uncategorised": UNCATEGORISED,
            "refunds": REFUNDS,
            "reserve": RESERVE,
        },
        "income_by_kind": {"MEMBERSHIP": MEMBERSHIP},
    }
    config["accounts"] |= changes.pop("accounts", {})
    return load_mapping(config | changes)


def an_item(
    number: int,
    gross: int,
    fee: int = 0,
    category: PayoutCategory = PayoutCategory.CHARGE,
    kind: PaymentKind | None = PaymentKind.TERMINAL,
    fees: tuple[tuple[str, int], ...] = (),
) -> PayoutLine:
    return PayoutLine(number=number, category=category, kind=kind, gross_minor=gross, fee_minor=fee, fees=fees)


def an_entry(*items: PayoutLine, net: int | None = None, payout: str = "po_123", **changes: Any) -> TargetEntry:
    total = sum(item.gross_minor - item.fee_minor for item in items) if net is None else net
    instruction = Instruction(
        entry_kind=EntryKind.PAYOUT,
        amount_minor=total,
        currency="USD",
        ledger_date=date(2026, 11, 20),
        occurred_at=datetime(2026, 11, 20, 13, tzinfo=UTC),
        payment_ref=payout,
        lines=items,
    )
    fields: dict[str, Any] = {
        "practice_id": "practice-1",
        "connection_id": "qbo-1",
        "effect_id": 7,
        "generation": 1,
        "request_id": "0123456789abcdef0123456789abcdef",
        "marker": MARKER,
        "earlier_markers": (),
        "instruction": instruction,
        "pms_patient_id": None,
        "sent_at": None,
    }
    return TargetEntry(**(fields | changes))


RETURNED_MARKER = "WBQRSTUVWXYZ234567"
RETURNED_ON = date(2026, 11, 24)


def a_reversal(of: TargetEntry, origin: Composed | None = None, **changes: Any) -> TargetEntry:
    """The payout came back on RETURNED_ON: the original's lines, its net with the other sign (P-21)."""
    instruction = msgspec.structs.replace(
        of.instruction,
        entry_kind=EntryKind.PAYOUT_REVERSAL,
        amount_minor=-of.instruction.amount_minor,
        ledger_date=RETURNED_ON,
        original_ref=of.instruction.payment_ref,
        original_date=of.instruction.ledger_date,
    )
    fields: dict[str, Any] = {
        "effect_id": of.effect_id + 1,
        "request_id": "fedcba9876543210fedcba9876543210",
        "marker": RETURNED_MARKER,
        "instruction": instruction,
        "origin": origin,
    }
    return msgspec.structs.replace(of, **(fields | changes))


def composed(entry: TargetEntry, mapping: QuickBooksMapping) -> tuple[Composed, dict[str, Any]]:
    """The request and its body, decimals exact."""
    request = compose_document(entry, mapping, None)
    assert isinstance(request, Composed), request
    return request, json.loads(request.body, parse_float=Decimal)


def deposit_lines(body: dict[str, Any]) -> list[tuple[str, Decimal, str]]:
    return [
        (line["DepositLineDetail"]["AccountRef"]["value"], line["Amount"], line["Description"]) for line in body["Line"]
    ]


def journal_lines(body: dict[str, Any]) -> list[tuple[str, str, Decimal]]:
    return [
        (
            line["JournalEntryLineDetail"]["PostingType"],
            line["JournalEntryLineDetail"]["AccountRef"]["value"],
            line["Amount"],
        )
        for line in body["Line"]
    ]
