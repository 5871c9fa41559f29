"""The words of every notice, one table per family of causes; a test holds them against the closed lists of reasons."""

from __future__ import annotations

from schemas.reasons import AttentionReason, ConnectionReason, DeadLetterReason
from sinks.notices.texts.connections import CONNECTION_WORDS
from sinks.notices.texts.events import EVENT_WORDS
from sinks.notices.texts.postings import POSTING_WORDS
from sinks.notices.texts.records import RECORD_WORDS
from sinks.notices.texts.wording import Audience, Wording

DEAD_LETTER_WORDS: dict[DeadLetterReason, Wording] = {**RECORD_WORDS, **POSTING_WORDS}

__all__ = ["CONNECTION_WORDS", "DEAD_LETTER_WORDS", "EVENT_WORDS", "Audience", "Wording", "words_for"]


def words_for(reason: DeadLetterReason | ConnectionReason | AttentionReason) -> Wording:
    """The fixed words for a reason. A reason without words is a programming error that a test finds."""
    if isinstance(reason, ConnectionReason):
        return CONNECTION_WORDS[reason]
    if isinstance(reason, AttentionReason):
        return EVENT_WORDS[reason]
    return DEAD_LETTER_WORDS[reason]
