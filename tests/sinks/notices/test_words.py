"""Every reason has words, and the words hold no place for data (H-5, NOT-1, NOT-3)."""

from __future__ import annotations

import re

import pytest

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, State
from sinks.notices.causes import Reason
from sinks.notices.words import CONNECTION_WORDS, DEAD_LETTER_WORDS, EVENT_WORDS, Wording, words_for
from sinks.notices.words.notice_text import REDRIVE_FOLLOWS
from sinks.notices.words.postings import POSTING_WORDS
from sinks.notices.words.records import RECORD_WORDS
from sinks.notices.words.waiting import WAITING_WORDS
from sinks.targets.quickbooks.remedies import REMEDIES

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


@pytest.mark.parametrize("reason", EVERY_REASON)
def test_no_words_name_a_button_that_nobody_has(reason: Reason) -> None:
    """NOT-3: staff can enter, correct, look and tell. Support acts for them (`writeback entries`)."""
    words = words_for(reason)
    own = REMEDIES.of(None, reason) if isinstance(reason, DeadLetterReason | ConnectionReason) else None
    for text in (
        words.remedy,
        words.afterwards,
        own or "",
        *REMEDIES.by_code.values(),
        *(w for _, w in WAITING_WORDS.values()),
    ):
        assert not re.search(r"\b(mark|release) (it|them|the)\b", text), text


@pytest.mark.parametrize("state", [State.AWAITING_MANUAL_POST, State.AWAITING_REVIEW])
def test_what_waits_for_staff_names_who_records_it(state: State) -> None:
    """POST-2, POST-3: staff enter it; support, or whoever runs Writeback, records it or lets it be posted."""
    assert "support or the person who runs Writeback" in WAITING_WORDS[state][1]


def test_what_was_entered_by_hand_is_not_posted_again() -> None:
    """Guarantee 2: where staff may enter something by hand, the letter says that it is then not posted again; where it
    may stand already, that nobody enters it."""
    assert "what you entered by hand they record, so that it is never posted" in REDRIVE_FOLLOWS
    for reason in (DeadLetterReason.REFUSED_BY_TARGET, DeadLetterReason.PERIOD_CLOSED):
        assert words_for(reason).afterwards == REDRIVE_FOLLOWS
    assert "Do not enter it by hand" in words_for(DeadLetterReason.OUTCOME_UNKNOWN).remedy
    assert "Do not enter it by hand" in (REMEDIES.of(None, DeadLetterReason.OUTCOME_UNKNOWN) or "")
