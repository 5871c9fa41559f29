"""Reads what a batch has to be compared with, after the practices' locks are held and in later statements (law 8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import SwitchVersion
from schemas.events import PayoutPaid
from schemas.vocabulary import State
from schemas.writebacks import MoneyKind, Writeback
from sinks.ledger.intake.batch_context import BatchContext, Era
from sinks.ledger.intake.duplicates import Known, Stored
from sinks.ledger.intake.payment_key import PaymentKey, concerned, event_of, told_by
from sinks.ledger.intake.read_payment_states import named_in, patients_of, read_lives
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.named_queries import named_queries

_INTAKE: Final = named_queries("sinks.ledger.intake")
_PAYMENT_STATES: Final = named_queries("sinks.ledger.intake", "payment_states.sql")

Cursor = psycopg.Cursor[TupleRow]

_PAYMENT: Final = MoneyKind.PAYMENT.value
_PAYOUT: Final = MoneyKind.PAYOUT.value
_AWAITING_FEE: Final = State.AWAITING_FEE
_AWAITING_CLEARANCE: Final = State.AWAITING_CLEARANCE


def lock_practices(cursor: Cursor, practice_ids: Sequence[str], *, locked: bool = True) -> dict[str, int]:
    """Lock the rows, sorted, and return the counters. Blocks while another writer of theirs is at work.

    `locked=False` is the control of law 8.
    """
    name = "lock_practices" if locked else "read_practices"
    return dict(cursor.execute(_INTAKE[name], {"practice_ids": sorted(practice_ids)}).fetchall())


def read_facts(
    cursor: Cursor,
    records: Sequence[Record],
    seqs: dict[str, int],
    now: datetime | None,
    also: Collection[PaymentKey] = frozenset(),
) -> BatchContext:
    """Everything that decides about these records. Blocks for one round trip: the reads go out together.

    Further ones follow only where an event concerns money that the ledger knows more of (`read_lives`), and for the
    lives named in `also`.
    """
    decided = [record.writeback for record in records if isinstance(record, Decided)]
    asked = ask(decided)
    identities = [writeback.identity for writeback in decided]
    positions = [writeback.position for writeback in decided]
    practices = {"practice_ids": sorted(seqs)}
    of_events = [identity.practice_id for identity in identities]
    connection = cursor.connection
    with connection.pipeline():
        reads = [
            _send(connection, "moment", {"now": now}),
            _send(
                connection,
                "events_of",
                {
                    "practice_ids": of_events,
                    "sources": [identity.source for identity in identities],
                    "event_ids": [identity.event_id for identity in identities],
                    "subjects": [identity.subject for identity in identities],
                    "kinds": [str(identity.kind) for identity in identities],
                },
            ),
            _send(connection, "truths_of", practices),
            _links(connection, asked.patients),
            _send(connection, "connections_of", practices),
            _send(
                connection,
                "receipts_of",
                {
                    "practice_ids": of_events,
                    "topic_ids": [position.topic_id for position in positions],
                    "parts": [position.partition for position in positions],
                    "offs": [position.offset for position in positions],
                },
            ),
            _send(connection, "parked_on", _keys(asked.told)),
        ]
    moment, events, truths, links, connections, receipts, parked = [read.fetchall() for read in reads]
    ((at, era, raised_at),) = moment
    keys = (
        asked.concerned
        | set(also)
        | {PaymentKey(row[0], row[1], _PAYOUT if row[2] else _PAYMENT, row[3]) for row in parked}
    )
    if asked.paid:
        waiting = connection.execute(_PAYMENT_STATES["waiting_for_payout"], _keys(asked.paid)).fetchall()
        keys |= {PaymentKey(practice_id, source, _PAYMENT, ref) for practice_id, source, ref in waiting}
    lives, histories = read_lives(cursor, keys)
    more = patients_of(lives) - asked.patients
    if more:
        links += _links(connection, more).fetchall()
    return BatchContext(
        now=at,
        era=Era(1, at) if era is None else Era(era, raised_at),
        seqs=seqs,
        known=Known(_stored(row) for row in events),
        truths=_truths(truths),
        linked=frozenset(links),
        connections={(row[0], row[1]): row[2] for row in connections},
        writable={(row[0], row[1]): frozenset(row[3]) for row in connections if row[3] is not None},
        receipts=frozenset(receipts),
        lives=lives,
        histories=histories,
    )


class ContextRequest(msgspec.Struct, kw_only=True):
    """What the records of a batch make the ledger look up. Filled in one pass."""

    patients: set[tuple[str, str]] = msgspec.field(default_factory=set)
    told: list[PaymentKey] = msgspec.field(default_factory=list)
    """Money that is told here: something may wait for it."""
    concerned: set[PaymentKey] = msgspec.field(default_factory=set)
    """Money of which more is said here than that it happened."""
    paid: set[PaymentKey] = msgspec.field(default_factory=set)
    """Payments that a payout of this batch carries."""


def ask(decided: Sequence[Writeback]) -> ContextRequest:
    """Pure; plain payments are not decoded."""
    asked = ContextRequest()
    for writeback in decided:
        identity, waits = writeback.identity, writeback.decision.waiting is _AWAITING_FEE
        for planned in writeback.decision.effects:
            if planned.instruction.patient_ref is not None:
                asked.patients.add((identity.practice_id, planned.instruction.patient_ref))
            waits = waits or planned.state is _AWAITING_CLEARANCE
        key = told_by(writeback)
        if key is not None:
            asked.told.append(key)
            if waits or identity.version > 1 or key.kind == _PAYOUT:
                asked.concerned.add(key)
            if key.kind == _PAYMENT:
                continue
        event = event_of(writeback)
        about = concerned(writeback, event)
        if about is not None:
            asked.concerned.add(about)
        asked.patients |= {(identity.practice_id, ref) for ref in named_in(event)}
        if isinstance(event, PayoutPaid):
            asked.paid |= {
                PaymentKey(identity.practice_id, identity.source, _PAYMENT, item.payment_id)
                for item in event.items
                if item.payment_id is not None
            }
    return asked


def _keys(keys: Iterable[PaymentKey]) -> dict[str, Any]:
    ordered = list(keys)
    return {
        "practice_ids": [key.practice_id for key in ordered],
        "sources": [key.source for key in ordered],
        "refs": [key.ref for key in ordered],
    }


def _links(connection: psycopg.Connection[TupleRow], patients: Collection[tuple[str, str]]) -> Cursor:
    ordered = sorted(patients)
    return _send(
        connection,
        "links_of",
        {"practice_ids": [practice for practice, _ in ordered], "patient_refs": [ref for _, ref in ordered]},
    )


def _send(connection: psycopg.Connection[TupleRow], name: LiteralString, parameters: dict[str, Any]) -> Cursor:
    return connection.execute(_INTAKE[name], parameters)


def _truths(rows: Sequence[TupleRow]) -> dict[str, list[SwitchVersion]]:
    found: dict[str, list[SwitchVersion]] = {}
    for practice_id, version, effective_from, master in rows:
        found.setdefault(practice_id, []).append(SwitchVersion(version, effective_from, bool(master)))
    return found


def _stored(row: TupleRow) -> Stored:
    return Stored(
        practice_id=row[0],
        source=row[1],
        event_id=row[2],
        subject=row[3],
        kind=row[4],
        version=row[5],
        event_type=row[6],
        digest_v=row[7],
        digest=bytes(row[8]),
        money_digest=bytes(row[9]),
        waiting=row[10],
        superseded_by=row[11],
    )
