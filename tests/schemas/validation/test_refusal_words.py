"""Senders and letters are told the same of a refused record, for every reason and in plain words."""

from __future__ import annotations

import pytest

from schemas.validation.field_words import FIELD_WORDS
from schemas.validation.refusal_words import REFUSAL_WORDS, problem_words
from schemas.vocabulary import DeadLetterReason, FieldFault
from sinks.operations.words.reasons.records import RECORD_WORDS

TOLD_TO_PRACTICES = {DeadLetterReason.KEY_MISMATCH, DeadLetterReason.CURRENCY_MISMATCH}
"""Of which the practice is told as "yours"."""


def test_every_reason_of_a_record_has_words_for_its_sender() -> None:
    """None is refused without being told, and no reason of an entry's target is told to a sender."""
    assert REFUSAL_WORDS.keys() == RECORD_WORDS.keys()


@pytest.mark.parametrize("reason", REFUSAL_WORDS)
def test_the_words_are_sentences(reason: DeadLetterReason) -> None:
    """What is wrong, and what to do: each ends, and names no command, which an upstream does not have."""
    words = REFUSAL_WORDS[reason]
    for text in (words.problem, words.sender_does):
        assert text.endswith(".")
        assert text[0].isupper()
        assert "writeback " not in text
        assert "your practice" not in text


@pytest.mark.parametrize("reason", sorted(set(RECORD_WORDS) - TOLD_TO_PRACTICES))
def test_letters_say_what_senders_are_told(reason: DeadLetterReason) -> None:
    """One table: support and the upstream's developers compare word by word."""
    assert RECORD_WORDS[reason].why == REFUSAL_WORDS[reason].problem


def test_the_field_at_fault_is_said_after_the_record() -> None:
    """With the sentence that letters have; a fault of a newer release leaves the field's name."""
    said = problem_words(DeadLetterReason.INVALID_FIELD, "occurred_at", FieldFault.INSTANT_IN_SECONDS)
    assert said.endswith(f"occurred_at: {FIELD_WORDS[FieldFault.INSTANT_IN_SECONDS]}.")
    assert problem_words(DeadLetterReason.INVALID_FIELD, "fee", "NEWER").endswith(" fee.")
    assert problem_words(DeadLetterReason.TOO_LARGE, None, None) == REFUSAL_WORDS[DeadLetterReason.TOO_LARGE].problem
