"""Plain words for what an explanation shows: states, reasons, settings, answers. Pure; no data but ids and amounts."""

from __future__ import annotations

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
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.remedies import remedy_for_code
from sinks.notices.words import words_for

_D = DecisionReason

DECISION_WORDS: Final[dict[DecisionReason, str]] = {
    _D.AUTO_INSTANT: "the practice posts this type at once",
    _D.AUTO_DAILY: "the practice posts this type with its daily release",
    _D.AUTO_LATE: "its release had passed when it came, so it was due at once",
    _D.AUTO_ON_CLEAR: "the practice posts it when the money is in its bank account",
    _D.FUNDS_CLEARED: "the money is in the practice's bank account",
    _D.MANUAL_BY_SETTING: "the practice posts this type by hand",
    _D.MANUAL_NET_NOT_POSITIVE: "the fee eats the whole payment, so a person decides",
    _D.TYPE_OFF: "the practice does not post this type",
    _D.MASTER_OFF: "posting was switched off for the practice",
    _D.OFFBOARDED: "the practice does not use Writeback any more",
    _D.ZERO_AMOUNT: "nothing to post: the amount is zero",
    _D.COMPANION_OFF: "the practice wants no adjustment for the fee",
    _D.NO_CONNECTION: "no system is connected that could take it",
    _D.NO_SETTINGS: "the practice had no settings at that time",
    _D.SETTINGS_SUPERSEDED: "it is decided again, under the settings that count",
    _D.FEE_UNKNOWN: "the fee is not known, and without it there is no net amount",
    _D.PATIENT_NOT_LINKED: "the patient is not linked to a record of the practice's system",
    _D.SUMS_DISAGREE: "its amounts do not add up, so it is shown and never written",
    _D.COMES_LATER: "this kind is stored; it could not be booked by the release that took it",
    _D.BOOKED_ELSEWHERE: "another event books the same money",
    _D.NO_MONEY: "it moves no money by itself",
    _D.ORIGINAL_UNKNOWN: "what it speaks of has not come, or waits itself",
    _D.FOLLOWS_ORIGINAL: "it follows what it takes back: same mode, target and patients",
    _D.ORIGINAL_NOT_POSTED: "what it takes back was skipped or recorded by hand, so a person decides",
    _D.VOIDED: "the payment was voided",
    _D.CORRECTED: "a later version stands in its place",
    _D.REFUNDED_BEFORE_POST: "it was refunded before it was posted, and the practice books one net entry",
    _D.MORE_THAN_ORIGINAL: "more would go back than was paid",
    _D.CODE_NOT_ALLOWED: "a person looks at the claim first: not all of its adjustments are booked by themselves",
    _D.CLAIM_NOT_NAMED: "it does not say which claim it belongs to, or what each procedure of it got",
    _D.ALLOCATE_BY_HAND: "the practice allocates its payments itself",
    _D.NOTES_OFF: "the practice wants no notes",
    _D.NOT_BY_THIS_ROUTE: "the practice's connection cannot write this kind of entry",
    _D.BACKFILLED: "posted on purpose after the fact",
    _D.PATIENT_UNTOUCHED: "the practice keeps disputes off the patients' ledgers",
    _D.CONNECTION_REPLACED: "it belongs to books whose connection is switched off or is not the practice's any more; "
    "it goes on when that connection is saved again (`target add`), or is entered there by hand",
    _D.LEDGER_CLOSED: "the practice's books are closed for its date, and it wants such entries by hand",
    _D.OTHER_CURRENCY: "it is in another currency than the practice's",
}

PAYOUT_WORDS: Final[dict[str, str]] = {
    _D.AUTO_INSTANT.value: "a payout's document is written at once",
    _D.FOLLOWS_ORIGINAL.value: "the payout's document is taken back by a new one",
}
"""Where a reason means another thing for payouts."""

STATE_WORDS: Final[dict[State, str]] = {
    State.AWAITING_SETTINGS: "waits for settings",
    State.AWAITING_FEE: "waits for its fee",
    State.AWAITING_ORIGINAL: "waits for its payment or payout",
    State.AWAITING_REVIEW: "waits for a person to look at it",
    State.AWAITING_CLEARANCE: "waits until the money is in the bank",
    State.AWAITING_LINK: "waits for a patient link",
    State.AWAITING_ALLOCATION: "waits for a person to allocate it",
    State.AWAITING_MANUAL_POST: "waits for a person to post it",
    State.PAUSED: "paused",
    State.SCHEDULED: "due",
    State.SENDING: "on its way",
    State.ACCEPTED: "taken by the system; the outcome is still to come",
    State.RETRYING: "will be tried again",
    State.UNCERTAIN: "in doubt: it is looked for before anything is sent again",
    State.INVALID_CONFIG: "dead until the mapping is repaired",
    State.BLOCKED_PERIOD: "held by a closed period",
    State.REJECTED: "refused",
    State.DEAD_LETTERED: "dead",
    State.POSTED: "in the books",
    State.RECORDED_MANUALLY: "in the books, entered by hand",
    State.SKIPPED_DISABLED: "not posted",
    State.SKIPPED_ZERO: "not posted",
    State.VOIDED_BEFORE_POST: "withdrawn before it was posted",
    State.DISMISSED: "closed by a person without posting",
    State.APPLIED: "taken note of",
}

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

_POSTS_BY_ITSELF: Final = frozenset({_D.AUTO_INSTANT, _D.AUTO_DAILY, _D.AUTO_LATE})

SYSTEMS: Final = {Target.PMS.value: "the practice's system", Target.QUICKBOOKS.value: "QuickBooks"}


def reason_words(reason: str, target: str | None = None) -> str:
    """A decision's or a dead letter's reason; one of a newer release stays as it is."""
    if reason in DecisionReason.__members__:
        return DECISION_WORDS[DecisionReason(reason)]
    if reason in DeadLetterReason.__members__:
        return _fill(words_for(DeadLetterReason(reason)).why, target)
    if reason in ConnectionReason.__members__:
        return _fill(words_for(ConnectionReason(reason)).why, target)
    return reason


def state_words(state: str, reason: str, target: str | None = None) -> str:
    """State and reason in one clause."""
    head = STATE_WORDS[State(state)] if state in State.__members__ else state
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
    return STATE_WORDS[State(state)].removeprefix("waits for ")


def remedy_words(reason: str, target: str | None, code: str | None) -> str:
    """What to do about a dead letter."""
    if reason not in DeadLetterReason.__members__:
        return ""
    known = DeadLetterReason(reason)
    if target is not None:
        own = remedy_for_code(Cause(CauseKind.POSTING, Target(target), known), code)
        if own is not None:
            return own
    return _fill(words_for(known).remedy, target)


def answer_words(answer: str, external_ids: list[str], charges: int | None) -> str:
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


def _fill(text: str, target: str | None) -> str:
    return text.replace("{system}", SYSTEMS.get(target or "", "the target"))
