"""Computes payment and write-off of one claim, and whether a person must review it (I-1 to I-5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from schemas.bookkeeping.adjustment_codes import CodeStatus, reason_codes
from schemas.events import AdjustmentGroup, Claim, ClaimAdjustment, ClaimLine, Remittance
from schemas.plan import ClaimDoubt, ClaimLineOrder, ClaimOrder

REVERSED: Final = "22"
"""CLP02 of a claim that takes an earlier payment back (I-9)."""
_PREDETERMINED: Final = "25"
"""CLP02 of an estimate before treatment: prices without a payment, so that nothing of it may be booked."""
_OVER_SCHEDULE: Final = "CO-45"
"""It cannot be a whole charge (X12 on the code); a denial under this code would go unnoticed."""
_NEVER_WRITTEN_OFF: Final = "OA-23"
"""What an earlier insurer did: its own remittance wrote it off (I-3)."""


class WriteOffPolicy(msgspec.Struct, frozen=True):
    """What a practice writes off by itself on a day (`write_off_codes`, I-3)."""

    codes: frozenset[str]
    on: date

    def writes_off(self, adjustment: ClaimAdjustment) -> bool:
        """By its group and code. What the patient owes never is, nor what an earlier insurer reduced."""
        code = code_of(adjustment)
        return code in self.codes and adjustment.group is not AdjustmentGroup.PR and code != _NEVER_WRITTEN_OFF

    def doubts(self, adjustment: ClaimAdjustment, *, reversal: bool) -> bool:
        """Any other contractual reduction, and any code that no list knows (I-3, I-5). Nothing of 0 is doubted.

        A reversal names what its original named, stopped since or not (I-9).
        """
        if adjustment.amount_minor == 0 or self.writes_off(adjustment):
            return False
        status = reason_codes().status(adjustment.carc, self.on)
        in_use = status is CodeStatus.IN_USE or (reversal and status is CodeStatus.STOPPED)
        return adjustment.group is AdjustmentGroup.CO or not in_use


class SettledClaim(msgspec.Struct, frozen=True):
    """`order.paid_minor` is the claim payment, `order.write_off_minor` the credit beside it: both signed (I-9)."""

    patient_ref: str
    order: ClaimOrder
    named: bool
    """The claim is named, and what each of its procedures got, unless there is one (I-12)."""

    @property
    def doubtful(self) -> bool:
        """A person reviews it before anything of it is posted."""
        return bool(self.order.doubts)

    @property
    def takes_back(self) -> bool:
        return self.order.status == REVERSED or self.order.paid_minor < 0


def settle_claim(remittance: Remittance, claim: Claim, policy: WriteOffPolicy) -> SettledClaim:
    """One balanced claim. What is patient responsibility, other or payer-initiated stays in the record and is not
    posted (I-3)."""
    lines = claim.lines or ()
    orders = tuple(_line(line, policy) for line in lines)
    write_off = _written_off(claim.adjustments, policy) + sum(order.write_off_minor for order in orders)
    adjustments = [*claim.adjustments, *(each for line in lines for each in line.adjustments)]
    return SettledClaim(
        patient_ref=claim.patient_ref,
        order=ClaimOrder(
            remittance_ref=remittance.remittance_id,
            insurer_ref=remittance.insurer_ref,
            claim_ref=claim.claim_ref,
            status=claim.status,
            service_from=claim.service_from,
            charged_minor=claim.charged_minor,
            paid_minor=claim.paid_minor,
            write_off_minor=write_off,
            lines=orders,
            doubts=tuple(dict.fromkeys(_doubts(claim, adjustments, write_off, policy))),
            remarks=tuple(dict.fromkeys([*claim.remarks, *(remark for line in lines for remark in line.remarks)])),
        ),
        named=_is_named(claim, orders, write_off) or (claim.paid_minor == 0 and write_off == 0),
    )


def _doubts(
    claim: Claim, adjustments: Sequence[ClaimAdjustment], write_off: int, policy: WriteOffPolicy
) -> Iterator[str]:
    """Reasons for a review: codes, and contradictions within a claim (I-3, I-5, I-9)."""
    reversal = claim.status == REVERSED
    for each in adjustments:
        if policy.doubts(each, reversal=reversal):
            yield code_of(each)
    if reversal:
        if claim.paid_minor > 0 or write_off > 0:
            yield ClaimDoubt.REVERSAL_GIVES
        return
    if claim.status == _PREDETERMINED:
        yield ClaimDoubt.ESTIMATE
    if write_off > max(claim.charged_minor, 0):
        yield ClaimDoubt.ABOVE_CHARGE
    over_schedule = sum(each.amount_minor for each in adjustments if code_of(each) == _OVER_SCHEDULE)
    if over_schedule == claim.charged_minor > 0:
        yield ClaimDoubt.WHOLE_CHARGE


def code_of(adjustment: ClaimAdjustment) -> str:
    """As `write_off_codes` names it: CO-45."""
    return f"{adjustment.group}-{adjustment.carc}"


def _line(line: ClaimLine, policy: WriteOffPolicy) -> ClaimLineOrder:
    return ClaimLineOrder(
        procedure_ref=line.procedure_ref,
        charged_minor=line.charged_minor,
        paid_minor=line.paid_minor,
        write_off_minor=_written_off(line.adjustments, policy),
    )


def _written_off(adjustments: Iterable[ClaimAdjustment], policy: WriteOffPolicy) -> int:
    return sum(each.amount_minor for each in adjustments if policy.writes_off(each))


def _is_named(claim: Claim, orders: tuple[ClaimLineOrder, ...], write_off: int) -> bool:
    """Whether each procedure's part is reported: a claim's money goes to its procedures (I-11).

    Without lines one procedure cannot be distinguished from several; and what was paid or written off on a claim of
    several as a whole is for somebody to divide.
    """
    if claim.claim_ref is None or len(orders) < 2:
        return claim.claim_ref is not None and len(orders) == 1
    reported = (sum(order.paid_minor for order in orders), sum(order.write_off_minor for order in orders))
    return reported == (claim.paid_minor, write_off) and all(order.procedure_ref is not None for order in orders)
