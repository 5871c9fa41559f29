"""Reads a practice's past by payment and payout: events with their bytes, and the payouts that carried them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import MoneyReport, PaidItem
from processors.rules.lifecycle.payouts import issued_since
from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import OUR_KINDS
from sinks.ledger.intake.read_payment_states import told_version
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all

Connection = psycopg.Connection[TupleRow]

_replace: Final = msgspec.structs.replace
Order = tuple[datetime, datetime, int]
"""As INTAKE took them: received, appended, offset."""

_SQL: Final = named_queries("sinks.operations.whatif")


class PaymentRef(msgspec.Struct, frozen=True, order=True):
    """One payment or payout; or an event that is about neither, under its own kind."""

    kind: str
    ref: str


class Listed(msgspec.Struct, frozen=True):
    """An event of the stretch."""

    source: str
    event_id: str
    subject: str
    kind: str
    concerns: str | None

    @property
    def about(self) -> PaymentRef:
        """What it reports or follows."""
        if self.concerns is None:
            return PaymentRef(self.kind, self.subject)
        return PaymentRef("payout" if self.kind == "payout_failed" else "payment", self.concerns)


class _EventRow(msgspec.Struct, frozen=True):
    source: str
    of_kind: str
    ref: str
    event_id: str
    subject: str
    kind: str
    version: int
    event_type: str
    occurred_at: datetime
    received_at: datetime
    appended_at: datetime
    off: int
    held: bool
    original: bytes | None
    moved_patients: tuple[str, ...]


class _PayoutItemRow(PaidItem, frozen=True, kw_only=True):
    payment_id: str
    version: int
    occurred_at: datetime
    received_at: datetime
    appended_at: datetime
    off: int


class _FailureRow(msgspec.Struct, frozen=True):
    payout_id: str
    version: int
    occurred_at: datetime
    received_at: datetime
    appended_at: datetime
    off: int


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event; `event` None where its month was dropped (law 28)."""

    source: str
    event_id: str
    subject: str
    event_type: str
    occurred_at: datetime
    arrived_at: datetime
    order: Order
    event: Event | None
    version: int | None = None
    """Of the money, where the event does not say it: of the bank's word about it."""
    bank: int = 0
    """How often the bank's word was taken over that version (P-23); 0: upstream reported it."""
    held: bool = False
    """A payout with an item of an earlier one that stands (P-23)."""
    moved_patients: frozenset[str] = frozenset()
    """Whose entries a person had moved to another record of the practice's system (E-12)."""

    @property
    def reports_money(self) -> bool:
        """It reports money itself, and is not about other money."""
        return issubclass(EVENTS_BY_NAME[self.event_type], MoneyReport)


class PaidOut(msgspec.Struct, frozen=True, kw_only=True):
    """From here on a payout has these items of a payment; they stand until it has failed (P-21)."""

    payout_id: str
    items: tuple[PaidItem, ...]
    arrived_at: datetime
    order: Order


class Past(msgspec.Struct):
    """All that is stored of one payment or payout."""

    events: list[Happened]
    payouts: list[PaidOut]


def page(
    connection: Connection, practice_id: str, since: datetime, until: datetime, *, after: tuple[str, str], most: int
) -> list[Listed]:
    """The events of the stretch behind `after`. Blocks for one statement."""
    parameters = {
        "practice_id": practice_id,
        "after_source": after[0],
        "after_event": after[1],
        "since": since,
        "until": until,
        "most": most,
    }
    return fetch_all(connection, Listed, _SQL["page"], parameters)


def pasts_of(
    connection: Connection, practice_id: str, events: Sequence[Listed], until: datetime
) -> Iterator[tuple[PaymentRef, Past]]:
    """The whole past, before `until`, of everything that these events are about. Blocks for three statements."""
    refs = sorted({event.about for event in events})
    if not refs:
        return
    pasts = {ref: Past([], []) for ref in refs}
    asked = {"practice_id": practice_id, "until": until} | _named(refs)
    for row in fetch_all(connection, _EventRow, _SQL["events"], asked | {"kinds": [ref.kind for ref in refs]}):
        pasts[PaymentRef(row.of_kind, row.ref)].events.append(_happened(row))
    for ref, paid in _paid_out(connection, asked, [ref for ref in refs if ref.kind == "payment"]):
        pasts[ref].payouts.append(paid)
    yield from pasts.items()


def _named(refs: Sequence[PaymentRef]) -> dict[str, Any]:
    return {"refs": [ref.ref for ref in refs]}


def _order(row: _EventRow | _PayoutItemRow | _FailureRow) -> Order:
    return row.received_at, row.appended_at, row.off


def _happened(row: _EventRow) -> Happened:
    topic = STREAM_TOPICS[EVENTS_BY_NAME[row.event_type].stream]
    event = None if row.original is None else decode_event(topic, row.original)
    ours = row.kind in OUR_KINDS
    version = told_version(event) if isinstance(event, MoneyReport) else row.version
    return Happened(
        source=row.source,
        event_id=row.event_id,
        subject=row.subject,
        event_type=row.event_type,
        occurred_at=row.occurred_at,
        arrived_at=row.appended_at,
        order=_order(row),
        event=event,
        version=version if ours else None,
        bank=row.version if ours else 0,
        held=row.held,
        moved_patients=frozenset(row.moved_patients),
    )


def _paid_out(
    connection: Connection, asked: dict[str, Any], payments: Sequence[PaymentRef]
) -> Iterator[tuple[PaymentRef, PaidOut]]:
    """Payouts that carry these payments, as they came, and their ends."""
    versions: dict[tuple[PaymentRef, str, int], list[_PayoutItemRow]] = defaultdict(list)
    for item in fetch_all(connection, _PayoutItemRow, _SQL["payouts"], asked | _named(payments)):
        versions[PaymentRef("payment", item.payment_id), item.payout_id, item.version].append(item)
    failures: dict[str, list[_FailureRow]] = defaultdict(list)
    named = {"refs": sorted({payout_id for _, payout_id, _ in versions})}
    for failure in fetch_all(connection, _FailureRow, _SQL["failures"], asked | named):
        failures[failure.payout_id].append(failure)
    for (ref, payout_id, version), items in versions.items():
        first = items[0]
        anew = [_order(x[0]) for key, x in versions.items() if key[:2] == (ref, payout_id) and key[2] > version]
        ends = [
            end
            for end in failures[payout_id]
            if not issued_since(version, first.occurred_at, end.version, end.occurred_at)
        ]
        came_first = any(_order(end) < _order(first) for end in ends)
        mine = tuple(_replace(item, stands=not came_first) for item in items)
        yield ref, PaidOut(payout_id=payout_id, items=mine, arrived_at=first.appended_at, order=_order(first))
        for end in ends:
            if all(_order(end) < later for later in anew):
                failed = tuple(_replace(item, stands=False) for item in items)
                yield ref, PaidOut(payout_id=payout_id, items=failed, arrived_at=end.appended_at, order=_order(end))
