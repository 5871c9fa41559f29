"""Compares a record with what the ledger holds: first, duplicate, conflict or old version (laws 2, 6; E-1)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec

from schemas.vocabulary import State, Verdict
from schemas.writebacks import Identity, MoneyKind, Writeback

EventKey = tuple[str, str, str]
"""Practice, source and event id."""
MoneyKey = tuple[str, str, str, MoneyKind]
"""Practice, source, subject and kind."""


class StoredEvent(msgspec.Struct, frozen=True):
    """What the ledger has of an event that may be the same as a record, or report the same money."""

    practice_id: str
    source: str
    event_id: str
    subject: str
    kind: MoneyKind
    version: int
    event_type: str
    digest_v: int
    digest: bytes
    money_digest: bytes
    waiting: State | None
    superseded_by: str | None

    @property
    def event_key(self) -> EventKey:
        return (self.practice_id, self.source, self.event_id)

    @property
    def money_key(self) -> MoneyKey:
        return (self.practice_id, self.source, self.subject, self.kind)


class Finding(Enum):
    """What to do with a record."""

    FIRST = "FIRST"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    OLD_VERSION = "OLD_VERSION"
    DECIDED_ANEW = "DECIDED_ANEW"
    """The same event, not resolved yet for want of settings: this decision may resolve it (law 15)."""
    MEMBERS_NAMED = "MEMBERS_NAMED"
    """The membership that reports the money of a bare payment again, with its members (B-5)."""

    @property
    def verdict(self) -> Verdict:
        """Of the receipt. Superseding is decided later; its receipt is FIRST or DUPLICATE then."""
        return Verdict.DUPLICATE if self in (Finding.DECIDED_ANEW, Finding.MEMBERS_NAMED) else Verdict(self.value)


class KnownEvents:
    """The identities that concern one batch: as stored, and as the batch itself adds to them."""

    def __init__(self, stored: Iterable[StoredEvent]) -> None:
        self._events: dict[EventKey, StoredEvent] = {}
        self._money: dict[MoneyKey, dict[int, StoredEvent]] = {}
        self._of_batch: set[EventKey] = set()
        for event in stored:
            self._add(event)

    def add(self, writeback: Writeback, waiting: State | None) -> None:
        """An event that the batch itself stores or resolves."""
        event = _stored(writeback, waiting)
        self._of_batch.add(event.event_key)
        self._add(event)

    def is_of_batch(self, event: StoredEvent) -> bool:
        """The event was stored or resolved by this very batch, and is not written yet."""
        return event.event_key in self._of_batch

    def forget(self, event: StoredEvent) -> None:
        """The event's money is reported by another one from now on (B-5); the event itself stays known."""
        self._money.get(event.money_key, {}).pop(event.version, None)

    def find(self, identity: Identity, event_type: str, *, by_money: bool = True) -> tuple[Finding, StoredEvent | None]:
        """Compare, first as an event, then as money. `by_money=False` is a test's control."""
        stored = self._events.get((identity.practice_id, identity.source, identity.event_id))
        if stored is not None:
            return self._same_event(identity, stored), stored
        key = (identity.practice_id, identity.source, identity.subject, identity.kind)
        versions = self._money.get(key, {}) if by_money else {}
        same = versions.get(identity.version)
        if same is not None:
            return self._same_money(identity, event_type, same), same
        newest = max(versions, default=identity.version)
        return (Finding.OLD_VERSION if newest > identity.version else Finding.FIRST), None

    def _add(self, event: StoredEvent) -> None:
        self._events[event.event_key] = event
        if event.superseded_by is None:
            self._money.setdefault(event.money_key, {})[event.version] = event

    def _same_event(self, identity: Identity, stored: StoredEvent) -> Finding:
        # Digests of two versions of the projection cannot be compared: no conflict is proven.
        if stored.digest_v == identity.digest_version and stored.digest != identity.digest:
            return Finding.CONFLICT
        open_still = stored.waiting is State.AWAITING_SETTINGS and stored.superseded_by is None
        return Finding.DECIDED_ANEW if open_still else Finding.DUPLICATE

    def _same_money(self, identity: Identity, event_type: str, same: StoredEvent) -> Finding:
        if same.digest_v == identity.digest_version and same.money_digest != identity.money_digest:
            return Finding.CONFLICT
        named = event_type == "MembershipPaid" and same.event_type == "PaymentSucceeded"
        return Finding.MEMBERS_NAMED if named else Finding.DUPLICATE


def _stored(writeback: Writeback, waiting: State | None) -> StoredEvent:
    identity = writeback.identity
    return StoredEvent(
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
        waiting=waiting,
        superseded_by=None,
    )
