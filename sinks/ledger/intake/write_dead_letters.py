"""Writes dead letters into the ledger, and reports those that are news to their senders (laws 9, 11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow, scalar_row
from psycopg.types.json import Jsonb

from schemas.vocabulary import Stage, Verdict
from sinks.ledger.intake.records import DeadLettered
from sinks.ledger.intake.refusal_results import refusal_message
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import OutboxMessage
from streams.kafka.header_values import as_text
from streams.runtime.trace_context import HEADER, context_in

_SQL: Final = named_queries("sinks.ledger.intake")


def write_dead_letters(
    cursor: psycopg.Cursor[TupleRow], letters: Sequence[DeadLettered], now: datetime | None
) -> list[OutboxMessage]:
    """Insert dead letters; one of stage decode or rules is also the receipt of its record (law 11). Blocks for one
    round trip inside a pipeline. Returns the results for their senders: none for a letter that was there already.
    """
    connection = cursor.connection
    sent = [(lettered, _insert(connection, lettered, now)) for lettered in letters]
    results: list[OutboxMessage] = []
    for lettered, answer in sent:
        practice_id = answer.fetchone()
        message = None if practice_id is None else refusal_message(lettered.letter, practice_id)
        if message is not None:
            results.append(_traced(message, lettered))
    return results


def _traced(message: OutboxMessage, lettered: DeadLettered) -> OutboxMessage:
    """With the context that RULES left on the dead letter, in the trace that the sender began."""
    context = context_in(lettered.at.headers)
    if context is None:
        return message
    return msgspec.structs.replace(message, headers=((HEADER, context.header()),))


def _insert(connection: psycopg.Connection[Any], lettered: DeadLettered, now: datetime | None) -> psycopg.Cursor[Any]:
    letter, at = lettered.letter, lettered.at
    place = {
        "practice_id": _clean(letter.practice_id),
        "topic_id": letter.position.topic_id,
        "part": letter.position.partition,
        "off": letter.position.offset,
        "source": _clean(letter.source),
        "event_id": _clean(letter.event_id),
    }
    if letter.stage in (Stage.DECODE, Stage.RULES):
        connection.execute(_SQL["add_receipt"], place | {"verdict": Verdict.DEAD_LETTER})
    added = connection.cursor(row_factory=scalar_row)
    return added.execute(
        _SQL["add_dead_letter"],
        place
        | {
            "effect_id": letter.effect_id or 0,
            "redrives": letter.redrive_count,
            "topic": letter.position.topic,
            "stage": letter.stage,
            "reason": letter.reason,
            "field": _clean(letter.field),
            "target": letter.target,
            "ambiguous": letter.ambiguous,
            "attempts": letter.attempts,
            "first_failed_at": letter.first_failed_at,
            "last_failed_at": letter.last_failed_at,
            "headers": Jsonb({name: _clean(text) for name, text in as_text(at.headers, "dl-").items()}),
            "key": at.key,
            "value": at.value,
            "dl_topic_id": at.topic_id,
            "dl_part": at.part,
            "dl_off": at.off,
            "now": now,
        },
    )


def _clean(text: str | None) -> str | None:
    """A dead letter names a bad record's ids as they were; Postgres takes every character but one."""
    return None if text is None else text.replace("\x00", "?")
