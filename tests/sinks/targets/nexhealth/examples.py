"""Entries and mappings for tests of this route."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from schemas.events import PaymentKind, Tender
from schemas.plan import Instruction
from schemas.vocabulary import EntryKind
from sinks.targets.nexhealth.mapping import ADJUSTMENT_ACTIONS, NexHealthMapping, load_mapping
from sinks.targets.port import TargetEntry

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
DAY = date(2026, 3, 4)
MARKER = "WB2F4HNNLEN4EISSIX"
EARLIER = "WBABCDEFGHIJKLMNOP"
TYPES = {field: 101 + place for place, field in enumerate(ADJUSTMENT_ACTIONS)}


def a_mapping(**changed: Any) -> NexHealthMapping:
    values: dict[str, Any] = {"system": "dentrix", "subdomain": "larkspur", "location_id": 7, "pay_type": 69}
    return load_mapping(values | TYPES | {"refund_pay_type": 70, "provider_id": 15} | changed)


def an_entry(patient: str | None = "17", *, beside: dict[str, Any] | None = None, **changed: Any) -> TargetEntry:
    """A net payment of 96.80; `changed` are fields of its instruction, `beside` of the entry."""
    values: dict[str, Any] = {
        "entry_kind": EntryKind.PAYMENT,
        "amount_minor": 9680,
        "currency": "USD",
        "ledger_date": DAY,
        "occurred_at": NOON,
        "patient_ref": "pt-1",
        "payment_kind": PaymentKind.TERMINAL,
        "tender": Tender.CARD,
        "payment_ref": "pay-1",
        "card_brand": "visa",
        "card_last4": "4242",
        "gross_minor": 10_000,
        "fee_minor": 320,
    }
    given: dict[str, Any] = {
        "practice_id": "practice-1",
        "connection_id": "pms",
        "effect_id": 1,
        "generation": 1,
        "request_id": "2F4HNNLEN4EISSIX",
        "marker": MARKER,
        "earlier_markers": (EARLIER,),
        "instruction": Instruction(**(values | changed)),
        "pms_patient_id": patient,
        "sent_at": NOON,
    }
    return TargetEntry(**(given | (beside or {})))
