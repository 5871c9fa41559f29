"""Compares a record with what the ledger holds: first, duplicate, conflict or old version (laws 2, 6; E-1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from schemas.same_money import Difference, differences, is_membership, says_more
from schemas.vocabulary import State, Verdict
from schemas.writebacks import Identity, MoneyKind, Writeback
from sinks.ledger.intake.payment_key import event_from, event_of

EventKey = tuple[str, str, str]
"""Practice, source and event id."""
MoneyKey = tuple[str, str, MoneyKind]
"""Practice, subject and kind: whoever tells it (E-1)."""
_NO_BYTES: Final[Mapping[EventKey, bytes]] = MappingProxyType({})


_SUPERSEDE: Final = frozenset(MoneyKind) - {MoneyKind.DISPUTE, MoneyKind.INQUIRY, MoneyKind.DISPUTE_CLOSED}
"""A higher version stands in the place of a lower one (E-7). Each opening of a dispute is money of its own, and which
outcome stands is a question of its opening (R-18)."""


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
        return (self.practice_id, self.subject, self.kind)


class Finding(Enum):
    """What to do with a record."""

    FIRST = "FIRST"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    OLD_VERSION = "OLD_VERSION"
    DECIDED_ANEW = "DECIDED_ANEW"
    """The same event, not resolved yet for want of settings: this decision may resolve it (law 15)."""
    SAYS_MORE = "SAYS_MORE"
    """The same money under another event, which names its members or knows its fee: it acts as a correction (B-5)."""

    @property
    def verdict(self) -> Verdict:
        """Of the receipt. Superseding is decided later; its receipt is FIRST or DUPLICATE then."""
        return Verdict.DUPLICATE if self in (Finding.DECIDED_ANEW, Finding.SAYS_MORE) else Verdict(self.value)


class Match(msgspec.Struct, frozen=True):
    """What a record turned out to be beside what is stored."""

    finding: Finding
    stored: StoredEvent | None = None
    """The event that it repeats, contradicts or completes."""
    differences: tuple[Difference, ...] = ()
    """What the two disagree about, where both report the same money."""

    other_event: bool = False
    """It tells stored money under another event id, or from another system."""


class KnownEvents:
    """The identities that concern one batch: as stored, and as the batch itself adds to them.

    `originals`: the bytes of stored events whose money a record of the batch tells again under another event.
    """

    def __init__(self, stored: Iterable[StoredEvent], originals: Mapping[EventKey, bytes] = _NO_BYTES) -> None:
        self._events: dict[EventKey, StoredEvent] = {}
        self._money: dict[MoneyKey, dict[int, StoredEvent]] = {}
        self._of_batch: set[EventKey] = set()
        self._originals = dict(originals)
        for event in stored:
            self._add(event)

    def add(self, writeback: Writeback, waiting: State | None) -> None:
        """An event that the batch itself stores or resolves."""
        event = _stored(writeback, waiting)
        self._of_batch.add(event.event_key)
        self._originals[event.event_key] = writeback.original
        self._add(event)

    def is_of_batch(self, event: StoredEvent) -> bool:
        """The event was stored or resolved by this very batch, and is not written yet."""
        return event.event_key in self._of_batch

    def find(self, writeback: Writeback, *, by_money: bool = True, by_facts: bool = True) -> Match:
        """Compare, first as an event, then as money. `by_money=False` and `by_facts=False` are tests' controls."""
        identity = writeback.identity
        stored = self._events.get((identity.practice_id, identity.source, identity.event_id))
        if stored is not None:
            return Match(self._same_event(identity, stored), stored)
        key = (identity.practice_id, identity.subject, identity.kind)
        versions = self._money.get(key, {}) if by_money else {}
        newest = max(versions, default=identity.version)
        same = versions.get(identity.version)
        if same is not None:
            return self._same_money(writeback, same, is_newest=newest == identity.version, by_facts=by_facts)
        superseded = newest > identity.version and identity.kind in _SUPERSEDE
        return Match(Finding.OLD_VERSION if superseded else Finding.FIRST)

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

    def _same_money(self, writeback: Writeback, same: StoredEvent, *, is_newest: bool, by_facts: bool) -> Match:
        """One system contradicts itself by any difference; two systems, or the two reports of a membership, by what is
        money (E-1, B-5). A report whose bytes are not kept any more contradicts nobody."""
        identity = writeback.identity
        original = self._originals.get(same.event_key)
        if original is None:
            return Match(Finding.DUPLICATE, same, other_event=True)
        first, told = event_from(same.event_type, original), event_of(writeback)
        found = differences(first, told)
        lenient = identity.source != same.source or (is_membership(first) and is_membership(told))
        told_otherwise = same.digest_v == identity.digest_version and same.money_digest != identity.money_digest
        if is_newest and not found and says_more(first, told):
            return Match(Finding.SAYS_MORE, same, other_event=True)
        conflict = bool(found) or (told_otherwise and not (lenient and by_facts))
        return Match(Finding.CONFLICT if conflict else Finding.DUPLICATE, same, found, other_event=True)


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
