"""Single checks of fields. Each raises Invalid, which names the field and never quotes its value (H-4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sized
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from schemas.bookkeeping.money import MINOR_LIMIT
from schemas.validation.field_words import FIELD_WORDS
from schemas.validation.limits import CODE_LENGTH, EARLIEST, ID_LENGTH, LATEST, MOST_PARTS, VERSION_LIMIT
from schemas.validation.time_units import instant_fault
from schemas.vocabulary import DeadLetterReason, FieldFault

PAN_DIGITS: Final = range(13, 20)
_DIGIT_RUNS: Final = re.compile(r"\d(?:(?:[\W_]{1,8}|[^\W\d_])?\d){12,}")
_PLAIN_RUN: Final = re.compile(r"[\d -]+")
_CARD_BEGINNING: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa: 13, 16, 19
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard: 16
    r"|3[47]\d{13}"  # American Express: 15
    r"|3(?:0[0-5]|095|6\d|[89]\d)\d{11,16}"  # Diners: 14 to 19
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB: 16 to 19
    r"|220[0-4]\d{12,15}"  # Mir: 16 to 19
    r"|6[0234567]\d{11,17}"  # Discover, UnionPay, Maestro: 13 to 19
    r"|5[0678]\d{11,17}"  # Maestro: 13 to 19
    r"|8[12]\d{14,17}"  # RuPay, UnionPay: 16 to 19
    r"|9792\d{12}"  # Troy: 16
    r"|1\d{14}"  # UATP: 15
)
"""Numbers that networks issue: without it one window in ten of any longer number, of a date with a time too, would be
taken for a card."""


_OF_IDS: Final = (FieldFault.ID_EMPTY, FieldFault.ID_TOO_LONG, ID_LENGTH, FieldFault.ID_CHARACTERS)
_OF_CODES: Final = (FieldFault.CODE_EMPTY, FieldFault.CODE_TOO_LONG, CODE_LENGTH, FieldFault.CODE_CHARACTERS)


class Invalid(ValueError):  # noqa: N818 - says what it is
    """An event that decodes but breaks the contract: a closed reason, the field, and what is wrong with it, by name
    (`fault`) and in a sentence (`problem`). A text alone is for what no record can hold, such as a line of a file."""

    def __init__(self, reason: DeadLetterReason, field: str, problem: FieldFault | str) -> None:
        self.reason = reason
        self.field = field
        self.fault = problem if isinstance(problem, FieldFault) else None
        self.problem = problem if self.fault is None else FIELD_WORDS[self.fault]
        super().__init__(f"{reason}: {field}: {self.problem}")


def invalid_field(field: str, fault: FieldFault) -> Invalid:
    return Invalid(DeadLetterReason.INVALID_FIELD, field, fault)


def check_id(field: str, value: str) -> None:
    """1 to 255 printable ASCII characters (README section 2), so neither NUL nor surrogates (law 9)."""
    if not (0 < len(value) <= ID_LENGTH and value.isascii() and value.isprintable()):
        raise invalid_field(field, _text_fault(value, _OF_IDS))


def id_or_none(value: str | None) -> str | None:
    """The text where it is an id; for what names a bad record, and may be anything."""
    try:
        check_id("id", value or "")
    except Invalid:
        return None
    return value


def check_practice_id(field: str, value: str) -> None:
    """An id without ':', which parts it from what follows in keys."""
    check_id(field, value)
    if ":" in value:
        raise invalid_field(field, FieldFault.COLON_IN_PRACTICE_ID)


def check_optional_id(field: str, value: str | None) -> None:
    if value is not None:
        check_id(field, value)


def check_code(field: str, value: str) -> None:
    """A code (a reason, a kind of fee, a brand): as an id, shorter, and no card number may hide in it (C-1)."""
    if not (0 < len(value) <= CODE_LENGTH and value.isascii() and value.isprintable()):
        raise invalid_field(field, _text_fault(value, _OF_CODES))
    if len(value) >= PAN_DIGITS.start and holds_card_number(value):
        raise Invalid(DeadLetterReason.CARD_NUMBER, field, FieldFault.MAY_BE_CARD_NUMBER)


def check_count(field: str, parts: Sized) -> None:
    if len(parts) > MOST_PARTS:
        raise Invalid(DeadLetterReason.TOO_MANY_ITEMS, field, FieldFault.TOO_MANY_PARTS)


def check_amount(field: str, value: int) -> None:
    if not -MINOR_LIMIT <= value <= MINOR_LIMIT:
        raise invalid_field(field, FieldFault.AMOUNT_TOO_LARGE)


def check_not_negative(field: str, value: int) -> None:
    check_amount(field, value)
    if value < 0:
        raise Invalid(DeadLetterReason.NEGATIVE_AMOUNT, field, FieldFault.BELOW_ZERO)


def check_not_positive(field: str, value: int) -> None:
    check_amount(field, value)
    if value > 0:
        raise invalid_field(field, FieldFault.ABOVE_ZERO)


def check_below_zero(field: str, value: int) -> None:
    check_not_positive(field, value)
    if value == 0:
        raise invalid_field(field, FieldFault.ZERO)


def check_above_zero(field: str, value: int) -> None:
    check_not_negative(field, value)
    if value == 0:
        raise invalid_field(field, FieldFault.ZERO)


def check_version(field: str, value: int) -> None:
    if value < 1:
        raise invalid_field(field, FieldFault.VERSION_TOO_LOW)
    if value > VERSION_LIMIT:
        raise invalid_field(field, FieldFault.VERSION_TOO_HIGH)


def check_correction_version(field: str, value: int) -> None:
    """The first report is version 1 (E-11)."""
    if value < 2:
        raise invalid_field(field, FieldFault.CORRECTION_VERSION_TOO_LOW)
    check_version(field, value)


def check_instalment(field: str, value: int) -> None:
    if not 1 <= value <= VERSION_LIMIT:
        raise invalid_field(field, FieldFault.INSTALMENT_OUT_OF_RANGE)


def check_instant(field: str, value: datetime) -> None:
    if value.tzinfo is None:
        raise invalid_field(field, FieldFault.INSTANT_WITHOUT_OFFSET)
    if not EARLIEST <= value < LATEST:
        raise invalid_field(field, instant_fault(value))


def check_date(field: str, value: date) -> None:
    if not EARLIEST.year <= value.year < LATEST.year:
        raise invalid_field(field, FieldFault.DATE_OUT_OF_RANGE)


def check_known(field: str, value: StrEnum) -> None:
    """A symbol that this version of the contract does not know is refused by name (README section 5)."""
    if value == "UNKNOWN":
        raise Invalid(DeadLetterReason.UNKNOWN_ENUM, field, FieldFault.UNKNOWN_VALUE)


def check_last4(field: str, value: str) -> None:
    """Four digits, never more of a card or account number (C-3, C-4)."""
    if len(value) != 4 or not (value.isascii() and value.isdecimal()):
        raise invalid_field(field, FieldFault.NOT_FOUR_DIGITS)


def check_currency(field: str, value: str) -> None:
    if len(value) != 3 or not (value.isascii() and value.isalpha() and value.isupper()):
        raise invalid_field(field, FieldFault.NOT_A_CURRENCY_CODE)


def check_net(gross: int, fee: int, net: int) -> None:
    """net = gross − fee, always (M-3)."""
    check_amount("fee_minor", fee)
    if net != gross - fee:
        raise Invalid(DeadLetterReason.AMOUNTS_DISAGREE, "net_minor", FieldFault.NET_DISAGREES)


def check_sum(reason: DeadLetterReason, field: str, amounts: Iterable[int], total: int, fault: FieldFault) -> None:
    if sum(amounts) != total:
        raise Invalid(reason, field, fault)


def _text_fault(value: str, faults: tuple[FieldFault, FieldFault, int, FieldFault]) -> FieldFault:
    empty, too_long, limit, characters = faults
    if not value:
        return empty
    return too_long if len(value) > limit else characters


def holds_card_number(text: str) -> bool:
    """Whether a full card number may stand in a text, however it is written (C-1).

    That is a run of 13 to 19 digits that passes Luhn, with blanks and dashes between them; and any window of as many
    digits that has the beginning and length of a card and passes Luhn, whatever digits stand beside it and whatever
    parts them: up to eight characters that are no letters, or one letter. Digits of any script count.
    """
    return any(_may_be_card(run) for run in _DIGIT_RUNS.findall(text))


def _may_be_card(run: str) -> bool:
    digits = "".join(str(int(each)) for each in run if each.isdecimal())
    if _PLAIN_RUN.fullmatch(run) and len(digits) in PAN_DIGITS and _luhn(digits):
        return True
    windows = (digits[at : at + length] for length in PAN_DIGITS for at in range(len(digits) - length + 1))
    return any(_CARD_BEGINNING.fullmatch(window) is not None and _luhn(window) for window in windows)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
