"""The words of every notice, one table per family of causes; a test holds them against the closed lists of reasons."""

from __future__ import annotations

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason
from sinks.notices.words.connections import CONNECTION_WORDS
from sinks.notices.words.events import EVENT_WORDS
from sinks.notices.words.notice_text import Audience, Wording
from sinks.notices.words.postings import POSTING_WORDS
from sinks.notices.words.records import RECORD_WORDS

DEAD_LETTER_WORDS: dict[DeadLetterReason, Wording] = {**RECORD_WORDS, **POSTING_WORDS}

__all__ = ["CONNECTION_WORDS", "DEAD_LETTER_WORDS", "EVENT_WORDS", "Audience", "Wording", "words_for"]


def words_for(reason: DeadLetterReason | ConnectionReason | AttentionReason) -> Wording:
    """The fixed words for a reason. A reason without words is a programming error that a test finds."""
    if isinstance(reason, ConnectionReason):
        return CONNECTION_WORDS[reason]
    if isinstance(reason, AttentionReason):
        return EVENT_WORDS[reason]
    return DEAD_LETTER_WORDS[reason]
