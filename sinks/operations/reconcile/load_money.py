"""Loads what was reported in a stretch, with its entries at the PMS: a payment as the version that stands has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.codec import EVENTS_BY_NAME, decode_event
from schemas.events import Event, MoneyFields, PaymentCorrected
from schemas.practice_settings import AmountMode, FeeAdjustment, SettingsHistory
from schemas.topics import STREAM_TOPICS
from schemas.vocabulary import SKIPPED, Ruling, State
from schemas.writebacks import MoneyKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import EffectReason
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.reconcile.facts import Entry, Money
from sinks.operations.reconcile.versions import Added, Amounts, EventKey, Version, added

PAGE: Final = 1_000
SQL: Final = named_queries("sinks.operations.reconcile", "reconcile.sql")

_FAMILY: Final = {
    MoneyKind.PAYMENT.value: "CHARGE",
    MoneyKind.BANK_GROSS.value: "CHARGE",
    MoneyKind.REFUND.value: "REFUND",
    MoneyKind.BANK_REFUND.value: "REFUND",
    MoneyKind.REFUND_FAILED.value: "REFUND_FAILED",
    MoneyKind.RETURN.value: "RETURN",
    MoneyKind.REINSTATED.value: "RETURN",
    MoneyKind.DISPUTE.value: "DISPUTE",
    MoneyKind.DISPUTE_CLOSED.value: "DISPUTE_REVERSAL",
}
"""Of an event's kind: in which family of items a payout brings its money."""
_ABOUT_PAYMENT: Final = frozenset({"CHARGE", "RETURN"})


class _EventRow(msgspec.Struct, frozen=True):
    source: str
    event_id: str
    subject: str
    concerns: str | None
    kind: str
    event_type: str
    occurred_at: datetime
    superseded_by: str | None
    waiting: str | None
    version: int
    ended_as: Ruling | None
    original: bytes | None

    @property
    def key(self) -> EventKey:
        return self.source, self.event_id

    @property
    def about(self) -> str:
        """The payment that it is or concerns."""
        return self.concerns or self.subject

    @property
    def is_bank(self) -> bool:
        """A person took the bank's word about the payment's gross (P-23)."""
        return self.kind == MoneyKind.BANK_GROSS

    @property
    def is_version(self) -> bool:
        """It says of a payment how much it is, and was not taken for another report of the same."""
        return _FAMILY.get(self.kind) == "CHARGE" and self.superseded_by is None


class StandingRow(msgspec.Struct, frozen=True):
    """How an entry stands, whatever else a query says of it."""

    effect_id: int
    state: State
    reason: EffectReason
    amount_minor: int
    entered_minor: int | None


class _EntryRow(StandingRow, frozen=True):
    source: str
    event_id: str
    takes_back: int | None
    """The effect that a reversal takes back."""


class _Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of all events of the stretch before one of them is judged."""

    history: SettingsHistory
    zone: ZoneInfo
    voided: frozenset[str]
    there: frozenset[str]
    """Payments of which a version is in the stretch."""
    refunds: frozenset[str]
    """As upstream reports them; what a person booked of one of these is the same money."""
    added: Added


def load_money(
    connection: Connection, practice_id: str, history: SettingsHistory, from_day: date, to_day: date, zone: ZoneInfo
) -> Iterator[Money]:
    """The money of the stretch, in the order in which it happened. Blocks for some statements a thousand events."""
    since = datetime.combine(from_day, time(), zone).astimezone(UTC)
    until = datetime.combine(to_day + timedelta(days=1), time(), zone).astimezone(UTC)
    events = list(_events(connection, practice_id, since, until))
    counted = [each for each in events if each.superseded_by is None]
    voided = frozenset(each.about for each in counted if each.kind == MoneyKind.VOID)
    before = _before(connection, practice_id, since, events)
    stretch = _Stretch(
        history=history,
        zone=zone,
        voided=voided,
        there=frozenset(each.about for each in events if _FAMILY.get(each.kind) == "CHARGE"),
        refunds=frozenset(each.subject for each in counted if each.kind == MoneyKind.REFUND),
        added=added([*(_version(each, True) for each in before), *_versions(events, before)], voided),
    )
    entries = _entries(connection, practice_id, events, stretch.added.ended)
    yield from (_of_event(each, tuple(entries[each.key]), stretch) for each in events)


def _entries(
    connection: Connection, practice_id: str, events: Sequence[_EventRow], ended: frozenset[EventKey]
) -> dict[EventKey, list[Entry]]:
    """Each event's entries. What was never sent of a version that stands no more is not missing, unless it was taken
    back as if it had been booked."""
    rows: list[_EntryRow] = []
    for start in range(0, len(events), PAGE):
        page = events[start : start + PAGE]
        keys = {"sources": [each.source for each in page], "event_ids": [each.event_id for each in page]}
        rows += fetch_all(connection, _EntryRow, SQL["entries"], {"practice_id": practice_id} | keys)
    taken = {each.takes_back for each in rows}
    found: dict[EventKey, list[Entry]] = defaultdict(list)
    for row in rows:
        key = (row.source, row.event_id)
        never_sent = row.state in SKIPPED or row.state is State.VOIDED_BEFORE_POST
        if key not in ended or not never_sent or row.effect_id in taken:
            found[key].append(entry_of(row))
    return found


def _of_event(row: _EventRow, entries: tuple[Entry, ...], stretch: _Stretch) -> Money:
    """What an event reports; its entries say it where its bytes are gone.

    A version that another report replaced reports nothing, a correction what it adds to the version before it. A
    payment that is voided in the stretch reports nothing either; what voids a payment of another stretch reports what
    its entries take back, or where it was corrected since, what stood before.
    """
    family = _FAMILY.get(row.kind)
    event = None if family is None or row.original is None else decoded(row.event_type, row.original)
    gone = row.superseded_by is not None or (row.kind == MoneyKind.BANK_REFUND and row.subject in stretch.refunds)
    amounts: Amounts | None = _as_reported(event)
    elsewhere = stretch.added.elsewhere.get(row.about)
    if gone:
        amounts = Amounts()
    elif row.is_version:
        amounts = stretch.added.by_event.get(row.key, Amounts())
    elif row.kind == MoneyKind.VOID and row.about in stretch.there:
        amounts = Amounts() if elsewhere is None else Amounts().less(elsewhere)
    elif row.kind == MoneyKind.VOID or (family is not None and row.original is None):
        amounts = None
    if amounts is None:
        # Nothing of what was withdrawn before it went out: a later version has its amount.
        amounts = Amounts(gross=sum(x.amount_minor for x in entries if x.state is not State.VOIDED_BEFORE_POST))
    version = stretch.history.in_force(row.occurred_at)
    return Money(
        about=row.about,
        key=None if family is None else (family, row.about if family in _ABOUT_PAYMENT else row.subject),
        kind=MoneyKind.PAYMENT.value if row.is_bank else row.kind,
        day=row.occurred_at.astimezone(stretch.zone).date(),
        gross_minor=amounts.gross,
        fee_minor=amounts.fee,
        surcharge_minor=amounts.surcharge,
        elsewhere_minor=0 if elsewhere is None or not row.is_version else elsewhere.gross,
        outside=isinstance(event, MoneyFields) and not gone and event.settled_outside,
        net_alone=version is not None
        and version.settings.amount is AmountMode.NET
        and version.settings.fee_adjustment is FeeAdjustment.OFF,
        waiting=row.waiting is not None,
        entries=entries,
    )


def _as_reported(event: Event | None) -> Amounts:
    surcharge = event.surcharge_minor if isinstance(event, MoneyFields) else 0
    return Amounts(
        gross=getattr(event, "gross_minor", 0) or 0, fee=getattr(event, "fee_minor", 0) or 0, surcharge=surcharge
    )


def _versions(events: Sequence[_EventRow], before: Sequence[_EventRow]) -> Iterator[Version]:
    """Those of the stretch. A correction that a person dismissed is none: what it would have corrected stands."""
    known = {each.about for each in before}
    for each in events:
        if not each.is_version or (each.ended_as is Ruling.DISMISS and each.about in known):
            continue
        known.add(each.about)
        yield _version(each, False)


def _version(row: _EventRow, before: bool) -> Version:
    event = None if row.original is None else decoded(row.event_type, row.original)
    told = event.version if isinstance(event, PaymentCorrected) else 1
    return Version(
        event=row.key,
        payment_id=row.about,
        order=(told, row.version) if row.is_bank else (row.version, 0),
        before=before,
        amounts=None if event is None else _as_reported(event),
        waits=row.waiting is not None,
    )


def _before(connection: Connection, practice_id: str, since: datetime, events: Sequence[_EventRow]) -> list[_EventRow]:
    """The versions that stood when the stretch began, of payments that were corrected in it."""
    later = (each for each in events if each.is_version and (each.version > 1 or each.is_bank))
    payments = sorted({each.about for each in later})
    found: list[_EventRow] = []
    for start in range(0, len(payments), PAGE):
        key = {"practice_id": practice_id, "since": since, "payments": payments[start : start + PAGE]}
        found += fetch_all(connection, _EventRow, SQL["before"], key)
    return found


def _events(connection: Connection, practice_id: str, since: datetime, until: datetime) -> Iterator[_EventRow]:
    after: tuple[datetime, str, str] = (since - timedelta(seconds=1), "", "")
    while True:
        at, source, event_id = after
        key = {"practice_id": practice_id, "since": since, "until": until, "most": PAGE}
        place = {"after_at": at, "after_source": source, "after_event": event_id}
        page = fetch_all(connection, _EventRow, SQL["events"], key | place)
        yield from page
        if len(page) < PAGE:
            return
        after = (page[-1].occurred_at, page[-1].source, page[-1].event_id)


def entry_of(row: StandingRow) -> Entry:
    """Pure."""
    return Entry(
        effect_id=row.effect_id,
        state=row.state,
        reason=row.reason.value,
        amount_minor=row.amount_minor,
        entered_minor=row.entered_minor,
    )


def decoded(event_type: str, original: bytes) -> Event:
    """The event of stored bytes. Pure."""
    return decode_event(STREAM_TOPICS[EVENTS_BY_NAME[event_type].stream], original)
