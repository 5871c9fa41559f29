"""Closed lists of reasons. Anyone may route on these; nobody may put free text in their place (H-3, H-4)."""

from __future__ import annotations

from enum import StrEnum


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
    # stage intake
    CONFLICT = "CONFLICT"
    REFUSED_BY_LEDGER = "REFUSED_BY_LEDGER"
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
    """Validated and stored; the capability to book it is not in this release."""
    BOOKED_ELSEWHERE = "BOOKED_ELSEWHERE"
    NO_MONEY = "NO_MONEY"
    OTHER_CURRENCY = "OTHER_CURRENCY"
    """M-8, found when a stored event is decided again: it waits for a person instead of becoming a dead letter."""


class ConnectionReason(StrEnum):
    """Why a gate is closed; changes no effect and burns no attempt (law 22)."""

    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    THROTTLED = "THROTTLED"
    UNREACHABLE = "UNREACHABLE"
    TARGET_DOWN = "TARGET_DOWN"
    SUBSCRIPTION_ENDED = "SUBSCRIPTION_ENDED"
    WRONG_COMPANY = "WRONG_COMPANY"
