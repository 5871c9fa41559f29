"""Finds the parts that a refund means when it names patients itself (R-13)."""

from __future__ import annotations

from collections.abc import Sequence

from processors.rules.lifecycle.booking_terms import Share
from processors.rules.lifecycle.payment_state import Reported
from schemas.events import Split
from schemas.vocabulary import OWN_CASH


class TooMuchError(Exception):
    """More is to go back than a part holds. Never leaves this package."""


def by_name(shares: Sequence[Share], left: Sequence[int], splits: Sequence[Split]) -> tuple[int, ...]:
    """How much of each part goes, ≥ 0. TooMuchError where the named parts hold less, or no part is named so.

    A split takes from the parts of its patient, and of its provider and procedure where it names them, the last part
    first (R-13: partial refunds in reverse order).
    """
    taken = [0] * len(shares)
    for split in splits:
        wanted = -split.amount_minor
        for position in reversed(range(len(shares))):
            if means(split, shares[position]):
                going = min(wanted, max(left[position] - taken[position], 0))
                taken[position] += going
                wanted -= going
        if wanted:
            raise TooMuchError
    return tuple(taken)


def names_other_patient(splits: Sequence[Split], reported: Reported) -> bool:
    """Whether a split names a patient whom the payment, as it is reported now, does not (R-21)."""
    known = {effect.instruction.patient_ref for effect in reported.plan if effect.entry_kind in OWN_CASH}
    return any(split.patient_ref not in known for split in splits)


def means(split: Split, share: Share) -> bool:
    """Whether a split of a refund is about this part."""
    return (
        split.patient_ref == share.patient_ref
        and split.provider_ref in (None, share.provider_ref)
        and split.procedure_ref in (None, share.procedure_ref)
    )
