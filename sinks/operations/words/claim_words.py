"""What a claim is held for, and what its insurer remarked, in plain words (I-3, I-5, I-9). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from schemas.bookkeeping.adjustment_codes import CodeList, CodeStatus, reason_codes, remark_codes
from schemas.plan import ClaimDoubt

_WORDS: Final = {
    ClaimDoubt.REVERSAL_GIVES: "it takes a payment back and still pays or writes off (status 22)",
    ClaimDoubt.ESTIMATE: "it is an estimate before treatment (status 25)",
    ClaimDoubt.WHOLE_CHARGE: "CO-45 takes the whole charge, which may be a denial",
    ClaimDoubt.ABOVE_CHARGE: "more would be written off than was charged",
}


def doubt_words(doubts: Iterable[str], on: date) -> tuple[str, ...]:
    """Each adjustment with what the published list said of its code on the day of the remittance."""
    return tuple(_doubt(doubt, on) for doubt in doubts)


def remark_words(remarks: Iterable[str], on: date) -> tuple[str, ...]:
    """Each remark code; one that the list does not have may be younger than the list, and is shown as it came."""
    return tuple(f"{code}{_standing(remark_codes(), code, on)}" for code in remarks)


def _doubt(doubt: str, on: date) -> str:
    if doubt in _WORDS:
        return _WORDS[ClaimDoubt(doubt)]
    _, _, code = doubt.partition("-")
    known = reason_codes().status(code, on) is not CodeStatus.UNKNOWN
    return f"{doubt}{_standing(reason_codes(), code, on) if known else ' (on no list that we have)'}"


def _standing(codes: CodeList, code: str, on: date) -> str:
    standing = codes.status(code, on)
    if standing is CodeStatus.STOPPED:
        return f" (stopped {codes.stopped(code)})"
    return " (no code of this list)" if standing is CodeStatus.MALFORMED else ""
