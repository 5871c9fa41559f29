"""Reads the lives that concern a batch: one set of statements for all of them, under the practices' locks (law 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import EntryState, FollowUp, PaidItem, Reported
from schemas.codec import EVENTS_BY_NAME
from schemas.events import Event, MoneyFields, PayoutCategory, PayoutPaid
from schemas.plan import Decision, Instruction
from schemas.practice_settings import SettingsHistory, SettingsVersion
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from schemas.writebacks import Identity, MoneyKind, SourcePosition, Writeback
from sinks.ledger.intake.payment_key import PaymentKey, event_of
from sinks.ledger.intake.working_state import WorkingState, WorkingStates
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.stored_settings import HISTORIES, StoredVersion
from sinks.ledger.practices.settings.stored_settings import histories as saved_histories
from sinks.ledger.rows.row_factory import rows_as

_SQL: Final = named_queries("sinks.ledger.intake", "payment_states.sql")

Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]
Owners = dict[tuple[str, str, str], PaymentKey]

_decision: Final = msgspec.json.Decoder(Decision).decode
_instruction: Final = msgspec.json.Decoder(Instruction).decode
_PAYMENT: Final = MoneyKind.PAYMENT.value
_UNDECIDED: Final = State.AWAITING_SETTINGS.value


def read_lives(cursor: Cursor, keys: Iterable[PaymentKey]) -> tuple[WorkingStates, dict[str, SettingsHistory]]:
    """The lives of these keys as stored, and the settings of their practices. Blocks for two or three round trips.

    1. settings, events, items of payouts. 2. the gates, then the effects, both locked: a poster marks under its gate,
    and waits. Nothing is locked for money that is new to the ledger.
    """
    ordered = sorted(set(keys))
    if not ordered:
        return WorkingStates(), {}
    held = {key: WorkingState(key) for key in ordered}
    practices = sorted({key.practice_id for key in ordered})
    payments = [key for key in ordered if key.kind == _PAYMENT]
    connection = cursor.connection
    with connection.pipeline():
        saved = connection.cursor(row_factory=rows_as(StoredVersion)).execute(HISTORIES, {"practice_ids": practices})
        reads = [
            _send(connection, "events", _named(ordered) | {"kinds": [key.kind for key in ordered]}),
            _send(connection, "payout_items", _named(payments)),
        ]
    events, items = [read.fetchall() for read in reads]
    histories = saved_histories(practices, saved.fetchall())
    for practice_id, source, payment_id, payout_id, category, gross, fee in items:
        item = PaidItem(
            payout_id=payout_id,
            category=PayoutCategory(category),
            gross_minor=gross,
            fee_minor=fee,
            net_minor=gross - fee,
        )
        held[PaymentKey(practice_id, source, _PAYMENT, payment_id)].items.append(item)
    owners = _put_events(events, held, histories)
    if owners:
        with connection.pipeline():
            _send(connection, "gates", {"practice_ids": sorted({key[0] for key in owners})})
            effects = _send(
                connection,
                "effects",
                {
                    "practice_ids": [key[0] for key in owners],
                    "sources": [key[1] for key in owners],
                    "event_ids": [key[2] for key in owners],
                },
            )
        for row in effects.fetchall():
            held[owners[row[0], row[1], row[2]]].entries[row[3]] = _entry(row)
    return WorkingStates(held), histories


def _put_events(
    rows: Sequence[TupleRow], held: Mapping[PaymentKey, WorkingState], histories: Mapping[str, SettingsHistory]
) -> Owners:
    owners: Owners = {}
    for row in rows:
        practice_id, source, of_kind, ref, event_id = row[:5]
        key = PaymentKey(practice_id, source, of_kind, ref)
        owners[practice_id, source, event_id] = key
        waiting, superseded_by = row[18], row[21]
        if superseded_by is not None or waiting == _UNDECIDED:
            continue
        writeback = _writeback(row)
        event = event_of(writeback)
        standing = None if waiting is None else State(waiting)
        if not isinstance(event, MoneyFields | PayoutPaid):
            held[key].add(FollowUp(event=event, waiting=standing), writeback)
            continue
        before = held[key].told
        if before is None or before.version < writeback.identity.version:
            held[key].report(_told(row, writeback, event, standing, histories[practice_id]), writeback)
    return owners


def _told(
    row: TupleRow, writeback: Writeback, event: MoneyFields | PayoutPaid, standing: State | None, of: SettingsHistory
) -> Reported:
    settings_version: int = row[20]
    return Reported(
        event=event,
        version=writeback.identity.version,
        waiting=standing,
        reason=DecisionReason(row[19]),
        settings=version_of(of, settings_version).settings,
        settings_version=settings_version,
        plan=writeback.decision.effects,
    )


def version_of(history: SettingsHistory, version: int | None) -> SettingsVersion:
    """One saved version. KeyError for one that was never saved: none that decided is ever withdrawn."""
    for each in history.versions:
        if each.version == version:
            return each
    raise KeyError(f"{history.practice_id} has no version {version}")


def _writeback(row: TupleRow) -> Writeback:
    """The record as RULES wrote it, from its rows."""
    (practice_id, source, _, _, event_id, subject, kind, version, event_type, digest_v, digest, money_digest) = row[:12]
    occurred_at, appended_at, topic_id, part, off, trace_id = row[12:18]
    return Writeback(
        position=SourcePosition(
            topic=STREAM_TOPICS[EVENTS_BY_NAME[event_type].stream].value,
            topic_id=topic_id,
            partition=part,
            offset=off,
            appended_at=appended_at,
        ),
        identity=Identity(
            practice_id=practice_id,
            source=source,
            event_id=event_id,
            subject=subject,
            kind=MoneyKind(kind),
            version=version,
            digest_version=digest_v,
            digest=bytes(digest),
            money_digest=bytes(money_digest),
        ),
        event_type=event_type,
        occurred_at=occurred_at,
        produced_at=occurred_at,
        trace_id=trace_id,
        decision=_decision(bytes(row[24])),
        original_key=bytes(row[22]),
        original=bytes(row[23]),
    )


def _entry(row: TupleRow) -> EntryState:
    (_, source, event_id, effect_id, target, entry_kind, part, state, reason, holds, due_at, look_first) = row[:12]
    amount_minor, depends_on, lane, connection_id, instruction = row[12:17]
    return EntryState(
        effect_id=effect_id,
        source=source,
        event_id=event_id,
        target=Target(target),
        entry_kind=EntryKind(entry_kind),
        part=part,
        state=State(state),
        reason=DecisionReason(reason),
        holds=tuple(State(hold) for hold in holds),
        due_at=due_at,
        look_first=look_first,
        amount_minor=amount_minor,
        depends_on=depends_on,
        lane=lane,
        connection_id=connection_id,
        instruction=_instruction(instruction),
    )


def patients_of(lives: WorkingStates) -> set[tuple[str, str]]:
    """Patients that entries of these lives may go to: their links decide about what follows."""
    found: set[tuple[str, str]] = set()
    for key, held in lives.items():
        entries = [entry.instruction for entry in held.entries.values()]
        planned = [] if held.told is None else [each.instruction for each in held.told.plan]
        found |= {(key.practice_id, each.patient_ref) for each in (*entries, *planned) if each.patient_ref is not None}
        found |= {(key.practice_id, ref) for linked, _ in held.parked() for ref in named_in(linked.event)}
    return found


def named_in(event: Event) -> set[str]:
    """Patients that a refund's splits name."""
    return {split.patient_ref for split in getattr(event, "splits", ())}


def _named(keys: Sequence[PaymentKey]) -> dict[str, Any]:
    return {
        "practice_ids": [key.practice_id for key in keys],
        "sources": [key.source for key in keys],
        "refs": [key.ref for key in keys],
    }


def _send(connection: Connection, name: LiteralString, parameters: dict[str, Any]) -> Cursor:
    return connection.execute(_SQL[name], parameters)
