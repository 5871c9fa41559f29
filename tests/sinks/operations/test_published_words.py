"""A line for every state and reason that a result may have."""

from __future__ import annotations

import msgspec
import pytest

from schemas.vocabulary import DeadLetterReason, DecisionReason, State
from sinks.operations.words.published import published_words, subject_words
from tests.streams.kafka.published import REFUSAL, RESULT, WARNING


@pytest.mark.parametrize("state", State)
def test_every_state_is_said(state: State) -> None:
    """The name that programs know, then what it means."""
    words = published_words(msgspec.structs.replace(RESULT, state=state, external_id=None))
    assert words.startswith(f"{state.value}: ")
    assert words.endswith("96.80 USD")


@pytest.mark.parametrize("reason", [*DecisionReason, *DeadLetterReason])
def test_every_reason_is_said(reason: DecisionReason | DeadLetterReason) -> None:
    held = msgspec.structs.replace(RESULT, state=State.AWAITING_REVIEW, reason=reason)
    assert reason.value not in published_words(held)


def test_what_it_is_about_is_an_entry_an_event_or_a_place() -> None:
    assert subject_words(RESULT) == "PMS payment of pay-1"
    assert subject_words(msgspec.structs.replace(RESULT, target=None, entry_kind=None)) == "pay-1"
    assert subject_words(REFUSAL) == "payments.v1:3:17"


def test_a_refusal_says_what_to_do_and_how_often_it_was_sent_again() -> None:
    words = published_words(msgspec.structs.replace(REFUSAL, redrives=2))
    assert words.startswith("REFUSED, UNDECODABLE, sent again 2 times: ")
    assert words.endswith(REFUSAL.sender_does)


def test_a_warning_says_where_the_record_belongs() -> None:
    words = published_words(WARNING)
    assert words.startswith("WARNING, OTHER_PARTITIONER, on partition 3, belongs on 5: The record is taken")
    assert "Set the producer's partitioner to murmur2" in words
    assert subject_words(WARNING) == "payments.v1:3:18"
