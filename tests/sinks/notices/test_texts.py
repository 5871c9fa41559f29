"""Every reason has words, and the words hold no place for data (H-5, NOT-1, NOT-3)."""

from __future__ import annotations

import re

import pytest

from schemas.reasons import AttentionReason, ConnectionReason, DeadLetterReason
from sinks.notices.causes import Reason
from sinks.notices.texts import CONNECTION_WORDS, DEAD_LETTER_WORDS, EVENT_WORDS, Wording, words_for
from sinks.notices.texts.postings import POSTING_WORDS
from sinks.notices.texts.records import RECORD_WORDS

EVERY_REASON: list[Reason] = [*DeadLetterReason, *ConnectionReason, *AttentionReason]


@pytest.mark.parametrize("reason", EVERY_REASON)
def test_every_reason_has_words_that_say_what_to_do(reason: Reason) -> None:
    words = words_for(reason)
    assert words.headline
    assert words.why.endswith(".")
    assert words.remedy.endswith(".")
    assert words.afterwards.endswith(".")


@pytest.mark.parametrize("reason", EVERY_REASON)
def test_the_system_is_the_only_placeholder(reason: Reason) -> None:
    words = words_for(reason)
    text = " ".join(str(getattr(words, field)) for field in Wording.__struct_fields__)
    assert set(re.findall(r"\{(\w*)\}", text)) <= {"system"}


def test_no_reason_stands_in_two_tables() -> None:
    assert not RECORD_WORDS.keys() & POSTING_WORDS.keys()
    assert len(DEAD_LETTER_WORDS) == len(DeadLetterReason)
    assert len(CONNECTION_WORDS) == len(ConnectionReason)
    assert len(EVENT_WORDS) == len(AttentionReason)
