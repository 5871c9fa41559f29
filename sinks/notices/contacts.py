"""A contact: somebody at a practice or in its group who is told of causes by one channel, and when that is. Pure.

Decides by the contact's own wishes: its roles, a timing for each cause, quiet hours in local time, and whether it is
told only after nobody else has acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.vocabulary import ContactRole, Timing
from sinks.notices.causes import NEWS, Cause
from sinks.notices.concerns import roles_of

ALL_CAUSES: Final = "*"
"""The key of a timing for whatever has none of its own."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `contacts` or `organisation_contacts`, as whoever plans messages needs it."""

    channel: str
    address: str
    roles: tuple[ContactRole, ...] = tuple(ContactRole)
    timings: Mapping[str, Timing] = msgspec.field(default_factory=dict)
    digest: bool = True
    """Gets the morning's digest."""
    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: str | None = None
    """Of its quiet hours; None: the practice's."""
    escalate_after: timedelta = timedelta(0)
    """It is told only once a notice is open so long and nobody has acknowledged it."""

    def timing(self, cause: Cause) -> Timing:
        """When it is told of a cause: what was set for its reason decides, then for one of its roles, then for all.

        News ends by itself within a day and may be gone by the next digest, so it is never told there alone.
        """
        keys = (cause.reason.value, *sorted(roles_of(cause)), ALL_CAUSES)
        found = next((self.timings[key] for key in keys if key in self.timings), Timing.AT_ONCE)
        return Timing.AT_ONCE if found is Timing.DIGEST and cause.reason in NEWS else found

    def looks_after(self, cause: Cause) -> bool:
        return bool(roles_of(cause) & set(self.roles))


class Readers(msgspec.Struct, frozen=True):
    """Who reads about a cause at its practice."""

    at_once: tuple[Contact, ...]
    in_digest: bool
    """Somebody reads of it in the digest."""


def readers_of(contacts: Sequence[Contact], cause: Cause, escalated: timedelta = timedelta(0)) -> Readers:
    """The contacts that are told of a cause, after it was escalated so far.

    A cause is never left without a reader by how roles were given: where nobody looks after it, all of the practice's
    contacts do. Only NEVER keeps somebody from it. Where all of those who are told at once wait for an escalation, the
    first of them is told at once.
    """
    concerned = _concerned(contacts, cause)
    at_once = [each for each in concerned if each.timing(cause) is Timing.AT_ONCE]
    in_digest = any(each.timing(cause) is Timing.DIGEST and each.digest for each in concerned)
    first = min((each.escalate_after for each in at_once), default=timedelta(0))
    reached = max(escalated, timedelta(0) if in_digest else first)
    return Readers(tuple(each for each in at_once if each.escalate_after <= reached), in_digest)


def next_escalation(contacts: Sequence[Contact], cause: Cause, escalated: timedelta) -> timedelta | None:
    """After how long the next contacts are told of a cause that nobody acknowledges; None: all are told."""
    told = {each.address for each in readers_of(contacts, cause, escalated).at_once}
    everybody = readers_of(contacts, cause, timedelta.max).at_once
    return min((each.escalate_after for each in everybody if each.address not in told), default=None)


def in_digest_of(contact: Contact, contacts: Sequence[Contact], cause: Cause) -> bool:
    """Whether a contact reads of a cause in its digest alone."""
    wanted = contact.digest and contact.timing(cause) is Timing.DIGEST
    return wanted and contact in _concerned(contacts, cause)


def _concerned(contacts: Sequence[Contact], cause: Cause) -> list[Contact]:
    asked = [each for each in contacts if each.timing(cause) is not Timing.NEVER]
    return [each for each in asked if each.looks_after(cause)] or asked


def held_until(contact: Contact, practice_zone: str | None, now: datetime) -> datetime | None:
    """The end of a contact's quiet hours where `now` is in them, else None. From 21:00 until 07:00 spans midnight."""
    if contact.quiet_from is None or contact.quiet_until is None:
        return None
    zone = ZoneInfo(contact.zone or practice_zone or "UTC")
    local = now.astimezone(zone)
    at, begins, ends = local.time(), contact.quiet_from, contact.quiet_until
    over_midnight = begins > ends
    quiet = at >= begins or at < ends if over_midnight else begins <= at < ends
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and at >= begins else 0)
    return datetime.combine(day, ends, tzinfo=zone)
