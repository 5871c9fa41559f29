"""Plans the morning's digest: what waits for people at a practice, on its own working days at 07:00 local, never empty.

Payments are counted, not entries, and each stands in one section. Whatever waits when the morning comes is in it, so a
digest that leaves later has only been held up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.money import Money
from schemas.practice_settings import WORKING_WEEK
from schemas.vocabulary import DIGEST_ORDER, AttentionReason, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.cases import SHOWN, Case, Reader, case_lines
from sinks.notices.email_text import Email
from sinks.notices.plan_deliveries import Channels, NoticeKey, contacts_of, plan_deliveries
from sinks.notices.problems import UNSETTLED
from sinks.operations.words.deeds import deeds_words
from sinks.operations.words.reasons import words_for
from sinks.operations.words.states import STATE_WORDS
from streams.runtime.logging import log

CAUSE: Final = "digest"
STEP: Final = "1-digest"
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
    section: SectionKey
    count: int
    payouts: bool
    """All of them are payouts."""
    amount_minor: int | None
    """Their sum, where all have an amount and it is one currency."""
    currency: str | None
    cases: tuple[Case, ...]
    """The newest."""


def digest_email(waiting: list[Waiting]) -> Email:
    """Fixed words, counts, ids and amounts of one practice (H-5). Pure. `waiting` is not empty."""
    first = waiting[0]
    reader = Reader(first.name, first.zone)
    total = sum(each.count for each in waiting)
    parts = [f"{'1 case waits' if total == 1 else f'{total} cases wait'} for somebody at your practice."]
    parts += [_section(each, reader) for each in sorted(waiting, key=lambda each: SECTIONS.index(each.section))]
    name = first.name or first.practice_id
    parts += [
        f"Practice: {name}" + (f" ({first.practice_id})" if name != first.practice_id else ""),
        "You get this on working days while something waits.",
    ]
    waits = "1 case waits" if total == 1 else f"{total} cases wait"
    return Email(f"[Writeback] {waits} for you (practice {name})", "\n\n".join(parts) + "\n")


def _section(waiting: Waiting, reader: Reader) -> str:
    noun = "payout" if waiting.payouts else "payment"
    count = f"1 {noun}" if waiting.count == 1 else f"{waiting.count} {noun}s"
    if waiting.amount_minor is not None and waiting.currency is not None:
        count += f" ({Money(waiting.amount_minor, waiting.currency)})"
    cases = case_lines(waiting.cases, waiting.count, reader)
    if isinstance(waiting.section, AttentionReason):
        said = "is disputed" if waiting.count == 1 else "are disputed"
        return f"{count} {said}. {words_for(waiting.section).remedy}\n{cases}"
    state = STATE_WORDS[waiting.section]
    said = (state.single or state.one) if waiting.count == 1 else (state.many or state.one)
    return f"{count} {said}. {state.remedy} {deeds_words(waiting.section, waiting.practice_id)}\n{cases}"


async def plan_digests(connection: Connection, at: datetime | None, channels: Channels) -> int:
    """Plan today's digest for each practice whose morning has come; once a day, whoever asks first.

    `at`: business time, None = the database's clock. Returns how many messages were planned.
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
            planned += await _plan(connection, digest, waiting, at, channels)
    return planned


async def _plan(
    connection: Connection, digest: NoticeKey, waiting: list[Waiting], at: datetime | None, channels: Channels
) -> int:
    taken = await connection.execute(
        _SQL["take_digest"], digest.parameters() | {"now": at, "items": sum(each.count for each in waiting)}
    )
    if await taken.fetchone() is None:
        return 0
    recipients = await contacts_of(connection, digest.practice_id)
    planned = await plan_deliveries(connection, channels, digest, STEP, recipients, digest_email(waiting), at)
    _LOG.info("digest planned", practice_id=digest.practice_id, count=planned)
    return planned
