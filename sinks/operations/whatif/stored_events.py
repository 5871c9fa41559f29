"""What the ledger has of a practice's past, by payment and payout: events with their bytes, and payouts (whatif)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import PaidItem
from processors.rules.lifecycle.payouts import issued_since
from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event, MoneyFields, PayoutCategory, PayoutPaid
from schemas.topics import STREAM_TOPICS
from sinks.ledger.named_queries import named_queries

Connection = psycopg.Connection[TupleRow]
Order = tuple[datetime, datetime, int]
"""As INTAKE took them: received, appended, offset."""

_SQL: Final = named_queries("sinks.operations.whatif")


class PaymentRef(NamedTuple):
    """One payment or payout of one source; or an event that is about neither, under its own kind."""

    source: str
    kind: str
    ref: str


class Listed(NamedTuple):
    """An event of the stretch."""

    source: str
    event_id: str
    subject: str
    kind: str
    concerns: str | None

    @property
    def life(self) -> PaymentRef:
        if self.concerns is None:
            return PaymentRef(self.source, self.kind, self.subject)
        return PaymentRef(self.source, "payout" if self.kind == "payout_failed" else "payment", self.concerns)


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

    @property
    def tells(self) -> bool:
        """Money itself, and not something about it."""
        return issubclass(EVENTS_BY_NAME[self.event_type], MoneyFields | PayoutPaid)


class PaidOut(msgspec.Struct, frozen=True, kw_only=True):
    """From here on a payout has these items of a payment; none once it has failed (P-21)."""

    payout_id: str
    items: tuple[PaidItem, ...]
    arrived_at: datetime
    order: Order


class Past(msgspec.Struct):
    """All that is stored of one life."""

    events: list[Happened]
    payouts: list[PaidOut]


def page(
    connection: Connection, practice_id: str, since: datetime, until: datetime, *, after: tuple[str, str], most: int
) -> list[Listed]:
    """The events of the stretch behind `after`."""
    parameters = {
        "practice_id": practice_id,
        "after_source": after[0],
        "after_event": after[1],
        "since": since,
        "until": until,
        "most": most,
    }
    return [Listed(*row) for row in connection.execute(_SQL["page"], parameters).fetchall()]


def lives_of(
    connection: Connection, practice_id: str, events: Sequence[Listed], until: datetime
) -> Iterator[tuple[PaymentRef, Past]]:
    """The whole past, before `until`, of everything that these events are about."""
    refs = sorted({event.life for event in events})
    if not refs:
        return
    pasts = {ref: Past([], []) for ref in refs}
    asked = {
        "practice_id": practice_id,
        "until": until,
        "sources": [ref.source for ref in refs],
        "kinds": [ref.kind for ref in refs],
        "refs": [ref.ref for ref in refs],
    }
    for row in connection.execute(_SQL["lives"], asked).fetchall():
        pasts[PaymentRef(*row[:3])].events.append(_happened(row))
    for ref, paid in _paid_out(connection, asked, [ref for ref in refs if ref.kind == "payment"]):
        pasts[ref].payouts.append(paid)
    yield from pasts.items()


def _happened(row: TupleRow) -> Happened:
    source, _, _, event_id, subject, event_type, occurred_at, appended_at, received_at, offset, original = row
    topic = STREAM_TOPICS[EVENTS_BY_NAME[event_type].stream]
    return Happened(
        source=source,
        event_id=event_id,
        subject=subject,
        event_type=event_type,
        occurred_at=occurred_at,
        arrived_at=appended_at,
        order=(received_at, appended_at, offset),
        event=None if original is None else decode_event(topic, bytes(original)),
    )


def _paid_out(
    connection: Connection, asked: dict[str, Any], payments: Sequence[PaymentRef]
) -> Iterator[tuple[PaymentRef, PaidOut]]:
    """Payouts that carry these payments, as they came, and their ends."""
    named = asked | {"sources": [ref.source for ref in payments], "refs": [ref.ref for ref in payments]}
    told: dict[tuple[PaymentRef, str, int], list[TupleRow]] = defaultdict(list)
    for row in connection.execute(_SQL["payouts"], named).fetchall():
        told[PaymentRef(row[0], "payment", row[1]), row[2], row[3]].append(row)
    failed = defaultdict(list)
    payouts = sorted({(ref.source, payout_id) for ref, payout_id, _ in told})
    named = asked | {"sources": [source for source, _ in payouts], "refs": [ref for _, ref in payouts]}
    for row in connection.execute(_SQL["failures"], named).fetchall():
        failed[row[0], row[1]].append(row)
    for (ref, payout_id, version), rows in told.items():
        occurred_at, order = rows[0][7], _order(rows[0])
        anew = [_order(each[0]) for key, each in told.items() if key[:2] == (ref, payout_id) and key[2] > version]
        ends = [x for x in failed[ref.source, payout_id] if not issued_since(version, occurred_at, x[2], x[3])]
        came_first = any(_order(end) < order for end in ends)
        items = () if came_first else tuple(_item(row) for row in rows)
        yield ref, PaidOut(payout_id=payout_id, items=items, arrived_at=order[1], order=order)
        for end in ends:
            if all(_order(end) < later for later in anew):
                yield ref, PaidOut(payout_id=payout_id, items=(), arrived_at=_order(end)[1], order=_order(end))


def _order(row: TupleRow) -> Order:
    """The last columns of both queries."""
    return row[-3], row[-2], row[-1]


def _item(row: TupleRow) -> PaidItem:
    return PaidItem(
        payout_id=row[2],
        category=PayoutCategory(row[4]),
        gross_minor=row[5],
        fee_minor=row[6],
        net_minor=row[5] - row[6],
    )
