"""Reads what a batch is decided by, after the practices' locks are held and in later statements (law 8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, TypeVar

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.bounds import MOST_FACTS
from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.waiting_state import SwitchVersion, in_force
from schemas.practice_settings import SettingsHistory
from schemas.vocabulary import Target
from schemas.writebacks import Identity, SourcePosition, Writeback
from sinks.ledger.intake.batch_context import BatchContext, Era, PracticeContext
from sinks.ledger.intake.batch_limit import first_that_fit
from sinks.ledger.intake.context_request import ContextRequest, context_request
from sinks.ledger.intake.context_rows import (
    LinkKeyRow,
    MomentRow,
    OriginalRow,
    PlaceRow,
    PracticeSequenceRow,
    StoredCountRow,
    WritableConnectionRow,
)
from sinks.ledger.intake.duplicates import EventKey, KnownEvents, StoredEvent
from sinks.ledger.intake.payment_key import PaymentKey
from sinks.ledger.intake.read_payment_states import named, patients_of, read_payment_states
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.named_queries import named_queries
from sinks.ledger.payouts.standing import read_standing
from sinks.ledger.practices.settings.history import SWITCH_VERSIONS, StoredSwitch, by_practice
from sinks.ledger.rows.arrays import Numbers, Texts
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.rows.row_factory import rows_as
from streams.fault_injection import Control, disabled

_INTAKE: Final = named_queries("sinks.ledger.intake")
_PAYMENT_STATES: Final = named_queries("sinks.ledger.intake", "payment_states.sql")

PAYMENTS_AT_ONCE: Final = 250
"""Waiting payments that the payouts of one transaction release: each is read whole, and a payout may carry 20,000."""

R = TypeVar("R", bound=msgspec.Struct)
Connection = psycopg.Connection[TupleRow]
Cursor = psycopg.Cursor[TupleRow]


def lock_practices(cursor: Cursor, practice_ids: Sequence[str], *, locked: bool = True) -> dict[str, int]:
    """Lock the rows, sorted, and return the counters. Blocks while another writer of theirs is at work.

    `locked=False` is the control of law 8.
    """
    name: LiteralString = "lock_practices" if locked else "read_practices"
    rows = fetch_all(cursor, PracticeSequenceRow, _INTAKE[name], {"practice_ids": Texts(sorted(practice_ids))})
    return {row.practice_id: row.seq for row in rows}


def read_context(
    cursor: Cursor,
    records: Sequence[Record],
    seqs: Mapping[str, int],
    now: datetime | None,
    also: Collection[PaymentKey] = frozenset(),
) -> BatchContext:
    """Everything that decides about these records. Blocks for one round trip: the reads go out together.

    Further ones follow only where an event concerns money that the ledger knows more of (`read_payment_states`), and
    for the payments and payouts named in `also`. Where more is stored of that than one transaction reads, the answer
    covers the first records alone. `seqs`: the counters of the locked practices.
    """
    places = [place for place, record in enumerate(records) if isinstance(record, Decided)]
    decided = [record.writeback for record in records if isinstance(record, Decided)]
    asked = context_request(decided)
    connection, practices = cursor.connection, {"practice_ids": Texts(sorted(seqs))}
    with connection.pipeline():
        moment = _send(connection, MomentRow, "moment", {"now": now})
        events = _send(connection, StoredEvent, "events_of", _identities([each.identity for each in decided]))
        versions = connection.cursor(row_factory=rows_as(StoredSwitch)).execute(SWITCH_VERSIONS, practices)
        links = _links(connection, asked.patients)
        connections = _send(connection, WritableConnectionRow, "connections_of", practices)
        receipts = _send(connection, PlaceRow, "receipts_of", _positions(decided))
        parked = _send(connection, StoredCountRow, "parked_on", named(asked.reported))
        counted = stored_counts(connection, asked.concerned) if len(asked.concerned) > 1 else None
    linked = links.fetchall()
    waits = {row.key: row.stored for row in parked.fetchall() if row.key in asked.reported}
    counts = waits | ({} if counted is None else {row.key: row.stored for row in counted.fetchall()})
    fit = first_that_fit({key: asked.reported[key] for key in waits} | asked.concerned, counts, len(decided))
    if fit < len(decided):
        asked = context_request(decided[:fit])
    keys = asked.concerned.keys() | set(also) | (waits.keys() & asked.reported) | waiting_for_payout(connection, asked)
    payments, histories = read_payment_states(connection, keys, seqs)
    if more := patients_of(payments) - asked.patients:
        linked += _links(connection, more).fetchall()
    this, stored = moment.fetchall()[0], events.fetchall()
    return BatchContext(
        now=this.now,
        known=KnownEvents(stored, _originals(connection, stored, decided)),
        receipts=frozenset((row.topic_id, row.part, row.off) for row in receipts.fetchall()),
        practices=_practices(seqs, this, by_practice(versions.fetchall()), linked, connections.fetchall(), histories),
        payments=payments,
        standing=read_standing(connection, asked.payouts),
        covers=places[fit] if fit < len(decided) else len(records),
    )


def stored_counts(connection: Connection, keys: Iterable[PaymentKey]) -> psycopg.Cursor[StoredCountRow]:
    """How much is stored of each payment and payout: sent, to be fetched."""
    ordered = list(keys)
    wanted = named(ordered) | {"kinds": [key.kind for key in ordered], "most": MOST_FACTS}
    return connection.cursor(row_factory=rows_as(StoredCountRow)).execute(_PAYMENT_STATES["stored_counts"], wanted)


def fitting(connection: Connection, first: Mapping[PaymentKey, int], count: int) -> int:
    """How many of `count` things one transaction can read the money of, as `first_that_fit`. Blocks for one statement
    where there is a choice."""
    if len(first) < 2:
        return count
    return first_that_fit(first, {row.key: row.stored for row in stored_counts(connection, first)}, count)


def _originals(
    connection: Connection, stored: Sequence[StoredEvent], decided: Sequence[Writeback]
) -> dict[EventKey, bytes]:
    """The bytes of events whose money is told here by another event; one round trip more, and only then."""
    told = defaultdict(set)
    for writeback in decided:
        identity = writeback.identity
        key = (identity.practice_id, identity.subject, identity.kind, identity.version)
        told[key].add((identity.practice_id, identity.source, identity.event_id))
    wanted = [x for x in stored if x.superseded_by is None and told[(*x.money_key, x.version)] - {x.event_key}]
    if not wanted:
        return {}
    keys = {
        "practice_ids": [each.practice_id for each in wanted],
        "sources": [each.source for each in wanted],
        "event_ids": [each.event_id for each in wanted],
    }
    rows = fetch_all(connection, OriginalRow, _INTAKE["originals_of"], keys)
    return {(row.practice_id, row.source, row.event_id): row.original for row in rows}


def _practices(
    seqs: Mapping[str, int],
    this: MomentRow,
    versions: Mapping[str, Sequence[SwitchVersion]],
    links: Iterable[LinkKeyRow],
    connections: Iterable[WritableConnectionRow],
    histories: Mapping[str, SettingsHistory],
) -> dict[str, PracticeContext]:
    linked: dict[str, set[str]] = defaultdict(set)
    connected: dict[str, dict[Target, str]] = defaultdict(dict)
    writes: dict[str, dict[Target, frozenset[str]]] = defaultdict(dict)
    for link in links:
        linked[link.practice_id].add(link.patient_ref)
    for each in connections:
        connected[each.practice_id][each.target] = each.connection_id
        if each.capabilities is not None:
            writes[each.practice_id][each.target] = frozenset(each.capabilities)
    era = Era(this.era or 1, this.raised_at or this.now)
    found = {}
    for practice_id, seq in seqs.items():
        saved = versions.get(practice_id, ())
        switch = in_force(saved, this.now)
        facts = LedgerFacts(
            now=this.now,
            history=histories.get(practice_id) or SettingsHistory(practice_id=practice_id, versions=()),
            connections=connected[practice_id],
            writes=writes[practice_id],
            linked=linked[practice_id],
            paused=switch is not None and not switch.master,
            read_back_before=era.read_back_before,
            judges_again=not disabled(Control.JUDGE_AGAIN),
            posts_differences=not disabled(Control.DIFFERENCES),
            keeps_ended=not disabled(Control.ENDED_STAYS),
        )
        found[practice_id] = PracticeContext(last_id=seq, versions=saved, facts=facts)
    return found


def waiting_for_payout(connection: Connection, asked: ContextRequest) -> set[PaymentKey]:
    """Of the payments that a payout carries, those that wait for it, as many as one transaction reads. Blocks for one
    statement, if there are any."""
    if not asked.paid:
        return set()
    wanted = named(asked.paid) | {"most": PAYMENTS_AT_ONCE}
    found = fetch_all(connection, StoredCountRow, _PAYMENT_STATES["waiting_for_payout"], wanted)
    numbers = {row.key: number for number, row in enumerate(found)}
    fit = first_that_fit(numbers, {row.key: row.stored for row in found}, len(found))
    return {row.key for row in found[:fit]}


def _identities(identities: Sequence[Identity]) -> dict[str, Texts]:
    return {
        "practice_ids": Texts(identity.practice_id for identity in identities),
        "sources": Texts(identity.source for identity in identities),
        "event_ids": Texts(identity.event_id for identity in identities),
        "subjects": Texts(identity.subject for identity in identities),
        "kinds": Texts(identity.kind.value for identity in identities),
    }


def _positions(decided: Sequence[Writeback]) -> dict[str, Texts | Numbers]:
    positions: list[SourcePosition] = [writeback.position for writeback in decided]
    return {
        "practice_ids": Texts(writeback.identity.practice_id for writeback in decided),
        "topic_ids": Texts(position.topic_id for position in positions),
        "parts": Numbers(position.partition for position in positions),
        "offs": Numbers(position.offset for position in positions),
    }


def _links(connection: Connection, patients: Collection[tuple[str, str]]) -> psycopg.Cursor[LinkKeyRow]:
    ordered = sorted(patients)
    practice_ids, refs = Texts(practice_id for practice_id, _ in ordered), Texts(ref for _, ref in ordered)
    return _send(connection, LinkKeyRow, "links_of", {"practice_ids": practice_ids, "patient_refs": refs})


def _send(
    connection: Connection, record: type[R], name: LiteralString, parameters: Mapping[str, Any]
) -> psycopg.Cursor[R]:
    return connection.cursor(row_factory=rows_as(record)).execute(_INTAKE[name], parameters)
