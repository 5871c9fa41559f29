"""Makes the result that reports a refused source record to its sender. Pure."""

from __future__ import annotations

import re
import uuid
from typing import Final

from schemas.codec import encode_refusal
from schemas.refusals import RecordRefused
from schemas.topics import CATALOGUE, TopicName
from schemas.validation.checks import id_or_none
from schemas.validation.refusal_words import REFUSAL_WORDS, problem_words
from schemas.vocabulary import RECORD_STAGES
from sinks.ledger.outbox import OutboxMessage
from streams.kafka.dead_letters import UNKNOWN_PRACTICE, DeadLetter

_SPACE: Final = uuid.UUID("6e1f3b0a-6b4e-5d0c-9f43-0d3f1c0a7a55")
"""Of refusals' ids. Never another one: consumers drop repeats by them."""
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z0-9_]{1,63}){0,7}")
"""A name of the contract, with the numbers of parts: nothing else may stand in its place."""
_SENT_TO_US: Final = {name.value for name, spec in CATALOGUE.items() if spec.upstream}


def refusal_message(letter: DeadLetter, practice_id: str) -> OutboxMessage | None:
    """The result for its sender; None for what no upstream sent: an entry's dead letter, a record of our own topics.

    `practice_id`: as the ledger believes it. The id comes from the record's position, so that a ledger that was set
    back says the same again under the same id. A dead letter's headers may be anybody's: what is no id is left out.
    """
    at = letter.position
    if letter.stage not in RECORD_STAGES or at.topic not in _SENT_TO_US or letter.reason not in REFUSAL_WORDS:
        return None
    message_id = uuid.uuid5(_SPACE, f"{at.topic_id}:{at.partition}:{at.offset}")
    practice_id = id_or_none(practice_id) or UNKNOWN_PRACTICE
    field = letter.field if letter.field and _FIELD.fullmatch(letter.field) else None
    refusal = RecordRefused(
        result_id=str(message_id),
        practice_id=practice_id,
        topic=at.topic,
        partition=at.partition,
        offset=at.offset,
        source=id_or_none(letter.source),
        event_id=id_or_none(letter.event_id),
        trace_id=id_or_none(letter.trace_id),
        stage=letter.stage,
        reason=letter.reason,
        field=field,
        fault=None if field is None else letter.fault,
        problem=problem_words(letter.reason, field, letter.fault),
        sender_does=REFUSAL_WORDS[letter.reason].sender_does,
        redrives=letter.redrive_count,
        refused_at=letter.last_failed_at,
    )
    return OutboxMessage(
        practice_id=practice_id,
        id=message_id,
        topic=TopicName.RESULTS,
        key=practice_id.encode(),
        value=encode_refusal(refusal),
    )
