"""What is published about an effect: a result for its new state, and a dead letter where it is dead or stands twice.

The only place of the poster that makes either. A dead letter carries the source record's own bytes and position.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.events import EVENT_TYPES
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, DecisionReason, Stage, State
from schemas.writebacks import SourcePosition
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import (
    INSERT,
    WAKE,
    OutboxMessage,
    dead_letter_message,
    effect_result,
    insert_parameters,
)
from sinks.poster import counters
from sinks.poster.call_outcome import Outcome
from sinks.poster.closed_periods import NotSent
from sinks.poster.planned_call import EffectKey, PlannedCall
from sinks.poster.read_rows import read_rows
from streams.kafka.dead_letters import DeadLetter

_ORIGINALS: Final = named_queries("sinks.poster", "publications.sql")["originals"]
_TOPIC_OF: Final = {kind.__name__: f"{kind.stream}.v1" for kind in EVENT_TYPES}


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What consumers of results and readers of dead letters hear about one effect."""

    call: PlannedCall
    state: State | None
    """Its new state; None: its state stays, and there is no result."""
    reason: DecisionReason | DeadLetterReason | None
    """None: the decision's own. A DeadLetterReason makes a dead letter."""
    stage: Stage = Stage.POST
    attempt: int = 0
    field: str | None = None
    """The setting or mapping that stands in the way; never data."""
    ambiguous: bool = False
    """Something left this machine under it: a redrive must read back first."""


def of_outcome(outcome: Outcome) -> Publication:
    """A call or a read-back after which the effect is dead."""
    verdict = outcome.verdict
    return Publication(
        call=outcome.call,
        state=verdict.state,
        reason=verdict.reason,
        stage=verdict.stage,
        attempt=outcome.attempt,
        ambiguous=verdict.stage is Stage.READBACK,
    )


def of_check(call: PlannedCall, found: NotSent) -> Publication:
    """A check before the mark that keeps the effect back."""
    return Publication(
        call=call,
        state=found.state,
        reason=found.reason,
        attempt=call.attempts if found.dead else 0,
        field=found.field,
        ambiguous=call.sent_at is not None,
    )


def of_duplicate(call: PlannedCall, stage: Stage, attempt: int) -> Publication:
    """An entry that stands twice, or beside what a person recorded: its state stays, and a person decides."""
    return Publication(
        call=call,
        state=None,
        reason=DeadLetterReason.DUPLICATE_AT_TARGET,
        stage=stage,
        attempt=attempt,
        ambiguous=True,
    )


async def publish(
    connection: AsyncConnection[TupleRow], publications: Sequence[Publication], now: datetime, group: str
) -> None:
    """Insert results and dead letters in the caller's transaction; the relay is notified at its commit.

    `group` names the poster in the dead letters' headers. Raises psycopg.Error.
    """
    rows = [
        effect_result(each.call, each.state, at=now, reason=each.reason, attempt=each.attempt)
        for each in publications
        if each.state is not None
    ]
    rows += await _dead_letters(connection, publications, now, group)
    await enqueue(connection, rows)


async def enqueue(connection: AsyncConnection[TupleRow], rows: Sequence[OutboxMessage]) -> None:
    """Insert rows of the outbox in the caller's transaction; the relay is notified at its commit."""
    if rows:
        await connection.execute(INSERT, insert_parameters(rows))
        await connection.execute(WAKE)


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """The source record of an effect, as the ledger keeps it."""

    practice_id: str
    effect_id: int
    topic_id: str
    partition: int
    off: int
    appended_at: datetime
    event_type: str
    trace_id: str | None
    original_key: bytes | None
    original: bytes | None
    failing_since: datetime
    redrives: int


async def _dead_letters(
    connection: AsyncConnection[TupleRow], publications: Sequence[Publication], now: datetime, group: str
) -> list[OutboxMessage]:
    dead = [each for each in publications if isinstance(each.reason, DeadLetterReason)]
    if not dead:
        return []
    parameters = {
        "practice_ids": [each.call.practice_id for each in dead],
        "effect_ids": [each.call.effect_id for each in dead],
    }
    found = await read_rows(connection, Original, _ORIGINALS, parameters)
    originals = {EffectKey(each.practice_id, each.effect_id): each for each in found}
    written = [each for each in dead if each.call.key in originals]
    for each in written:
        if isinstance(each.reason, DeadLetterReason):
            counters.dead(each.stage, each.reason)
    return [_dead_letter(each, originals[each.call.key], now, group) for each in written]


def _dead_letter(publication: Publication, original: Original, now: datetime, group: str) -> OutboxMessage:
    call = publication.call
    if not isinstance(publication.reason, DeadLetterReason):
        raise TypeError(f"{publication.reason} is no reason of a dead letter")
    letter = DeadLetter(
        position=SourcePosition(
            topic=_TOPIC_OF.get(original.event_type, TopicName.PAYMENTS.value),
            topic_id=original.topic_id,
            partition=original.partition,
            offset=original.off,
            appended_at=original.appended_at,
        ),
        consumer_group=group,
        stage=publication.stage,
        reason=publication.reason,
        practice_id=call.practice_id,
        first_failed_at=min(original.failing_since, now),
        last_failed_at=now,
        attempts=max(1, publication.attempt),
        field=publication.field,
        event_id=call.event_id,
        source=call.source,
        effect_id=call.effect_id,
        target=call.target,
        ambiguous=publication.ambiguous,
        redrive_count=original.redrives,
        trace_id=original.trace_id,
    )
    return dead_letter_message(letter, key=original.original_key, value=original.original)
