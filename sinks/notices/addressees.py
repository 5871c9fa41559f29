"""Who is told of a practice's cause now: its contacts by their wishes, its group's, the operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from sinks.notices.causes import UNKNOWN_PRACTICE, Cause
from sinks.notices.contacts import Contact, next_escalation, readers_of
from sinks.notices.plan_deliveries import (
    Channels,
    Connection,
    QuietHours,
    Recipient,
    contacts_of,
    operators,
    quiet_hours,
    recipient,
)
from sinks.operations.words.reasons import Audience, words_for
from streams.runtime.logging import log

_LOG: Final = log(__name__)


class Addressees(msgspec.Struct, frozen=True):
    """Who is told, and how far."""

    recipients: tuple[Recipient, ...]
    in_digest: bool = False
    """Somebody reads of it in the digest."""
    escalates_after: timedelta | None = None
    """After how long others are told, where nobody acknowledges it; None: all are told."""
    contacts: Sequence[Contact] = ()

    @property
    def anybody(self) -> bool:
        return bool(self.recipients) or self.in_digest

    @property
    def digest_alone(self) -> bool:
        return self.in_digest and not self.recipients

    def quiet(self, zone: str | None, now: datetime) -> QuietHours:
        """Until when messages wait, for those of its contacts for whom it is quiet."""
        return quiet_hours(self.contacts, zone, now)


def is_for_practice(practice_id: str, cause: Cause) -> bool:
    """Whether the practice's own people are told of a cause, and not the operator alone. Pure."""
    return practice_id != UNKNOWN_PRACTICE and words_for(cause.reason).audience is not Audience.OPERATOR


class AddressBook:
    """Finds the addressees of causes. One per process; it says once of each cause that nobody can be told."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._without_reader: set[tuple[str, str]] = set()

    async def addressees(
        self, connection: Connection, practice_id: str, cause: Cause, escalated: timedelta
    ) -> Addressees:
        """Contacts of the practice and its group, the operator, or both; the operator too where there is no contact."""
        audience = words_for(cause.reason).audience
        contacts: Sequence[Contact] = ()
        if is_for_practice(practice_id, cause):
            contacts = await contacts_of(connection, practice_id)
        readers = readers_of(contacts, cause, escalated)
        found = {recipient(each) for each in readers.at_once}
        if audience is not Audience.PRACTICE or not (found or readers.in_digest):
            found.update(operators(self._channels))
        later = next_escalation(contacts, cause, escalated)
        addressees = Addressees(tuple(sorted(found)), readers.in_digest, later, contacts)
        self._note(practice_id, cause, addressees)
        return addressees

    async def still_there(self, connection: Connection, practice_id: str, notified: Iterable[Recipient]) -> Addressees:
        """Of those who were notified, who may still be: a contact that was taken away gets nothing more."""
        contacts = await contacts_of(connection, practice_id)
        known = {recipient(each) for each in contacts} | set(operators(self._channels))
        return Addressees(tuple(each for each in notified if each in known), contacts=contacts)

    def _note(self, practice_id: str, cause: Cause, addressees: Addressees) -> None:
        key = (practice_id, cause.key)
        if addressees.anybody:
            self._without_reader.discard(key)
        elif key not in self._without_reader:
            self._without_reader.add(key)
            _LOG.error(
                "nobody can be notified: give the practice a contact, or set WRITEBACK_OPS_EMAIL",
                practice_id=practice_id,
                notice_cause=cause.key,
            )
