"""Plans the morning's digest: what waits for people at a practice, on its own working days at 07:00 local, never empty.

Payments are counted, not entries, and each stands in one section. Whatever waits when the morning comes is in it, so a
digest that leaves later has only been held up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.money import Money
from schemas.practice_settings import WORKING_WEEK
from schemas.vocabulary import DIGEST_ORDER, AttentionReason, ContactRole, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.cases import SHOWN, Case, Reader, case_lines
from sinks.notices.causes import Cause
from sinks.notices.channels.port import DIGEST
from sinks.notices.contacts import Contact, in_digest_of
from sinks.notices.email_text import Email
from sinks.notices.plan_deliveries import (
    Channels,
    NoticeKey,
    contacts_of,
    plan_deliveries,
    put_in_inbox,
    quiet_hours,
    recipient,
)
from sinks.notices.problems import UNSETTLED
from sinks.notices.reported_amounts import with_reported_amounts
from sinks.operations.words.deeds import deeds_words
from sinks.operations.words.reasons import words_for
from sinks.operations.words.states import STATE_WORDS
from sinks.operations.words.systems import with_system
from streams.runtime.logging import log

CAUSE: Final = DIGEST
STEP: Final = f"1-{DIGEST}"
_EARLIEST: Final = "07:00"
_LATEST: Final = "12:00"
"""A digest that could not be written in the morning is not worth a mail in the afternoon: the next one says more."""

SectionKey = State | AttentionReason
SECTIONS: Final[tuple[SectionKey, ...]] = (AttentionReason.DISPUTE_OPENED, *DIGEST_ORDER)
"""In the order of a digest: what has a last day first."""

_SQL = named_queries("sinks.notices")
_LOG = log(__name__)
Connection = psycopg.AsyncConnection[TupleRow]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one thing at one practice whose morning has come."""

    practice_id: str
    opened_at: datetime
    """The morning: it identifies the digest."""
    zone: str
    name: str | None
    section: SectionKey | None
    """None: nothing; somebody reads of open notices in this digest."""
    count: int
    payouts: bool
    """All of them are payouts."""
    amount_minor: int | None
    """Their sum, where all have an amount and it is one currency."""
    currency: str | None
    cases: tuple[Case, ...] | None
    """The newest."""


class OpenNotice(msgspec.Struct, frozen=True):
    """An open notice, as a digest lists it."""

    cause: str
    items: int
    opened_at: datetime
    reference: str | None


def digest_email(practice: Waiting, waiting: Sequence[Waiting], notices: Sequence[OpenNotice] = ()) -> Email:
    """Fixed words, counts, ids and amounts of one practice (H-5). Pure. `waiting` or `notices` is not empty."""
    reader = Reader(practice.name, practice.zone)
    total = sum(each.count for each in waiting)
    cases = "1 case waits" if total == 1 else f"{total} cases wait"
    problems = "1 problem is open" if len(notices) == 1 else f"{len(notices)} problems are open"
    parts = [f"{cases} for somebody at your practice."] if waiting else []
    parts += [_section(each, reader) for each in sorted(waiting, key=_place)]
    if notices:
        parts.append(f"{problems}:\n" + "\n".join(_line(each, reader) for each in notices))
    name = practice.name or practice.practice_id
    parts += [
        f"Practice: {name}" + (f" ({practice.practice_id})" if name != practice.practice_id else ""),
        "You get this on working days while something waits or is open.",
    ]
    headline = f"{cases} for you" if waiting else problems
    return Email(f"[Writeback] {headline} (practice {name})", "\n\n".join(parts) + "\n")


def _line(notice: OpenNotice, reader: Reader) -> str:
    cause = Cause.parse(notice.cause)
    headline = with_system(words_for(cause.reason).headline, cause.target)
    reference = f", {notice.reference}" if notice.reference else ""
    return f"- {headline}: {notice.items}, since {reader.local(notice.opened_at)}{reference}"


def _place(waiting: Waiting) -> int:
    return len(SECTIONS) if waiting.section is None else SECTIONS.index(waiting.section)


def section_role(waiting: Waiting) -> ContactRole:
    """Who looks after a section of a digest. Pure."""
    if waiting.section is State.INVALID_CONFIG:
        return ContactRole.SETTINGS
    return ContactRole.BOOKS if waiting.payouts else ContactRole.PAYMENTS


def part_of(contact: Contact, contacts: Sequence[Contact], waiting: Sequence[Waiting]) -> list[Waiting]:
    """The sections that a contact looks after, and those that nobody who gets the digest does. Pure."""
    looked_after = {role for each in contacts if each.digest for role in each.roles}
    return [
        each
        for each in waiting
        if each.section is not None and (section_role(each) in contact.roles or section_role(each) not in looked_after)
    ]


def _section(waiting: Waiting, reader: Reader) -> str:
    noun = "payout" if waiting.payouts else "payment"
    count = f"1 {noun}" if waiting.count == 1 else f"{waiting.count} {noun}s"
    if waiting.amount_minor is not None and waiting.currency is not None:
        count += f" ({Money(waiting.amount_minor, waiting.currency)})"
    cases = case_lines(waiting.cases or (), waiting.count, reader)
    if waiting.section is None:
        return ""
    if isinstance(waiting.section, AttentionReason):
        said = "is disputed" if waiting.count == 1 else "are disputed"
        return f"{count} {said}. {words_for(waiting.section).remedy}\n{cases}"
    state = STATE_WORDS[waiting.section]
    said = (state.single or state.one) if waiting.count == 1 else (state.many or state.one)
    return f"{count} {said}. {state.remedy} {deeds_words(waiting.section, waiting.practice_id)}\n{cases}"


async def plan_digests(connection: Connection, now: datetime, at: datetime | None, channels: Channels) -> int:
    """Plan today's digest for each practice whose morning has come; once a day, whoever asks first.

    `now` and `at`: business time here and for the database (None: its own clock). Returns how many messages were
    planned.
    """
    parameters = {
        "now": at,
        "cause": CAUSE,
        "earliest": _EARLIEST,
        "latest": _LATEST,
        "unsettled": UNSETTLED,
        "working_week": msgspec.json.encode(WORKING_WEEK).decode(),
        "entries": [state.value for state in DIGEST_ORDER],
        "sections": [section.value for section in SECTIONS],
        "most_cases": SHOWN,
    }
    due: dict[NoticeKey, list[Waiting]] = {}
    for row in await fetch_all_async(connection, Waiting, _SQL["digests_due"], parameters):
        due.setdefault(NoticeKey(row.practice_id, CAUSE, row.opened_at), []).append(row)
    planned = 0
    for digest, waiting in due.items():
        async with connection.transaction():
            planned += await _plan(connection, digest, waiting, now, at, channels)
    return planned


async def _plan(
    connection: Connection,
    digest: NoticeKey,
    waiting: list[Waiting],
    now: datetime,
    at: datetime | None,
    channels: Channels,
) -> int:
    """A message to each contact that gets digests, of what it looks after and reads of here alone."""
    taken = await connection.execute(
        _SQL["take_digest"], digest.parameters() | {"now": at, "items": sum(each.count for each in waiting)}
    )
    if await taken.fetchone() is None:
        return 0
    waiting = [await _with_amounts(connection, each) for each in waiting]
    contacts = await contacts_of(connection, digest.practice_id)
    open_notices = await fetch_all_async(connection, OpenNotice, _SQL["digest_notices"], digest.parameters())
    quiet = quiet_hours(contacts, waiting[0].zone, now)
    everything = [each for each in waiting if each.section is not None]
    if everything:
        await put_in_inbox(connection, digest, STEP, digest_email(waiting[0], everything), at)
    planned = 0
    for contact in (each for each in contacts if each.digest):
        sections = part_of(contact, contacts, waiting)
        notices = [each for each in open_notices if in_digest_of(contact, contacts, Cause.parse(each.cause))]
        if sections or notices:
            text = digest_email(waiting[0], sections, notices)
            planned += await plan_deliveries(connection, channels, digest, STEP, [recipient(contact)], text, at, quiet)
    _LOG.info("digest planned", practice_id=digest.practice_id, count=planned)
    return planned


async def _with_amounts(connection: Connection, waiting: Waiting) -> Waiting:
    """With the amounts of events that have no entry, and their sum where all are named and in one currency."""
    cases = await with_reported_amounts(connection, waiting.practice_id, waiting.cases or ())
    amounts = [each.amount_minor for each in cases if each.amount_minor is not None]
    currencies = {each.currency for each in cases}
    if waiting.amount_minor is not None or len(amounts) != waiting.count or len(currencies) != 1:
        return msgspec.structs.replace(waiting, cases=cases)
    return msgspec.structs.replace(waiting, cases=cases, amount_minor=sum(amounts), currency=currencies.pop())
