"""Reads the payments and payouts that concern a batch: one set of statements for all of them (laws 7, 8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString, TypeVar

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.bounds import MOST_FACTS
from processors.rules.lifecycle.ledger_facts import version_of
from processors.rules.lifecycle.payment_state import (
    EntryState,
    FollowUp,
    MoneyReport,
    PaidItem,
    PaymentState,
    Reported,
)
from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event, PaymentCorrected, PayoutPaid
from schemas.plan import Decision
from schemas.practice_settings import SettingsHistory
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import State
from schemas.writebacks import OUR_KINDS, Identity, MoneyKind, SourcePosition, Writeback
from sinks.ledger.intake.batch_payments import BatchPayments
from sinks.ledger.intake.context_rows import EntryRow, EventOfPaymentRow, PaidItemRow
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.stored_settings import HISTORIES, StoredVersion, histories
from sinks.ledger.rows.arrays import Texts
from sinks.ledger.rows.row_factory import rows_as
from streams.fault_injection import Control, disabled

_SQL: Final = named_queries("sinks.ledger.intake", "payment_states.sql")

R = TypeVar("R", bound=msgspec.Struct)
Connection = psycopg.Connection[TupleRow]
Histories = Mapping[str, SettingsHistory]

_decision: Final = msgspec.json.Decoder(Decision).decode


def read_payment_states(
    connection: Connection, keys: Iterable[PaymentKey], locked: Collection[str]
) -> tuple[BatchPayments, Histories]:
    """The payments of these keys as stored, and the settings of their practices. Blocks for two or three round trips.

    1. settings, events, items of payouts. 2. the gates, then the effects, both locked: a poster marks under its gate,
    and waits. Nothing is locked for money that is new to the ledger. `locked`: all practices of the batch; their gates
    are locked at once, because a gate that is locked later would be out of order (PROTOCOL section 4).
    """
    ordered = sorted(set(keys))
    payments = BatchPayments(ordered)
    if not ordered:
        return payments, {}
    practice_ids = sorted({key.practice_id for key in ordered})
    with connection.pipeline():
        versions = connection.cursor(row_factory=rows_as(StoredVersion)).execute(
            HISTORIES, {"practice_ids": practice_ids}
        )
        wanted = named(ordered) | {"kinds": [x.kind for x in ordered], "most": MOST_FACTS}
        events = _send(connection, EventOfPaymentRow, "events", wanted)
        items = _send(connection, PaidItemRow, "payout_items", named(x for x in ordered if x.kind == PAYMENT))
    saved = histories(practice_ids, versions.fetchall())
    reading = _Reading(payments, saved)
    for event in events.fetchall():
        reading.event(event)
    for item in items.fetchall():
        reading.items.setdefault(PaymentKey(item.practice_id, PAYMENT, item.payment_id), []).append(item)
    if reading.owners:
        owning = {practice_id for practice_id, _, _ in reading.owners}
        practices = owning if disabled(Control.LOCK_ORDER) else owning | set(locked)
        for entry in _locked_entries(connection, reading.owners, practices):
            owner = reading.owners[entry.practice_id, entry.source, entry.event_id]
            reading.entries.setdefault(owner, []).append(entry)
    for key in ordered:
        payments.put(key, reading.state(key))
    return payments, saved


class _Reading:
    """The states of some payments as they are put together from their rows."""

    def __init__(self, payments: BatchPayments, histories: Histories) -> None:
        self._payments = payments
        self._histories = histories
        self._reported: dict[PaymentKey, Reported] = {}
        self._follow_ups: dict[PaymentKey, list[FollowUp]] = {}
        self.entries: dict[PaymentKey, list[EntryState]] = {}
        self.items: dict[PaymentKey, list[PaidItem]] = {}
        self.owners: dict[tuple[str, str, str], PaymentKey] = {}
        """By practice, source and event id; of superseded versions too, which leave their entries."""

    def event(self, row: EventOfPaymentRow) -> None:
        """The next event, in the order in which they were stored."""
        key = PaymentKey(row.practice_id, row.of_kind, row.ref)
        self.owners[row.event_key] = key
        unread = row.ended_as is not None and row.settings_version is None  # dismissed while nobody knew its practice
        if row.superseded_by is not None or row.waiting is State.AWAITING_SETTINGS or unread:
            if row.kind is MoneyKind.PAYOUT:
                # Told again without a change, a payout keeps the document of the report before.
                self._payments.put_record(stored_record(row))
            return
        event = stored_event(row)
        if isinstance(event, MoneyReport):
            before, report = self._reported.get(key), self._report(row, event)
            if before is None or before.order < report.order:
                self._reported[key] = report
            return
        follow_up = FollowUp(
            event=event,
            waiting=row.waiting,
            settings_version=row.settings_version,
            arrived_at=row.appended_at,
            ended_as=row.ended_as,
        )
        self._follow_ups.setdefault(key, []).append(follow_up)
        if row.waiting is not None:
            self._payments.put_record(stored_record(row))

    def state(self, key: PaymentKey) -> PaymentState:
        """Everything that was read of this money."""
        return PaymentState(
            reported=self._reported.get(key),
            entries=tuple(self.entries.get(key, ())),
            follow_ups=tuple(self._follow_ups.get(key, ())),
            items=tuple(self.items.get(key, ())),
        )

    def _report(self, row: EventOfPaymentRow, event: MoneyReport) -> Reported:
        record = stored_record(row)
        self._payments.put_record(record)
        bank = row.kind in OUR_KINDS
        return Reported(
            event=event,
            version=told_version(event) if bank else row.version,
            bank=row.version if bank else 0,
            waiting=row.waiting,
            reason=row.reason,
            settings=version_of(self._histories[row.practice_id], row.settings_version).settings,
            settings_version=row.settings_version,
            plan=record.decision.effects,
            arrived_at=row.appended_at,
        )


def _locked_entries(
    connection: Connection, owners: Iterable[tuple[str, str, str]], practices: Collection[str]
) -> Sequence[EntryRow]:
    keys = list(owners)
    events = {
        "practice_ids": [practice_id for practice_id, _, _ in keys],
        "sources": [source for _, source, _ in keys],
        "event_ids": [event_id for _, _, event_id in keys],
    }
    with connection.pipeline():
        connection.execute(_SQL["gates"], {"practice_ids": sorted(practices)})
        connection.execute(_SQL["lock_work"], events)
        entries = _send(connection, EntryRow, "entries", events)
    return entries.fetchall()


def told_version(event: MoneyReport) -> int:
    """The version of the money that the bank's word is about; only a correction and a payout say theirs (E-1)."""
    return event.version if isinstance(event, PaymentCorrected | PayoutPaid) else 1


def stored_event(row: EventOfPaymentRow) -> Event:
    """The event as it was sent."""
    return decode_event(STREAM_TOPICS[EVENTS_BY_NAME[row.event_type].stream], row.original)


def stored_record(row: EventOfPaymentRow) -> Writeback:
    """The record as RULES wrote it, from its rows."""
    return Writeback(
        position=SourcePosition(
            topic=STREAM_TOPICS[EVENTS_BY_NAME[row.event_type].stream].value,
            topic_id=row.topic_id,
            partition=row.part,
            offset=row.off,
            appended_at=row.appended_at,
        ),
        identity=Identity(
            practice_id=row.practice_id,
            source=row.source,
            event_id=row.event_id,
            subject=row.subject,
            kind=row.kind,
            version=row.version,
            digest_version=row.digest_v,
            digest=row.digest,
            money_digest=row.money_digest,
        ),
        event_type=row.event_type,
        occurred_at=row.occurred_at,
        produced_at=row.occurred_at,
        trace_id=row.trace_id,
        decision=_decision(row.plan),
        original_key=row.original_key,
        original=row.original,
    )


def patients_of(payments: BatchPayments) -> set[tuple[str, str]]:
    """Patients that entries of these payments may go to: their links decide about what follows."""
    found: set[tuple[str, str]] = set()
    for key in payments:
        state = payments.state(key)
        refs = {entry.instruction.patient_ref for entry in state.entries}
        if state.reported is not None:
            refs |= {planned.instruction.patient_ref for planned in state.reported.plan}
        for follow_up in state.follow_ups:
            if follow_up.waiting is not None:
                refs |= named_in(follow_up.event)
        found |= {(key.practice_id, ref) for ref in refs if ref is not None}
    return found


def named_in(event: Event) -> set[str]:
    """Patients that a refund's splits name."""
    return {split.patient_ref for split in getattr(event, "splits", ())}


def named(keys: Iterable[PaymentKey]) -> dict[str, Texts]:
    """The parameters of the queries that take payments or payouts of one kind."""
    ordered = list(keys)
    return {
        "practice_ids": Texts(key.practice_id for key in ordered),
        "refs": Texts(key.ref for key in ordered),
    }


def _send(
    connection: Connection, record: type[R], name: LiteralString, parameters: Mapping[str, Any]
) -> psycopg.Cursor[R]:
    return connection.cursor(row_factory=rows_as(record)).execute(_SQL[name], parameters)
