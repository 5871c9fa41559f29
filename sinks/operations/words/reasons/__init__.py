"""Words for every reason, one table for each family; a test holds them against the closed lists of reasons.

Decisions are said in a clause; whatever has failed, or waits too long, has a headline, a cause and a remedy.
`wording` is their form; `decisions`, `events`, `records`, `postings`, `connections` and `health` are the
families.
"""

from __future__ import annotations

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason
from sinks.operations.words.reasons.connections import CONNECTION_WORDS
from sinks.operations.words.reasons.decisions import DECISION_WORDS, PAYOUT_WORDS
from sinks.operations.words.reasons.events import MONEY_WORDS
from sinks.operations.words.reasons.health import HEALTH_REASON_WORDS
from sinks.operations.words.reasons.postings import POSTING_WORDS
from sinks.operations.words.reasons.records import RECORD_WORDS
from sinks.operations.words.reasons.wording import Audience, Wording

EVENT_WORDS: dict[AttentionReason, Wording] = {**MONEY_WORDS, **HEALTH_REASON_WORDS}
DEAD_LETTER_WORDS: dict[DeadLetterReason, Wording] = {**RECORD_WORDS, **POSTING_WORDS}

__all__ = [
    "CONNECTION_WORDS",
    "DEAD_LETTER_WORDS",
    "DECISION_WORDS",
    "EVENT_WORDS",
    "PAYOUT_WORDS",
    "Audience",
    "Wording",
    "words_for",
]


def words_for(reason: DeadLetterReason | ConnectionReason | AttentionReason) -> Wording:
    """The fixed words for a reason. A reason without words is a programming error that a test finds."""
    if isinstance(reason, ConnectionReason):
        return CONNECTION_WORDS[reason]
    if isinstance(reason, AttentionReason):
        return EVENT_WORDS[reason]
    return DEAD_LETTER_WORDS[reason]
