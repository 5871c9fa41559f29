"""What a person asks of a contact, as typed: roles, timings, quiet hours, escalation. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import time, timedelta
from typing import Final
from zoneinfo import available_timezones

import msgspec

from schemas.vocabulary import AttentionReason, ConnectionReason, ContactRole, DeadLetterReason, Timing
from sinks.ledger.practices.contacts import StoredContact
from sinks.ledger.practices.staff_text import checked_text
from sinks.notices.contacts import ALL_CAUSES
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

_REASONS: Final = frozenset(
    each.value for kind in (AttentionReason, ConnectionReason, DeadLetterReason) for each in kind
)
_QUIET: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_AFTER: Final = re.compile(r"(\d{1,4})\s*(m|min|h|d)")
_UNITS: Final = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}
LONGEST_ESCALATION: Final = timedelta(days=7)
"""What nobody has acknowledged for a week is no matter of an escalation any more."""
NONE: Final = "none"


class ContactWishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be changed of a contact; None leaves it as it is."""

    name: str | None = None
    """Empty: none."""
    roles: Collection[str] = ()
    """Given none: as they are, all for a new contact."""
    timings: Collection[str] = ()
    """`PAYMENTS=digest`, `MAPPING_MISSING=never`, `*=at-once`; `KEY=` takes one away."""
    digest: bool | None = None
    quiet: str | None = None
    """`21:00-07:00`, or `none`."""
    zone: str | None = None
    """Empty: the practice's."""
    escalate_after: str | None = None
    """`30m`, `2h`, `1d`, or `none`: told at once."""


def wished(stored: StoredContact, wishes: ContactWishes) -> StoredContact:
    """The contact as it is to be. ConfigurationError names the option and what it takes."""
    begins, ends = (stored.quiet_from, stored.quiet_until) if wishes.quiet is None else _quiet(wishes.quiet)
    return msgspec.structs.replace(
        stored,
        name=stored.name if wishes.name is None else checked_text("--name", wishes.name) or None,
        roles=_roles(wishes.roles) or stored.roles,
        timings=_timings(stored.timings, wishes.timings),
        digest=stored.digest if wishes.digest is None else wishes.digest,
        quiet_from=begins,
        quiet_until=ends,
        zone=stored.zone if wishes.zone is None else _zone(wishes.zone),
        escalate_after=stored.escalate_after if wishes.escalate_after is None else _after(wishes.escalate_after),
    )


def shown_timings(contact: StoredContact) -> str:
    """As a person typed them. Pure."""
    return ", ".join(f"{key}={_typed(value)}" for key, value in sorted(contact.timings.items()))


def shown_quiet(contact: StoredContact) -> str:
    if contact.quiet_from is None or contact.quiet_until is None:
        return ""
    return f"{contact.quiet_from:%H:%M}-{contact.quiet_until:%H:%M}" + (f" {contact.zone}" if contact.zone else "")


def shown_after(after: timedelta) -> str:
    minutes = int(after.total_seconds() // 60)
    return "" if not minutes else f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _roles(given: Collection[str]) -> tuple[ContactRole, ...]:
    for each in given:
        if each.upper() not in ContactRole.__members__:
            known = ", ".join(role.value.lower() for role in ContactRole)
            raise ConfigurationError(f"--role: {each!r} is none of {known}")
    return tuple(role for role in ContactRole if role.value in {each.upper() for each in given})


def _timings(stored: Mapping[str, Timing], given: Collection[str]) -> dict[str, Timing]:
    found = dict(stored)
    for each in given:
        name, separator, value = each.partition("=")
        key = name.strip().upper()
        if not separator or key not in {*ContactRole, *_REASONS, ALL_CAUSES}:
            hint = nearest(key, [*ContactRole, *sorted(_REASONS)])
            raise ConfigurationError(
                f"--timing: {name!r} is neither a role, nor a reason, nor *{hint}; such as payments=digest"
            )
        if not value:
            found.pop(key, None)
            continue
        if (timing := value.strip().upper().replace("-", "_")) not in Timing.__members__:
            known = ", ".join(map(_typed, Timing))
            raise ConfigurationError(f"--timing: {value!r} is none of {known}")
        found[key] = Timing(timing)
    return found


def _quiet(text: str) -> tuple[time | None, time | None]:
    if text in (NONE, ""):
        return None, None
    found = _QUIET.fullmatch(text)
    if found is None or text[:5] == text[6:]:
        raise ConfigurationError("--quiet: from and until in local time, such as 21:00-07:00, or none")
    hour, minute, to_hour, to_minute = map(int, found.groups())
    return time(hour, minute), time(to_hour, to_minute)


def _zone(text: str) -> str | None:
    if text and text not in available_timezones():
        raise ConfigurationError(f"--zone: {text!r} is no IANA time zone{nearest(text, available_timezones())}")
    return text or None


def _after(text: str) -> timedelta:
    if text in (NONE, "", "0"):
        return timedelta(0)
    found = _AFTER.fullmatch(text.strip())
    after = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < after <= LONGEST_ESCALATION:
        raise ConfigurationError("--escalate-after: such as 30m, 2h or 1d, at most 7d, or none")
    return after


def _typed(timing: Timing) -> str:
    return timing.value.lower().replace("_", "-")
