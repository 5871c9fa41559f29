"""Plain words for what an explanation shows: states, reasons, settings, answers. Pure; no data but ids and amounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from schemas.practice_settings import (
    FeeAdjustment,
    LedgerDate,
    PracticeSettings,
    PracticeStatus,
    Timing,
    TypeMode,
)
from schemas.vocabulary import (
    BOOKED,
    HELD_UP,
    ConnectionReason,
    DeadLetterReason,
    DecisionReason,
    State,
    Target,
)
from sinks.operations.words.reasons import DECISION_WORDS, words_for
from sinks.operations.words.remedies import remedy_of
from sinks.operations.words.states import STATE_WORDS
from sinks.operations.words.systems import with_system

ANSWER_WORDS: Final[dict[str, str]] = {
    "Posted": "taken, with proof",
    "Accepted": "taken, the outcome to come",
    "Refused": "refused; nothing was written",
    "NothingSent": "nothing was sent",
    "NoAnswer": "no answer that can be trusted: it may or may not stand",
    "Found": "looked for",
    "ReadFailed": "could not be read",
    "Prepared": "read before posting",
    "NotComposed": "the target does not have the patient",
}
"""By the class of the answer, as `attempts.answer` keeps it."""

_POSTS_BY_ITSELF: Final = frozenset({DecisionReason.AUTO_INSTANT, DecisionReason.AUTO_DAILY, DecisionReason.AUTO_LATE})


def reason_words(reason: str, target: str | None = None) -> str:
    """A decision's or a dead letter's reason; one of a newer release stays as it is."""
    if reason in DecisionReason.__members__:
        return DECISION_WORDS[DecisionReason(reason)]
    if reason in DeadLetterReason.__members__:
        return with_system(words_for(DeadLetterReason(reason)).why, target)
    if reason in ConnectionReason.__members__:
        return with_system(words_for(ConnectionReason(reason)).why, target)
    return reason


def state_words(state: str, reason: str, target: str | None = None) -> str:
    """State and reason in one clause."""
    head = STATE_WORDS[State(state)].one if state in State.__members__ else state
    if state in BOOKED or (state in HELD_UP and reason in _POSTS_BY_ITSELF):
        return head
    return f"{head}: {reason_words(reason, target)}"


def rests_words(until: datetime | None, zone: str | None) -> str:
    """What keeps an entry that is due: a local time of the practice in which nothing is posted (T-8)."""
    if until is None:
        return ""
    return f"; in a blackout: the practice posts nothing before {until:%Y-%m-%d %H:%M} {zone or 'UTC'}"


def waiting_words(state: str) -> str:
    """What an event waited for."""
    return STATE_WORDS[State(state)].one.removeprefix("waits for ")


def remedy_words(reason: str, target: str | None, code: str | None) -> str:
    """What to do about a dead letter."""
    if reason not in DeadLetterReason.__members__:
        return ""
    return remedy_of(DeadLetterReason(reason), None if target is None else Target(target), code)


def answer_words(answer: str, external_ids: Sequence[str], charges: int | None) -> str:
    """What an attempt's answer means."""
    if charges is not None:
        return f"balance read before posting: {charges} open charge{'' if charges == 1 else 's'}"
    if answer == "Found":
        return f"looked for: {', '.join(external_ids)}" if external_ids else "looked for: not there"
    return ANSWER_WORDS.get(answer, answer)


def settings_words(settings: PracticeSettings) -> tuple[str, ...]:
    """What a version said, as far as it decides about single entries."""
    fee = " with the fee adjustment" if settings.fee_adjustment is FeeAdjustment.AUTO else " without fee adjustment"
    words = [
        "posting on" if settings.master else "posting off",
        f"{settings.amount.value}{fee if settings.amount.value == 'NET' else ''}",
        _timing(settings.timing, settings),
    ]
    by_type = msgspec.structs.asdict(settings.timing_by_type)
    words += [f"{name} {_timing(timing, settings)}" for name, timing in by_type.items() if timing is not None]
    words += [f"{tender.value} waits for its funds" for tender in settings.clear_first]
    modes: dict[str, TypeMode] = msgspec.structs.asdict(settings.types)
    for mode in TypeMode:
        names = [name.replace("_", " ") for name, chosen in modes.items() if chosen is mode]
        if names:
            words.append(f"{mode.value}: {', '.join(names)}")
    if settings.ledger_date is LedgerDate.BUSINESS_DATE:
        words.append("dated by the business day")
    if settings.status is PracticeStatus.OFFBOARDED:
        words.append("offboarded")
    return tuple(words)


def _timing(timing: Timing, settings: PracticeSettings) -> str:
    if timing is Timing.DAILY:
        days = " on working days" if settings.business_days_only else ""
        return f"DAILY {settings.cut_off:%H:%M} {settings.zone}{days}"
    return timing.value
