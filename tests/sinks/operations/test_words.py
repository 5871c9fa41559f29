"""Every system, state and reason has words, and the words hold no place for data (H-3, H-5, NOT-1, NOT-3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from schemas.vocabulary import (
    DIGEST_ORDER,
    AttentionReason,
    ConnectionReason,
    DeadLetterReason,
    DecisionReason,
    State,
    Target,
)
from sinks.notices.causes import Reason
from sinks.operations import words as words_package
from sinks.operations.words.reasons import (
    CONNECTION_WORDS,
    DEAD_LETTER_WORDS,
    DECISION_WORDS,
    EVENT_WORDS,
    Wording,
    words_for,
)
from sinks.operations.words.reasons.postings import POSTING_WORDS
from sinks.operations.words.reasons.records import RECORD_WORDS
from sinks.operations.words.reasons.wording import REDRIVE_FOLLOWS
from sinks.operations.words.states import STATE_WORDS
from sinks.operations.words.systems import SYSTEM_WORDS
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


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (SYSTEM_WORDS, Target),
        (STATE_WORDS, State),
        (DECISION_WORDS, DecisionReason),
        (DEAD_LETTER_WORDS, DeadLetterReason),
        (CONNECTION_WORDS, ConnectionReason),
        (EVENT_WORDS, AttentionReason),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_a_table_has_words_for_each_name_and_for_no_other(table: Mapping[str, object], names: type[StrEnum]) -> None:
    assert set(table) == set(names)
    assert not RECORD_WORDS.keys() & POSTING_WORDS.keys()


def test_what_a_digest_lists_is_said_of_several_and_with_a_remedy() -> None:
    assert {state for state, words in STATE_WORDS.items() if words.many and words.remedy} == set(DIGEST_ORDER)
    assert not any(words.many or words.remedy for state, words in STATE_WORDS.items() if state not in DIGEST_ORDER)


def test_words_stand_below_what_shows_them() -> None:
    """Notices and commands import them, so they import neither notices nor another part of operations."""
    for file in Path(words_package.__file__).parent.rglob("*.py"):
        for module in re.findall(r"^(?:from|import) (sinks[\w.]*)", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert module.startswith(("sinks.operations.words", "sinks.targets")), f"{file.name} imports {module}"


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
        *(words.remedy for words in STATE_WORDS.values() if words.remedy),
    ):
        assert not re.search(r"\b(mark|release) (it|them|the)\b", text), text


@pytest.mark.parametrize("state", [State.AWAITING_MANUAL_POST, State.AWAITING_REVIEW])
def test_what_waits_for_staff_names_who_records_it(state: State) -> None:
    """POST-2, POST-3: staff enter it; support, or whoever runs Writeback, records it or lets it be posted."""
    assert "support or the person who runs Writeback" in (STATE_WORDS[state].remedy or "")


def test_what_was_entered_by_hand_is_not_posted_again() -> None:
    """Guarantee 2: where staff may enter something by hand, the mail says that it is then not posted again; where it
    may stand already, that nobody enters it."""
    assert "record what you entered by hand, so that it is never posted a second time" in REDRIVE_FOLLOWS
    for reason in (DeadLetterReason.REFUSED_BY_TARGET, DeadLetterReason.PERIOD_CLOSED):
        assert words_for(reason).afterwards == REDRIVE_FOLLOWS
    assert "Do not enter it by hand" in words_for(DeadLetterReason.OUTCOME_UNKNOWN).remedy
    assert "Do not enter it by hand" in (REMEDIES.of(None, DeadLetterReason.OUTCOME_UNKNOWN) or "")
