"""The morning's digest: what waits for people at a practice, on working days at 07:00 local, never empty."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.notices.channels.email_message import message_id
from sinks.notices.email_text import Letter
from sinks.notices.words.waiting import WAITING_WORDS
from streams.runtime.logging import log

CAUSE: Final = "digest"
STEP: Final = "1-digest"
_EARLIEST: Final = "07:00"
_LATEST: Final = "12:00"
"""A digest that could not be written in the morning is not worth a mail in the afternoon: the next one says more."""

_SQL = named_queries("sinks.notices")
_LOG = log(__name__)
Connection = psycopg.AsyncConnection[TupleRow]


def digest_letter(practice_id: str, counts: dict[State, int]) -> Letter:
    """Counts and fixed words only (H-5). Pure."""
    total = sum(counts.values())
    parts = [f"{'1 entry waits' if total == 1 else f'{total} entries wait'} for somebody at your practice."]
    for state, (what, remedy) in WAITING_WORDS.items():
        if counts.get(state):
            parts.append(f"{counts[state]} {what}. {remedy}")
    parts += [f"Practice: {practice_id}", "You get this on working days while something waits."]
    waits = "1 entry waits" if total == 1 else f"{total} entries wait"
    return Letter(f"[Writeback] {waits} for you (practice {practice_id})", "\n\n".join(parts) + "\n")


async def plan_digests(connection: Connection, at: datetime | None, sender_domain: str) -> int:
    """Plan today's digest for each practice whose morning has come; once a day, whoever looks first.

    `at`: business time, None = the database's clock. Returns how many mails were planned.
    """
    rows = await (
        await connection.execute(
            _SQL["digests_due"], {"now": at, "cause": CAUSE, "earliest": _EARLIEST, "latest": _LATEST}
        )
    ).fetchall()
    due: dict[tuple[str, datetime], dict[State, int]] = {}
    for practice_id, morning, state, count in rows:
        counts = due.setdefault((practice_id, morning), {})
        counts[State(state)] = counts.get(State(state), 0) + count
    planned = 0
    for (practice_id, morning), counts in due.items():
        async with connection.transaction():
            planned += await _plan(connection, practice_id, morning, counts, at, sender_domain)
    return planned


async def _plan(
    connection: Connection,
    practice_id: str,
    morning: datetime,
    counts: dict[State, int],
    at: datetime | None,
    sender_domain: str,
) -> int:
    place: dict[str, Any] = {"practice_id": practice_id, "cause": CAUSE, "opened_at": morning, "now": at}
    taken = await connection.execute(_SQL["take_digest"], place | {"items": sum(counts.values())})
    if await taken.fetchone() is None:
        return 0
    text = digest_letter(practice_id, counts)
    contacts = await (await connection.execute(_SQL["contacts"], place)).fetchall()
    for (recipient,) in contacts:
        key = (practice_id, CAUSE, morning.isoformat(), STEP, "email", recipient)
        delivery = {
            "step": STEP,
            "recipient": recipient,
            "message_id": message_id(key, sender_domain),
            "subject": text.subject,
            "body": text.body,
        }
        await connection.execute(_SQL["plan_delivery"], place | delivery)
    _LOG.info("digest planned", practice_id=practice_id, count=len(contacts))
    return len(contacts)
