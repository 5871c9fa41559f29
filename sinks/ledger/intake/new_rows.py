"""Rows that the intake inserts, as records made by name; the columns of their COPY are the records' fields. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from processors.rules.lifecycle.payment_state import EntryState
from schemas.events import PayoutPaid
from schemas.plan import Instruction
from schemas.same_money import Difference
from schemas.vocabulary import DecisionReason, Ruling, State, Verdict
from schemas.writebacks import Writeback
from sinks.ledger.intake.duplicates import StoredEvent
from sinks.ledger.request_ids import request_id
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.rows.events import BodyRow, EventRow, PayoutItemRow, ReceiptRow, ToldAgainRow
from sinks.ledger.rows.row_factory import without_null

_encode: Final = msgspec.json.Encoder().encode


class NewWorkRow(msgspec.Struct, frozen=True):
    """The columns of table `work` that a new entry is inserted with; the others begin at their defaults."""

    practice_id: str
    effect_id: int
    connection_id: str | None
    lane: str
    depends_on: int | None
    patient_ref: str | None
    state: State
    reason: DecisionReason
    holds: tuple[State, ...]
    due_at: datetime | None
    ledger_date: date
    request_id: str
    look_first: bool
    changed_at: datetime


class NewOutcomeRow(msgspec.Struct, frozen=True):
    """The columns of table `outcomes` for an entry that is finished when it is planned, as one that a switch skips."""

    practice_id: str
    effect_id: int
    n: int
    state: State
    reason: DecisionReason
    holds: tuple[State, ...]
    connection_id: str | None
    due_at: datetime | None
    ledger_date: date
    request_id: str
    changed_at: datetime


Row = ReceiptRow | EventRow | BodyRow | LedgerEntryRow | NewWorkRow | NewOutcomeRow | PayoutItemRow

RECORDS: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        "receipts": ReceiptRow,
        "events": EventRow,
        "bodies": BodyRow,
        "entries": LedgerEntryRow,
        "work": NewWorkRow,
        "outcomes": NewOutcomeRow,
        "payout_items": PayoutItemRow,
    }
)
"""The tables that a batch inserts into, in the order in which one may refer to the other."""

_TYPES: Final[Mapping[Any, str]] = MappingProxyType(
    {
        str: "text",
        int: "int8",
        bool: "bool",
        bytes: "bytea",
        datetime: "timestamptz",
        date: "date",
        Instruction: "json",
    }
)
_NARROW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "part": "int4",
        "version": "int4",
        "digest_v": "int2",
        "redecisions": "int4",
        "settings_version": "int4",
        "number": "int4",
        "n": "int4",
    }
)
"""Columns of whole numbers that are not int8: binary COPY does not convert."""


def _column_type(field: str, hint: Any) -> str:
    plain, _ = without_null(hint)
    if get_origin(plain) is tuple:
        return "text[]"
    kinds = get_args(plain) if get_origin(plain) in (Union, UnionType) else (plain,)
    if all(isinstance(kind, type) and issubclass(kind, Enum) for kind in kinds):
        return "text"
    return _NARROW.get(field, _TYPES[plain]) if plain is int else _TYPES[plain]


def _columns(record: type[msgspec.Struct]) -> dict[str, str]:
    hints = get_type_hints(record)
    return {field: _column_type(field, hints[field]) for field in record.__struct_fields__}


COLUMNS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {table: MappingProxyType(_columns(record)) for table, record in RECORDS.items()}
)
"""Type by column of each table, in the order of the record's fields."""


class EventStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an event stands after INTAKE applied it."""

    waiting: State | None
    reason: DecisionReason
    applied: bool = False
    settings_version: int | None = None
    redecide_at: datetime | None = None
    redecisions: int = 0
    ended_as: Ruling | None = None
    """By a person, where one ended it."""


def month_of(instant: datetime) -> date:
    """The partition of a body or an attempt."""
    return instant.date().replace(day=1)


def plan_bytes(writeback: Writeback) -> bytes:
    """The decision as it was made, for whoever asks why (guarantee 3)."""
    return _encode(writeback.decision)


def receipt_row(writeback: Writeback, verdict: Verdict) -> ReceiptRow:
    """The receipt of a source record (law 11)."""
    identity, position = writeback.identity, writeback.position
    return ReceiptRow(
        practice_id=identity.practice_id,
        topic_id=position.topic_id,
        part=position.partition,
        off=position.offset,
        verdict=verdict,
        source=identity.source,
        event_id=identity.event_id,
    )


def told_again_row(
    writeback: Writeback,
    stored: StoredEvent,
    verdict: Verdict,
    differences: tuple[Difference, ...],
    now: datetime,
) -> ToldAgainRow:
    """A record that told the money of a stored event again."""
    identity, position = writeback.identity, writeback.position
    return ToldAgainRow(
        practice_id=identity.practice_id,
        topic_id=position.topic_id,
        part=position.partition,
        off=position.offset,
        source=identity.source,
        event_id=identity.event_id,
        of_source=stored.source,
        of_event_id=stored.event_id,
        verdict=verdict,
        differences=differences,
        occurred_at=writeback.occurred_at,
        received_at=now,
    )


def event_row(writeback: Writeback, status: EventStatus, now: datetime, concerns: str | None) -> EventRow:
    """An event that is new to the ledger. `concerns`: the payment or payout of a follow-up."""
    identity, position = writeback.identity, writeback.position
    return EventRow(
        practice_id=identity.practice_id,
        source=identity.source,
        event_id=identity.event_id,
        subject=identity.subject,
        kind=identity.kind,
        version=identity.version,
        event_type=writeback.event_type,
        digest_v=identity.digest_version,
        digest=identity.digest,
        money_digest=identity.money_digest,
        occurred_at=writeback.occurred_at,
        appended_at=position.appended_at,
        received_at=now,
        month=month_of(now),
        topic_id=position.topic_id,
        part=position.partition,
        off=position.offset,
        trace_id=writeback.trace_id,
        waiting=status.waiting,
        reason=status.reason,
        applied=status.applied,
        resolved_at=None if status.waiting else now,
        settings_version=status.settings_version,
        superseded_by=None,
        redecide_at=status.redecide_at,
        redecisions=status.redecisions,
        concerns=concerns,
        waited=(),
        ended_as=None,
        traceparent=None,
    )


def body_row(writeback: Writeback, now: datetime) -> BodyRow:
    """The event's bytes and the plan that decided it."""
    identity = writeback.identity
    return BodyRow(
        practice_id=identity.practice_id,
        month=month_of(now),
        source=identity.source,
        event_id=identity.event_id,
        original_key=writeback.original_key,
        original=writeback.original,
        plan=plan_bytes(writeback),
    )


def entry_row(entry: EntryState, writeback: Writeback) -> LedgerEntryRow:
    """An entry of an event. `writeback`: its record, with the decision that holds."""
    instruction = entry.instruction
    return LedgerEntryRow(
        practice_id=writeback.identity.practice_id,
        effect_id=entry.effect_id,
        source=entry.source,
        event_id=entry.event_id,
        target=entry.target,
        entry_kind=entry.entry_kind,
        part=entry.part,
        lane=entry.lane,
        depends_on=entry.depends_on,
        late=writeback.decision.late,
        amount_minor=entry.amount_minor,
        currency=instruction.currency,
        ledger_date=instruction.ledger_date,
        patient_ref=instruction.patient_ref,
        settings_version=writeback.decision.settings_version,
        instruction=instruction,
    )


def work_row(entry: EntryState, practice_id: str, now: datetime) -> NewWorkRow:
    """Where a new entry stands that is not finished."""
    return NewWorkRow(
        practice_id=practice_id,
        effect_id=entry.effect_id,
        connection_id=entry.connection_id,
        lane=entry.lane,
        depends_on=entry.depends_on,
        patient_ref=entry.instruction.patient_ref,
        state=entry.state,
        reason=entry.reason,
        holds=entry.holds,
        due_at=entry.due_at,
        ledger_date=entry.instruction.ledger_date,
        request_id=_first_request(entry, practice_id),
        look_first=entry.look_first,
        changed_at=now,
    )


def outcome_row(entry: EntryState, practice_id: str, now: datetime) -> NewOutcomeRow:
    """How a new entry ended that is finished already."""
    return NewOutcomeRow(
        practice_id=practice_id,
        effect_id=entry.effect_id,
        n=1,
        state=entry.state,
        reason=entry.reason,
        holds=entry.holds,
        connection_id=entry.connection_id,
        due_at=entry.due_at,
        ledger_date=entry.instruction.ledger_date,
        request_id=_first_request(entry, practice_id),
        changed_at=now,
    )


def _first_request(entry: EntryState, practice_id: str) -> str:
    return request_id(
        practice_id, entry.source, entry.event_id, entry.target.value, entry.entry_kind.value, entry.part, 1
    )


def item_rows(payout: PayoutPaid) -> Iterator[PayoutItemRow]:
    """The items of a payout that name a payment; the others are the document's alone."""
    for number, item in enumerate(payout.items, start=1):
        if item.payment_id is not None:
            yield PayoutItemRow(
                practice_id=payout.practice_id,
                source=payout.source,
                payment_id=item.payment_id,
                payout_id=payout.payout_id,
                version=payout.version,
                number=number,
                category=item.category,
                gross_minor=item.gross_minor,
                fee_minor=item.fee_minor,
            )
