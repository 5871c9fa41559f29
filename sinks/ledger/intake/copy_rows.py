"""Rows of the intake's tables, in the order of their COPY. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from processors.rules.lifecycle.waiting_state import Resolved
from schemas.events import PayoutPaid
from schemas.plan import PlannedEntry
from schemas.vocabulary import State
from schemas.writebacks import Writeback
from sinks.ledger.request_ids import request_id

COLUMNS: Final = {
    "receipts": {
        "practice_id": "text",
        "topic_id": "text",
        "part": "int4",
        "off": "int8",
        "verdict": "text",
        "source": "text",
        "event_id": "text",
    },
    "events": {
        "practice_id": "text",
        "source": "text",
        "event_id": "text",
        "subject": "text",
        "kind": "text",
        "version": "int4",
        "event_type": "text",
        "digest_v": "int2",
        "digest": "bytea",
        "money_digest": "bytea",
        "occurred_at": "timestamptz",
        "appended_at": "timestamptz",
        "received_at": "timestamptz",
        "month": "date",
        "topic_id": "text",
        "part": "int4",
        "off": "int8",
        "trace_id": "text",
        "waiting": "text",
        "reason": "text",
        "applied": "bool",
        "resolved_at": "timestamptz",
        "settings_version": "int4",
        "redecide_at": "timestamptz",
        "redecisions": "int4",
        "concerns": "text",
    },
    "bodies": {
        "practice_id": "text",
        "month": "date",
        "source": "text",
        "event_id": "text",
        "original_key": "bytea",
        "original": "bytea",
        "plan": "bytea",
    },
    "effects": {
        "practice_id": "text",
        "effect_id": "int8",
        "source": "text",
        "event_id": "text",
        "target": "text",
        "entry_kind": "text",
        "part": "text",
        "connection_id": "text",
        "lane": "text",
        "depends_on": "int8",
        "state": "text",
        "reason": "text",
        "holds": "text[]",
        "due_at": "timestamptz",
        "late": "bool",
        "amount_minor": "int8",
        "currency": "text",
        "ledger_date": "date",
        "patient_ref": "text",
        "settings_version": "int4",
        "instruction": "jsonb",
        "request_id": "text",
        "look_first": "bool",
        "changed_at": "timestamptz",
    },
    "payout_items": {
        "practice_id": "text",
        "source": "text",
        "payment_id": "text",
        "payout_id": "text",
        "version": "int4",
        "number": "int4",
        "category": "text",
        "gross_minor": "int8",
        "fee_minor": "int8",
    },
}
"""Type by column: binary COPY does not convert."""

Row = tuple[Any, ...]

_encode: Final = msgspec.json.Encoder().encode


class EventStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an event stands after INTAKE looked at it."""

    waiting: State | None
    reason: str
    applied: bool = False
    settings_version: int | None = None
    redecide_at: datetime | None = None
    redecisions: int = 0


def month_of(instant: datetime) -> date:
    """The partition of a body or an attempt."""
    return instant.date().replace(day=1)


def plan_bytes(writeback: Writeback) -> bytes:
    """The decision as it was made, for whoever asks why (guarantee 3)."""
    return _encode(writeback.decision)


def receipt_row(writeback: Writeback, verdict: str) -> Row:
    identity, position = writeback.identity, writeback.position
    return (
        identity.practice_id,
        position.topic_id,
        position.partition,
        position.offset,
        verdict,
        identity.source,
        identity.event_id,
    )


def event_row(writeback: Writeback, standing: EventStatus, now: datetime, concerns: str | None = None) -> Row:
    identity, position = writeback.identity, writeback.position
    return (
        identity.practice_id,
        identity.source,
        identity.event_id,
        identity.subject,
        str(identity.kind),
        identity.version,
        writeback.event_type,
        identity.digest_version,
        identity.digest,
        identity.money_digest,
        writeback.occurred_at,
        position.appended_at,
        now,
        month_of(now),
        position.topic_id,
        position.partition,
        position.offset,
        writeback.trace_id,
        standing.waiting,
        standing.reason,
        standing.applied,
        None if standing.waiting else now,
        standing.settings_version,
        standing.redecide_at,
        standing.redecisions,
        concerns,
    )


def item_rows(payout: PayoutPaid) -> list[Row]:
    """The items of a payout that name a payment; the others are the document's alone."""
    return [
        (
            payout.practice_id,
            payout.source,
            item.payment_id,
            payout.payout_id,
            payout.version,
            number,
            str(item.category),
            item.gross_minor,
            item.fee_minor,
        )
        for number, item in enumerate(payout.items, start=1)
        if item.payment_id is not None
    ]


def body_row(writeback: Writeback, now: datetime) -> Row:
    identity = writeback.identity
    return (
        identity.practice_id,
        month_of(now),
        identity.source,
        identity.event_id,
        writeback.original_key,
        writeback.original,
        plan_bytes(writeback),
    )


def effect_row(
    writeback: Writeback,
    planned: PlannedEntry,
    resolved: Resolved,
    *,
    effect_id: int,
    depends_on: int | None,
    due_at: datetime,
    look_first: bool,
    now: datetime,
) -> Row:
    identity, instruction = writeback.identity, planned.instruction
    target, kind = str(planned.target), str(planned.entry_kind)
    return (
        identity.practice_id,
        effect_id,
        identity.source,
        identity.event_id,
        target,
        kind,
        planned.part,
        resolved.connection_id,
        planned.lane,
        depends_on,
        str(resolved.state),
        str(resolved.reason),
        [str(state) for state in resolved.holds],
        due_at,
        writeback.decision.late,
        instruction.amount_minor,
        instruction.currency,
        instruction.ledger_date,
        instruction.patient_ref,
        writeback.decision.settings_version,
        Jsonb(instruction, dumps=_encode),
        request_id(identity.practice_id, identity.source, identity.event_id, target, kind, planned.part, 1),
        look_first,
        now,
    )
