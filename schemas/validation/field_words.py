"""A sentence for each thing that can be wrong with a field: what it must be, and what to look for. Never a value (H-4).

Read after the field's name: "occurred_at: counts microseconds …". A test walks all checks and holds them against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.bookkeeping.money import MINOR_LIMIT
from schemas.identity_jwe import IDENTITY_WORDS
from schemas.topics import PAYOUT_ITEMS
from schemas.validation.limits import CODE_LENGTH, EARLIEST, ID_LENGTH, LATEST, MOST_PARTS, VERSION_LIMIT
from schemas.vocabulary import FieldFault as F

_YEARS: Final = f"the years {EARLIEST.year} to {LATEST.year - 1}"
_MICROSECONDS: Final = "must count microseconds since 1970-01-01T00:00:00Z"
_PRINTABLE: Final = "printable ASCII characters: no line breaks, no accents, no control characters"

FIELD_WORDS: Final[Mapping[F, str]] = MappingProxyType(
    {
        F.ID_EMPTY: f"is empty; an id has 1 to {ID_LENGTH} characters",
        F.ID_TOO_LONG: f"is too long; an id has at most {ID_LENGTH} characters",
        F.ID_CHARACTERS: f"holds a character that no id has; an id has only {_PRINTABLE}",
        F.COLON_IN_PRACTICE_ID: "holds a ':'; a practice's id has none",
        F.CODE_EMPTY: f"is empty; a code has 1 to {CODE_LENGTH} characters",
        F.CODE_TOO_LONG: f"is too long; a code has at most {CODE_LENGTH} characters",
        F.CODE_CHARACTERS: f"holds a character that no code has; a code has only {_PRINTABLE}",
        F.MAY_BE_CARD_NUMBER: "holds digits that may be a full card number; at most the last four may be sent",
        F.NOT_FOUR_DIGITS: "must be exactly the last four digits, 0 to 9, and nothing else",
        F.NOT_A_CURRENCY_CODE: "must be a currency's ISO 4217 code: three capital letters such as USD, no sign or name",
        F.UNKNOWN_VALUE: "has a value that this version of the contract does not know",
        F.OUR_OWN_SOURCE: "is the name that this system gives to what it causes itself; it must name the sender",
        F.ANOTHER_KEY: "is not the key that the record was sent under; the record's key must be the practice's id, "
        "for a patient's record the practice's id, ':' and the patient's reference",
        F.OTHER_CURRENCY: "is another currency than the one in the practice's settings; nothing is converted",
        F.INSTANT_IN_SECONDS: f"{_MICROSECONDS}; it seems to count seconds",
        F.INSTANT_IN_MILLISECONDS: f"{_MICROSECONDS}; it seems to count milliseconds",
        F.INSTANT_IN_NANOSECONDS: f"{_MICROSECONDS}; it seems to count nanoseconds",
        F.INSTANT_TOO_EARLY: f"{_MICROSECONDS}, and lie in {_YEARS}; this is earlier",
        F.INSTANT_TOO_LATE: f"{_MICROSECONDS}, and lie in {_YEARS}; this is later",
        F.INSTANT_WITHOUT_OFFSET: "is an instant without an offset; one looks like 2026-03-01T17:00:00Z",
        F.IN_THE_FUTURE: "lies more than five minutes after the record was received; the sender's clock, or its time "
        "zone, is wrong",
        F.DATE_OUT_OF_RANGE: f"must count days since 1970-01-01, and lie in {_YEARS}",
        F.TIME_OUT_OF_RANGE: "must count milliseconds since midnight, less than a day of them",
        F.PERIOD_ENDS_BEFORE_IT_BEGINS: "lies before period_start",
        F.AMOUNT_TOO_LARGE: f"is out of range; an amount is in whole minor units (cents), at most {MINOR_LIMIT}",
        F.BELOW_ZERO: "is below zero; money to the practice is not",
        F.ABOVE_ZERO: "is above zero; money from the practice is below zero",
        F.ZERO: "is zero, and something must have moved",
        F.VERSION_TOO_LOW: "is below 1; versions count from 1",
        F.CORRECTION_VERSION_TOO_LOW: "is below 2; the first report is version 1, and corrections count from 2",
        F.VERSION_TOO_HIGH: f"is above {VERSION_LIMIT}; versions count by one, they are no times and no ids",
        F.INSTALMENT_OUT_OF_RANGE: f"must be a count from 1 to {VERSION_LIMIT}",
        F.FEWER_THAN_THE_INSTALMENT: "is less than plan.instalment; it says how many instalments there are",
        F.TOO_MANY_PARTS: f"has too many parts; one event has at most {MOST_PARTS} of them",
        F.TOO_MANY_PAYOUT_ITEMS: f"has too many items; a payout has at most {PAYOUT_ITEMS}",
        F.NET_DISAGREES: "is not gross_minor - fee_minor",
        F.NET_WITHOUT_FEE: "is given without fee_minor, and cannot be known while that is not",
        F.FEES_WITHOUT_FEE: "are given without fee_minor, which is their sum",
        F.FEES_DISAGREE: "do not add up to fee_minor",
        F.SURCHARGE_ABOVE_GROSS: "is more than gross_minor, of which it is a part",
        F.PARTS_DISAGREE: "do not add up to gross_minor - surcharge_minor",
        F.CLAIMS_DISAGREE: "do not add up: the claims' payments less provider adjustments are not gross_minor",
        F.CLAIM_UNBALANCED: "is not charged_minor less the adjustments",
    }
    | {fault: f"is no identity as the contract has it: one {words}" for fault, words in IDENTITY_WORDS.items()}
)


def field_words(field: str | None, fault: str | None) -> str:
    """The field and what is wrong with it, in one sentence; '' where a record of an earlier release does not say. Pure.

    A fault of a newer release leaves the field alone.
    """
    if not field:
        return ""
    known = F.__members__.get(fault or "")
    return field if known is None else f"{field}: {FIELD_WORDS[known]}"
