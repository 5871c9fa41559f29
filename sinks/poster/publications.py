"""What the poster wants published: results, and dead letters with the source's own bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.events import EVENT_TYPES
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, DecisionReason, Stage, State
from schemas.writebacks import SourcePosition
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import INSERT, WAKE, OutboxMessage, dead_letter_message, insert_parameters, result_message
from sinks.poster.planned_call import Work
from streams.kafka.dead_letters import DeadLetter

_ORIGINALS: Final = named_queries("sinks.poster")["originals"]
_TOPIC_OF: Final = {kind.__name__: f"{kind.stream}.v1" for kind in EVENT_TYPES}


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that became a dead letter, or an entry found twice (then its state stays)."""

    work: Work
    state: State
    reason: DeadLetterReason
    stage: Stage
    attempt: int
    field: str | None = None
    generation_sent: bool = False
    """Something left this machine under it: a redrive must read back first."""


def result_of(
    work: Work,
    state: State,
    now: datetime,
    *,
    reason: DecisionReason | DeadLetterReason | None = None,
    external_id: str | None = None,
    attempt: int = 0,
) -> OutboxMessage:
    """The change of an effect's state for `writeback-results.v1`."""
    return result_message(
        practice_id=work.practice_id,
        source=work.source,
        event_id=work.event_id,
        subject=work.subject,
        state=state,
        changed_at=now,
        target=work.target,
        entry_kind=work.entry_kind,
        part=work.part,
        reason=reason or _reason(work.reason),
        settings_version=work.settings_version,
        amount_minor=work.amount_minor,
        currency=work.currency,
        external_id=external_id,
        posted_at=now if state is State.POSTED else None,
        attempt=attempt,
    )


async def publish(
    connection: AsyncConnection[TupleRow], rows: list[OutboxMessage], deaths: Sequence[Death], now: datetime, group: str
) -> None:
    """Insert results and dead letters in the caller's transaction, and tell the relay at its commit."""
    if deaths:
        rows = rows + await _dead_letters(connection, deaths, now, group)
    if rows:
        await connection.execute(INSERT, insert_parameters(rows))
        await connection.execute(WAKE)


async def _dead_letters(
    connection: AsyncConnection[TupleRow], deaths: Sequence[Death], now: datetime, group: str
) -> list[OutboxMessage]:
    cursor = await connection.execute(
        _ORIGINALS,
        {
            "practice_ids": [death.work.practice_id for death in deaths],
            "effect_ids": [death.work.effect_id for death in deaths],
        },
    )
    originals = {(row[0], row[1]): row for row in await cursor.fetchall()}
    return [_letter(death, originals[death.work.key], now, group) for death in deaths if death.work.key in originals]


def _letter(death: Death, original: tuple[Any, ...], now: datetime, group: str) -> OutboxMessage:
    _, _, topic_id, part, offset, appended_at, event_type, trace_id, key, value, failing_since, redrives, _ = original
    work = death.work
    letter = DeadLetter(
        position=SourcePosition(
            topic=_TOPIC_OF.get(event_type, TopicName.PAYMENTS.value),
            topic_id=topic_id,
            partition=part,
            offset=offset,
            appended_at=appended_at,
        ),
        consumer_group=group,
        stage=death.stage,
        reason=death.reason,
        practice_id=work.practice_id,
        first_failed_at=min(failing_since, now),
        last_failed_at=now,
        attempts=max(1, death.attempt),
        field=death.field,
        event_id=work.event_id,
        source=work.source,
        effect_id=work.effect_id,
        target=work.target,
        ambiguous=death.generation_sent,
        redrive_count=redrives,
        trace_id=trace_id,
    )
    return dead_letter_message(letter, key=key, value=value)


@cache
def _reason(text: str) -> DecisionReason | DeadLetterReason | None:
    for kind in (DecisionReason, DeadLetterReason):
        if text in kind.__members__:
            return kind(text)
    return None
