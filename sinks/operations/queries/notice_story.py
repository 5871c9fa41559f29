"""What a letter was about, by the reference that it prints (NOT-2): its cause, who was told, what is open of it now."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec

from schemas.vocabulary import DeliveryState, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.field_faults import FIELD_FAULTS, FieldAtFault, field_fault_lines, field_faults_of
from sinks.operations.ledger import Connection
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.words.reasons import words_for
from sinks.operations.words.remedies import remedy_of
from sinks.operations.words.systems import with_system

_SQL: Final = named_queries("sinks.operations.queries", "notice_story.sql")
_REFERENCE: Final = re.compile(r"WBN-[A-Z2-7]{10}")


class Told(msgspec.Struct, frozen=True):
    """One message of the notice, to one recipient."""

    step: str
    channel: str
    recipient: str
    state: DeliveryState
    code: str | None
    written_at: datetime
    sent_at: datetime | None


class NoticeFound(msgspec.Struct, frozen=True):
    """The notice as the ledger has it."""

    practice_id: str
    cause: str
    opened_at: datetime
    told_at: datetime | None
    closed_at: datetime | None
    items: int
    acknowledged_by: str | None
    route: str | None


class NoticeStory(msgspec.Struct, frozen=True, kw_only=True):
    """What `writeback explain` shows for a letter's reference."""

    reference: str
    practice_id: str
    cause: str
    target: Target | None
    headline: str
    why: str
    remedy: str
    opened_at: datetime
    told_at: datetime | None
    closed_at: datetime | None
    items: int
    """How many it is about now; none once it is closed."""
    acknowledged_by: str | None
    """Who has said that they see to it."""
    fields: tuple[str, ...]
    """Of records: the fields at fault now, and what is wrong with them."""
    told: tuple[Told, ...]


def is_reference(text: str) -> bool:
    """Whether a text has the form of a letter's reference. Pure."""
    return _REFERENCE.fullmatch(text.upper()) is not None


@sees(View.NOTICES, practice=None)
def notice_story(connection: Connection, reference: str) -> NoticeStory | None:
    """The notice of that reference; None where the ledger has none. Blocks for three statements."""
    wanted = reference.upper()
    found = fetch_one(connection, NoticeFound, _SQL["notice_by_reference"], {"reference": wanted})
    if found is None:
        return None
    key = {"practice_id": found.practice_id, "cause": found.cause, "opened_at": found.opened_at}
    cause = Cause.parse(found.cause)
    words = words_for(cause.reason)
    return NoticeStory(
        reference=wanted,
        practice_id=found.practice_id,
        cause=found.cause,
        target=cause.target,
        headline=with_system(words.headline, cause.target, found.route),
        why=with_system(words.why, cause.target, found.route),
        remedy=remedy_of(cause.reason, cause.target, None, found.route),
        opened_at=found.opened_at,
        told_at=found.told_at,
        closed_at=found.closed_at,
        items=found.items,
        acknowledged_by=found.acknowledged_by,
        fields=tuple(_fields(connection, found.practice_id, cause)),
        told=tuple(fetch_all(connection, Told, _SQL["told_by"], key)),
    )


def _fields(connection: Connection, practice_id: str, cause: Cause) -> list[str]:
    if cause.kind is not CauseKind.RECORD:
        return []
    return field_fault_lines(
        fetch_all(connection, FieldAtFault, FIELD_FAULTS, field_faults_of(practice_id, cause.reason))
    )
