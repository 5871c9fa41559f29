"""A contact as a form: what is shown of it, and what somebody typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from schemas.vocabulary import ContactRole
from sinks.ledger.practices.contacts import Owner, OwnerKind, StoredContact
from sinks.notices.contacts import ALL_CAUSES
from sinks.operations.contact_wishes import NONE, ContactWishes
from sinks.operations.queries.contacts import ListedContact

CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {"email": "e-mail", "sms": "text message", "slack": "Slack", "teams": "Teams", "webhook": "a program (webhook)"}
)
"""As stored, with what people call them."""
PREFERENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "when": "Of everything",
        "when_settings": "Of settings and connections",
        "when_payments": "Of payments",
        "when_books": "Of the books",
    }
)
"""When it is told of what, unless it says otherwise of a single cause."""
_KEYS: Final = {
    "when": ALL_CAUSES,
    **{f"when_{role.value.lower()}": role.value for role in ContactRole},
}


class ShownContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, and whether it is the practice's own or its group's."""

    own: bool
    owner: str
    contact: StoredContact
    channel: str
    quiet: str
    after: str

    def typed(self) -> dict[str, Any]:
        """As the form holds it."""
        contact = self.contact
        return {
            "address": contact.address,
            "channel": contact.channel,
            "name": contact.name or "",
            "roles": [each.value for each in contact.roles],
            "digest": contact.digest,
            "quiet": self.quiet,
            "zone": contact.zone or "",
            "escalate_after": self.after,
        } | {name: _when(contact, key) for name, key in _KEYS.items()}


def owner_of(practice_id: str) -> Owner:
    """Of a practice's own contacts."""
    return Owner(OwnerKind.PRACTICE, practice_id)


def contact_shown(listed: ListedContact) -> ShownContact:
    contact = listed.contact
    quiet = ""
    if contact.quiet_from is not None and contact.quiet_until is not None:
        quiet = f"{contact.quiet_from:%H:%M}-{contact.quiet_until:%H:%M}"
    minutes = int(contact.escalate_after.total_seconds() // 60)
    after = "" if not minutes else f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
    return ShownContact(
        own=listed.owner.kind is OwnerKind.PRACTICE,
        owner=listed.owner.id,
        contact=contact,
        channel=CHANNELS.get(contact.channel, contact.channel),
        quiet=quiet,
        after=after,
    )


def wishes_typed(said: Mapping[str, Any]) -> ContactWishes:
    """The whole form: what is empty is taken away. A contact that looks after nothing looks after everything."""
    return ContactWishes(
        name=said["name"],
        roles=said["roles"] or tuple(each.value for each in ContactRole),
        timings=tuple(f"{key}={said[name]}" for name, key in _KEYS.items()),
        digest=said["digest"],
        quiet=said["quiet"] or NONE,
        zone=said["zone"],
        escalate_after=said["escalate_after"] or NONE,
    )


def _when(contact: StoredContact, key: str) -> str:
    timing = contact.timings.get(key)
    return "" if timing is None else timing.value.lower().replace("_", "-")
