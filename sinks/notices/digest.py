"""Plans the morning's digest: what waits for people at a practice, on working days at 07:00 local, never empty."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import DIGEST_ORDER, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.email_text import Email
from sinks.notices.plan_deliveries import Channels, NoticeKey, contacts_of, plan_deliveries
from sinks.operations.words.states import STATE_WORDS
from streams.runtime.logging import log

CAUSE: Final = "digest"
STEP: Final = "1-digest"
_EARLIEST: Final = "07:00"
_LATEST: Final = "12:00"
"""A digest that could not be written in the morning is not worth a mail in the afternoon: the next one says more."""

_SQL = named_queries("sinks.notices")
_LOG = log(__name__)
Connection = psycopg.AsyncConnection[TupleRow]


class Waiting(msgspec.Struct, frozen=True):
    """Entries of one practice that wait in one state, where its morning has come."""

    practice_id: str
    opened_at: datetime
    """The morning: it identifies the digest."""
    state: State
    entries: int


def digest_email(practice_id: str, counts: dict[State, int]) -> Email:
    """Counts and fixed words only (H-5). Pure."""
    total = sum(counts.values())
    parts = [f"{'1 entry waits' if total == 1 else f'{total} entries wait'} for somebody at your practice."]
    for state in DIGEST_ORDER:
        if counts.get(state):
            words = STATE_WORDS[state]
            what = f"1 entry {words.one}" if counts[state] == 1 else f"{counts[state]} entries {words.many}"
            parts.append(f"{what}. {words.remedy}")
    parts += [f"Practice: {practice_id}", "You get this on working days while something waits."]
    waits = "1 entry waits" if total == 1 else f"{total} entries wait"
    return Email(f"[Writeback] {waits} for you (practice {practice_id})", "\n\n".join(parts) + "\n")


async def plan_digests(connection: Connection, at: datetime | None, channels: Channels) -> int:
    """Plan today's digest for each practice whose morning has come; once a day, whoever asks first.

    `at`: business time, None = the database's clock. Returns how many messages were planned.
    """
    parameters = {"now": at, "cause": CAUSE, "earliest": _EARLIEST, "latest": _LATEST}
    due: dict[NoticeKey, dict[State, int]] = {}
    for row in await fetch_all_async(connection, Waiting, _SQL["digests_due"], parameters):
        counts = due.setdefault(NoticeKey(row.practice_id, CAUSE, row.opened_at), {})
        counts[row.state] = counts.get(row.state, 0) + row.entries
    planned = 0
    for digest, counts in due.items():
        async with connection.transaction():
            planned += await _plan(connection, digest, counts, at, channels)
    return planned


async def _plan(
    connection: Connection, digest: NoticeKey, counts: dict[State, int], at: datetime | None, channels: Channels
) -> int:
    taken = await connection.execute(
        _SQL["take_digest"], digest.parameters() | {"now": at, "items": sum(counts.values())}
    )
    if await taken.fetchone() is None:
        return 0
    recipients = await contacts_of(connection, digest.practice_id)
    text = digest_email(digest.practice_id, counts)
    planned = await plan_deliveries(connection, channels, digest, STEP, recipients, text, at)
    _LOG.info("digest planned", practice_id=digest.practice_id, count=planned)
    return planned
