"""Closed lists of reasons: of dead letters, decisions, notices and closed connections.

Anyone may route on these; nobody may put free text in their place (H-3, H-4).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DeadLetterReason(StrEnum):
    """Why a record or an effect is a dead letter (`dl-reason`)."""

    # stage decode
    NOT_WIRE_FORMAT = "NOT_WIRE_FORMAT"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    WRONG_TOPIC = "WRONG_TOPIC"
    UNDECODABLE = "UNDECODABLE"
    TOO_LARGE = "TOO_LARGE"
    # stage rules
    INVALID_FIELD = "INVALID_FIELD"
    UNKNOWN_ENUM = "UNKNOWN_ENUM"
    KEY_MISMATCH = "KEY_MISMATCH"
    NEGATIVE_AMOUNT = "NEGATIVE_AMOUNT"
    AMOUNTS_DISAGREE = "AMOUNTS_DISAGREE"
    SPLITS_DISAGREE = "SPLITS_DISAGREE"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    TOO_MANY_ITEMS = "TOO_MANY_ITEMS"
    OCCURRED_IN_FUTURE = "OCCURRED_IN_FUTURE"
    CARD_NUMBER = "CARD_NUMBER"
    UNBALANCED = "UNBALANCED"
    """A remittance or one of its claims does not add up (I-1, I-2, I-10)."""
    # stage intake
    CONFLICT = "CONFLICT"
    REFUSED_BY_LEDGER = "REFUSED_BY_LEDGER"
    MORE_THAN_ORIGINAL = "MORE_THAN_ORIGINAL"
    """What was given back would exceed what was paid (R-2)."""
    # stage post and readback
    MAPPING_MISSING = "MAPPING_MISSING"
    MAPPING_INVALID = "MAPPING_INVALID"
    ACCOUNT_INACTIVE = "ACCOUNT_INACTIVE"
    PATIENT_NOT_FOUND = "PATIENT_NOT_FOUND"
    PERIOD_CLOSED = "PERIOD_CLOSED"
    REFUSED_BY_TARGET = "REFUSED_BY_TARGET"
    OUR_REQUEST_MALFORMED = "OUR_REQUEST_MALFORMED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    FOUND_TWICE = "FOUND_TWICE"
    TOTAL_DIFFERS = "TOTAL_DIFFERS"
    BANK_NOT_MAPPED = "BANK_NOT_MAPPED"
    """P-24: the mapping names bank accounts, and not the one that a payout reached."""
    ITEMS_UNKNOWN = "ITEMS_UNKNOWN"
    """P-25: nobody can say what a payout is made of, and there is no clearing account that it could come from."""
    RETRIES_SPENT = "RETRIES_SPENT"
    DUPLICATE_AT_TARGET = "DUPLICATE_AT_TARGET"


class DecisionReason(StrEnum):
    """Why a planned effect (or an event) has the state that the rules gave it."""

    AUTO_INSTANT = "AUTO_INSTANT"
    AUTO_DAILY = "AUTO_DAILY"
    AUTO_LATE = "AUTO_LATE"
    """Its cut-off had passed on arrival: due at once, marked late (T-11)."""
    MANUAL_BY_SETTING = "MANUAL_BY_SETTING"
    MANUAL_NET_NOT_POSITIVE = "MANUAL_NET_NOT_POSITIVE"
    """N-9: a positive payment whose fee eats it."""
    TYPE_OFF = "TYPE_OFF"
    MASTER_OFF = "MASTER_OFF"
    OFFBOARDED = "OFFBOARDED"
    ZERO_AMOUNT = "ZERO_AMOUNT"
    COMPANION_OFF = "COMPANION_OFF"
    NO_CONNECTION = "NO_CONNECTION"
    NO_SETTINGS = "NO_SETTINGS"
    SETTINGS_SUPERSEDED = "SETTINGS_SUPERSEDED"
    FEE_UNKNOWN = "FEE_UNKNOWN"
    PATIENT_NOT_LINKED = "PATIENT_NOT_LINKED"
    SUMS_DISAGREE = "SUMS_DISAGREE"
    """P-1: a payout whose items do not add up is shown, never written."""
    COMES_LATER = "COMES_LATER"
    """Only in ledgers of earlier releases: stored then, before it could be booked."""
    BOOKED_ELSEWHERE = "BOOKED_ELSEWHERE"
    NO_MONEY = "NO_MONEY"
    AUTO_ON_CLEAR = "AUTO_ON_CLEAR"
    """It waits until its money is in the practice's bank (T-13)."""
    FUNDS_CLEARED = "FUNDS_CLEARED"
    ORIGINAL_UNKNOWN = "ORIGINAL_UNKNOWN"
    """R-8: it parks until the payment it speaks of comes."""
    FOLLOWS_ORIGINAL = "FOLLOWS_ORIGINAL"
    """R-6, R-14: a reversal takes mode, target, splits and fate of its original."""
    ORIGINAL_NOT_POSTED = "ORIGINAL_NOT_POSTED"
    """R-14: the original was skipped or recorded by hand, so a person decides; and so of an original that comes after
    a person ended what takes it back."""
    VOIDED = "VOIDED"
    CORRECTED = "CORRECTED"
    """E-11, P-8: a later version stands in its place."""
    REFUNDED_BEFORE_POST = "REFUNDED_BEFORE_POST"
    """R-7: the practice books one net entry."""
    MORE_THAN_ORIGINAL = "MORE_THAN_ORIGINAL"
    """R-2: cumulated, more would go back than was paid."""
    NAMES_OTHER_PATIENT = "NAMES_OTHER_PATIENT"
    """R-21: a refund names a patient whom its payment did not."""
    TOO_MANY_EVENTS = "TOO_MANY_EVENTS"
    """Law 9: so much was reported about one payment that what comes after it is a person's."""
    CODE_NOT_ALLOWED = "CODE_NOT_ALLOWED"
    """I-3, I-5, I-9: an adjustment that no rule can book: not on the practice's list or on no published one; or a claim
    that says something against itself. The order's `doubts` say which."""
    CLAIM_NOT_NAMED = "CLAIM_NOT_NAMED"
    """I-12: an insurance payment without its claim, or without the lines of a claim with several procedures."""
    ALLOCATE_BY_HAND = "ALLOCATE_BY_HAND"
    NOTES_OFF = "NOTES_OFF"
    NOT_BY_THIS_ROUTE = "NOT_BY_THIS_ROUTE"
    """The practice's connection cannot write this entry, or none of its kind: a person does it."""
    BACKFILLED = "BACKFILLED"
    """E-9 d: posted on purpose, after its type was off when it happened."""
    PATIENT_UNTOUCHED = "PATIENT_UNTOUCHED"
    """R-10: a dispute stands at office level, by setting."""
    OF_NO_CLAIM = "OF_NO_CLAIM"
    """I-2: what an insurer kept or added for no claim stands at office level."""
    CONNECTION_REPLACED = "CONNECTION_REPLACED"
    """R-6, E-9 c: it belongs to books whose connection is switched off or not the practice's any more."""
    LEDGER_CLOSED = "LEDGER_CLOSED"
    """T-9: its ledger date is closed, and the practice enters such entries by hand."""
    OTHER_CURRENCY = "OTHER_CURRENCY"
    """M-8, found when a stored event is decided again: it waits for a person instead of becoming a dead letter."""
    ORIGINAL_GONE = "ORIGINAL_GONE"
    """R-20: what it takes back is not at the target any more."""
    ORIGINAL_CHANGED = "ORIGINAL_CHANGED"
    """R-20: what it takes back was changed by hand: another amount, sign, date or patient."""
    NOT_READABLE = "NOT_READABLE"
    """What has to be read at the target before it is posted could not be read for a day (law 22)."""
    PROBABLY_TYPED_IN = "PROBABLY_TYPED_IN"
    """POST-7: staff seem to have entered the same payment themselves: same patient, day and amount."""
    PATIENT_RECORD_CHANGED = "PATIENT_RECORD_CHANGED"
    """L-7: the linked record has another name and another birth date now: it may be somebody else's."""
    IN_TWO_PAYOUTS = "IN_TWO_PAYOUTS"
    """P-23: an item of the payout is in an earlier one that stands, and would be booked twice."""
    BEFORE_START = "BEFORE_START"
    """A payout from before the day from which the practice's payouts are written: it was booked by hand."""
    UNDONE = "UNDONE"
    """P-7, P-8: a person took the payout's document back, and a person alone has it written again."""


class AttentionReason(StrEnum):
    """What staff should know although nothing is dead (R-8, R-10, R-11, N-5, NOT-4)."""

    ORIGINAL_MISSING = "ORIGINAL_MISSING"
    """R-8: a refund or the like whose payment has not come for a day."""
    FEE_MISSING = "FEE_MISSING"
    """N-5: three days without the fee that a net amount needs."""
    MORE_THAN_ORIGINAL = "MORE_THAN_ORIGINAL"
    """R-2."""
    NAMES_OTHER_PATIENT = "NAMES_OTHER_PATIENT"
    """R-21."""
    ORIGINAL_NOT_POSTED = "ORIGINAL_NOT_POSTED"
    """R-14: a payment whose refund a person had entered or closed by hand before it came."""
    TOO_MANY_EVENTS = "TOO_MANY_EVENTS"
    """Law 9."""
    SUMS_DISAGREE = "SUMS_DISAGREE"
    """P-1: a payout that is not written."""
    DISPUTE_OPENED = "DISPUTE_OPENED"
    DISPUTE_WON = "DISPUTE_WON"
    DISPUTE_LOST = "DISPUTE_LOST"
    DISPUTE_WITHDRAWN = "DISPUTE_WITHDRAWN"
    CONNECTION_REPLACED = "CONNECTION_REPLACED"
    """Entries wait behind a connection that the practice does not use any more."""
    ORIGINAL_GONE = "ORIGINAL_GONE"
    """R-20: people deleted what a refund or a return takes back."""
    ORIGINAL_CHANGED = "ORIGINAL_CHANGED"
    """R-20: people changed it."""
    NOT_READABLE = "NOT_READABLE"
    """Law 22: a balance, or an entry to be taken back, that nobody could read for a day."""
    MOVED_AFTER_VOID = "MOVED_AFTER_VOID"
    """R-7, R-17: a payment was voided before its money moved once more, as was reported and counted earlier."""
    PROBABLY_TYPED_IN = "PROBABLY_TYPED_IN"
    """POST-7: a payment that staff seem to have entered themselves is held."""
    PATIENT_RECORD_CHANGED = "PATIENT_RECORD_CHANGED"
    """L-7: an entry is held because its patient's record may be somebody else's now."""
    CHANGED_AT_TARGET = "CHANGED_AT_TARGET"
    """An entry of ours was deleted or changed by people at the practice's own system."""
    PAYMENT_RETURNED = "PAYMENT_RETURNED"
    PAYOUT_FAILED = "PAYOUT_FAILED"
    ROLE_STOPPED = "ROLE_STOPPED"
    """A part of the program refuses to go on: only an operator can see to it."""
    LEDGER_SET_BACK = "LEDGER_SET_BACK"
    """Law 4: the database was set back, or another server has its place; for the operator, once per era."""
    PRACTICE_UNKNOWN = "PRACTICE_UNKNOWN"
    """Events name a practice that nobody has added (law 10)."""
    IN_TWO_PAYOUTS = "IN_TWO_PAYOUTS"
    """P-23: this and the next five are `DifferenceKind`s."""
    FEE_DIFFERS = "FEE_DIFFERS"
    GROSS_DIFFERS = "GROSS_DIFFERS"
    REFUND_UNKNOWN = "REFUND_UNKNOWN"
    CHARGE_UNKNOWN = "CHARGE_UNKNOWN"
    MISSING_FROM_PAYOUT = "MISSING_FROM_PAYOUT"
    ONE_BANK_ACCOUNT = "ONE_BANK_ACCOUNT"
    """P-24: payouts name bank accounts, and the mapping none."""
    FEE_FOR_THE_BATCH = "FEE_FOR_THE_BATCH"
    """N-6: one fee for many payments; net amounts are gross amounts."""
    TARGET_DEGRADED = "TARGET_DEGRADED"
    """Law 27: this and the next three are the `HealthState`s of a target that are news while they last."""
    TARGET_FAILING = "TARGET_FAILING"
    TARGET_OFFLINE = "TARGET_OFFLINE"
    TARGET_NEEDS_RECONNECT = "TARGET_NEEDS_RECONNECT"
    NO_PAYMENTS_REPORTED = "NO_PAYMENTS_REPORTED"
    """Law 27: a practice of which nothing is reported for longer than is usual there, in its office hours."""
    NO_PAYOUTS_REPORTED = "NO_PAYOUTS_REPORTED"
    UPSTREAM_SILENT = "UPSTREAM_SILENT"
    """Law 27: so many practices are silent that not they but who reports of them has stopped; for the operator."""


class ConnectionReason(StrEnum):
    """Why a gate is closed; changes no effect and burns no attempt (law 22)."""

    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    THROTTLED = "THROTTLED"
    UNREACHABLE = "UNREACHABLE"
    TARGET_DOWN = "TARGET_DOWN"
    SUBSCRIPTION_ENDED = "SUBSCRIPTION_ENDED"
    WRONG_COMPANY = "WRONG_COMPANY"


UNSETTLED: Final = frozenset(
    {DeadLetterReason.OUTCOME_UNKNOWN, DeadLetterReason.FOUND_TWICE, DeadLetterReason.TOTAL_DIFFERS}
)
"""Of a DEAD_LETTERED effect: nobody knows whether, how often or how it stands at its target."""

FOUND_AT_TARGET: Final = frozenset(
    {
        DecisionReason.ORIGINAL_GONE,
        DecisionReason.ORIGINAL_CHANGED,
        DecisionReason.NOT_READABLE,
        DecisionReason.PROBABLY_TYPED_IN,
        DecisionReason.PATIENT_RECORD_CHANGED,
    }
)
"""Why a read before the mark keeps an entry back for a person."""

REPORTED_REVIEWS: Final = FOUND_AT_TARGET | {
    DecisionReason.MORE_THAN_ORIGINAL,
    DecisionReason.NAMES_OTHER_PATIENT,
    DecisionReason.ORIGINAL_NOT_POSTED,
    DecisionReason.SUMS_DISAGREE,
    DecisionReason.TOO_MANY_EVENTS,
}
"""Of an event or an entry under review: staff are notified at once, as something is wrong with it; others wait for the
digest."""
