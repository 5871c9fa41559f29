"""Results and refusals for tests, put on the results topic as the relay does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.codec import encode_refusal, encode_result, encode_warning
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.topics import TopicName
from schemas.validation.refusal_words import REFUSAL_WORDS, WARNING_WORDS
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, SenderFault, Stage, State, Target
from schemas.writebacks import Result
from tests.scenarios.raw_records import put
from tests.worlds import World

AT = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
RESULT = Result(
    result_id="r-1",
    practice_id="northside",
    source="payments.example",
    event_id="ev-1",
    subject="pay-1",
    target=Target.PMS,
    entry_kind=EntryKind.PAYMENT,
    part="",
    state=State.POSTED,
    reason=DecisionReason.AUTO_INSTANT,
    settings_version=1,
    amount_minor=9680,
    currency="USD",
    external_id="4711",
    posted_at=AT,
    attempt=1,
    changed_at=AT,
)
REFUSAL = RecordRefused(
    result_id="r-2",
    practice_id="northside",
    topic="payments.v1",
    partition=3,
    offset=17,
    event_id="ev-2",
    stage=Stage.DECODE,
    reason=DeadLetterReason.UNDECODABLE,
    problem=REFUSAL_WORDS[DeadLetterReason.UNDECODABLE].problem,
    sender_does=REFUSAL_WORDS[DeadLetterReason.UNDECODABLE].sender_does,
    refused_at=AT,
)
WARNING = SenderWarning(
    result_id="r-4",
    practice_id="northside",
    source="payments.example",
    event_id="ev-3",
    topic="payments.v1",
    partition=3,
    offset=18,
    expected_partition=5,
    fault=SenderFault.OTHER_PARTITIONER,
    problem=WARNING_WORDS[SenderFault.OTHER_PARTITIONER].problem,
    sender_does=WARNING_WORDS[SenderFault.OTHER_PARTITIONER].sender_does,
    noticed_at=AT,
)
_ENCODERS: dict[type[Any], Any] = {Result: encode_result, RecordRefused: encode_refusal, SenderWarning: encode_warning}


def publish(world: World, result: Result | RecordRefused | SenderWarning, **changed: Any) -> None:
    """One record, keyed by its practice."""
    made = msgspec.structs.replace(result, **changed)
    put(world, TopicName.RESULTS, made.practice_id.encode(), _ENCODERS[type(made)](made))
