"""The lines of a claim as the office has them, and whether they may bear what is wanted (I-6, I-11). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.claims import WantedLine
from sinks.targets.open_dental.find_entries import PAGE, minor_of

RECEIVED: Final = "Received"
NOT_RECEIVED: Final = "NotReceived"
_OPEN: Final = frozenset({NOT_RECEIVED, RECEIVED})
"""Statuses of a line that a payment can be set on. Others are estimates, or money beside the claim's own."""


class ClaimFault(StrEnum):
    """Why a claim at the office cannot be paid as asked: the refusal's code. Nothing was posted."""

    LINE_MISSING = "CLAIM_LINE_MISSING"
    """A procedure that was paid has no line there, or several; or the claim has a line that nobody reported."""
    OTHER_PATIENT = "CLAIM_OF_OTHER_PATIENT"
    PAID = "CLAIM_LINE_PAID"
    """A line belongs to a claim payment already."""
    ENTERED = "CLAIM_LINE_ENTERED"
    """Somebody entered other amounts on a line: they are not overwritten."""
    SUM_DIFFERS = "CLAIM_SUM_DIFFERS"
    """What the claim's unpaid lines add up to is not the payment."""
    NOT_RECEIVED = "CLAIM_LINE_NOT_RECEIVED"
    """The line of a write-off bears no payment any more."""
    WRITE_OFF_DIFFERS = "CLAIM_WRITE_OFF_DIFFERS"
    """A write-off was set and does not stand."""


class OfficeLine(msgspec.Struct, frozen=True):
    """A procedure of a claim at the office."""

    number: int
    procedure: int | None
    patient: int | None
    status: str
    paid_minor: int
    write_off_minor: int
    claim_payment: int | None
    """The claim payment that it belongs to."""

    def shows(self, wanted: WantedLine) -> bool:
        """Whether payment and write-off are as wanted."""
        amounts = (self.paid_minor, self.write_off_minor)
        return self.status == RECEIVED and amounts == (wanted.paid_minor, wanted.write_off_minor)


Pair = tuple[WantedLine, OfficeLine]


def lines_url(claim: int, offset: int) -> str:
    """A page of a claim's lines. A filter may be ignored, so rows are compared again."""
    return f"/claimprocs?ClaimNum={claim}&Limit={PAGE}&Offset={offset}"


def office_lines(rows: Iterable[Mapping[str, Any]], claim: int) -> tuple[OfficeLine, ...] | None:
    """The lines of this claim; None where one cannot be read."""
    found = []
    for row in rows:
        if str(row.get("ClaimNum")) != str(claim):
            continue
        number, paid, written_off = _key(row, "ClaimProcNum"), minor_of(row, "InsPayAmt"), minor_of(row, "WriteOff")
        if number is None or paid is None or written_off is None:
            return None
        found.append(
            OfficeLine(
                number=number,
                procedure=_key(row, "ProcNum"),
                patient=_key(row, "PatNum"),
                status=str(row.get("Status") or ""),
                paid_minor=paid,
                write_off_minor=_unset_is_zero(written_off),
                claim_payment=_key(row, "ClaimPaymentNum"),
            )
        )
    return tuple(found)


def pair_lines(wanted: Sequence[WantedLine], lines: Sequence[OfficeLine]) -> tuple[Pair, ...] | ClaimFault:
    """Each wanted line with the office's own. One line that names no procedure goes to the only one of its claim; of
    several nobody guesses (I-12)."""
    usable = [line for line in lines if line.procedure is not None and line.status in _OPEN]
    found: list[Pair] = []
    for each in wanted:
        fitting = [line for line in usable if each.procedure is None or line.procedure == each.procedure]
        if len(fitting) != 1:
            return ClaimFault.LINE_MISSING
        found.append((each, fitting[0]))
    return tuple(found)


def refused_lines(pairs: Sequence[Pair], lines: Sequence[OfficeLine], patient: int | None) -> ClaimFault | None:
    """What speaks against setting these lines and paying them; None: nothing. Lines as wanted already are what an
    earlier attempt set."""
    chosen = {line.number for _, line in pairs}
    if any(line.patient != patient for _, line in pairs):
        return ClaimFault.OTHER_PATIENT
    if any(line.claim_payment is not None for _, line in pairs):
        return ClaimFault.PAID
    for wanted, line in pairs:
        # Before a line is received its write-off is the office's estimate.
        if (line.status == RECEIVED or line.paid_minor) and not line.shows(wanted):
            return ClaimFault.ENTERED
    if any(line.status == NOT_RECEIVED and line.number not in chosen for line in lines):
        return ClaimFault.LINE_MISSING
    others = sum(line.paid_minor for line in lines if line.number not in chosen and line.claim_payment is None)
    return ClaimFault.SUM_DIFFERS if others else None


def unpaid_sum(lines: Iterable[OfficeLine]) -> int:
    """What the vendor compares a claim payment with: the payments on lines that belong to none yet."""
    return sum(line.paid_minor for line in lines if line.claim_payment is None)


def _key(row: Mapping[str, Any], field: str) -> int | None:
    return number_of(str(row.get(field)))


def _unset_is_zero(minor: int) -> int:
    """-1 means "none" in the vendor's amounts."""
    return 0 if minor == -100 else minor
