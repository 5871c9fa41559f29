"""The status model (features 2.4): one set of names for ledger, results, metrics, notices and console."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """State of an effect, i.e. of one entry at one target; an event shows the worst of its effects."""

    AWAITING_SETTINGS = "AWAITING_SETTINGS"
    AWAITING_FEE = "AWAITING_FEE"
    AWAITING_ORIGINAL = "AWAITING_ORIGINAL"
    AWAITING_REVIEW = "AWAITING_REVIEW"
    AWAITING_CLEARANCE = "AWAITING_CLEARANCE"
    AWAITING_LINK = "AWAITING_LINK"
    AWAITING_ALLOCATION = "AWAITING_ALLOCATION"
    AWAITING_MANUAL_POST = "AWAITING_MANUAL_POST"
    PAUSED = "PAUSED"
    SCHEDULED = "SCHEDULED"
    SENDING = "SENDING"
    ACCEPTED = "ACCEPTED"
    RETRYING = "RETRYING"
    UNCERTAIN = "UNCERTAIN"
    INVALID_CONFIG = "INVALID_CONFIG"
    BLOCKED_PERIOD = "BLOCKED_PERIOD"
    REJECTED = "REJECTED"
    DEAD_LETTERED = "DEAD_LETTERED"
    POSTED = "POSTED"
    RECORDED_MANUALLY = "RECORDED_MANUALLY"
    SKIPPED_DISABLED = "SKIPPED_DISABLED"
    SKIPPED_ZERO = "SKIPPED_ZERO"
    VOIDED_BEFORE_POST = "VOIDED_BEFORE_POST"
    DISMISSED = "DISMISSED"
    APPLIED = "APPLIED"
    """Only of an event: it posts nothing itself (clearance, fee, cancellation)."""


EVENT_WAITING = frozenset({State.AWAITING_SETTINGS, State.AWAITING_ORIGINAL, State.AWAITING_FEE, State.AWAITING_REVIEW})
"""What an unresolved event itself may carry (law 2)."""

WAITING = frozenset(
    {
        State.AWAITING_REVIEW,
        State.AWAITING_CLEARANCE,
        State.AWAITING_LINK,
        State.AWAITING_ALLOCATION,
        State.AWAITING_MANUAL_POST,
        State.PAUSED,
    }
)
"""Effects that wait for people or facts; they hold no lane (law 23)."""

UNMET_ORDER = (
    State.AWAITING_REVIEW,
    State.AWAITING_CLEARANCE,
    State.AWAITING_LINK,
    State.AWAITING_ALLOCATION,
    State.AWAITING_MANUAL_POST,
    State.PAUSED,
)
"""The first of these that is unmet is an effect's state (protocol section 3)."""

READY = frozenset({State.SCHEDULED, State.RETRYING})
IN_DOUBT = frozenset({State.SENDING, State.ACCEPTED, State.UNCERTAIN})
"""At most one of these per lane (unique index, law 23)."""

DEAD = frozenset({State.INVALID_CONFIG, State.BLOCKED_PERIOD, State.REJECTED, State.DEAD_LETTERED})
SKIPPED = frozenset({State.SKIPPED_DISABLED, State.SKIPPED_ZERO})
FINAL = frozenset(
    {State.POSTED, State.RECORDED_MANUALLY, State.VOIDED_BEFORE_POST, State.DISMISSED, State.APPLIED} | SKIPPED
)


class Target(StrEnum):
    PMS = "PMS"
    QUICKBOOKS = "QUICKBOOKS"


class EntryKind(StrEnum):
    """What an effect writes (events: entry kinds). `claim_status` and `attachment` are planned by no rule yet."""

    PAYMENT = "payment"
    FEE_ADJUSTMENT = "fee_adjustment"
    INSURANCE_PAYMENT = "insurance_payment"
    WRITE_OFF = "write_off"
    CHARGE = "charge"
    REFUND = "refund"
    RETURN = "return"
    DISPUTE_HOLD = "dispute_hold"
    DISPUTE_RELEASE = "dispute_release"
    REVERSAL = "reversal"
    CHARGE_REVERSAL = "charge_reversal"
    ALLOCATION = "allocation"
    CLAIM_LINE = "claim_line"
    CLAIM_STATUS = "claim_status"
    ATTACHMENT = "attachment"
    NOTE = "note"
    PAYOUT = "payout"
    PAYOUT_REVERSAL = "payout_reversal"
    PAYOUT_CORRECTION = "payout_correction"


class Verdict(StrEnum):
    """What a source record turned out to be; one receipt each (law 11)."""

    FIRST = "FIRST"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    OLD_VERSION = "OLD_VERSION"
    DEAD_LETTER = "DEAD_LETTER"


class Stage(StrEnum):
    """Where a record became a dead letter."""

    DECODE = "decode"
    RULES = "rules"
    INTAKE = "intake"
    POST = "post"
    READBACK = "readback"
