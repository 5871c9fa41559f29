"""Divides a payment into shares per patient, with their part of its identity (E-1, B-2, N-4)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.bookkeeping.companion import applied_total
from schemas.events import Member, MembershipPaid, MoneyFields, PaymentFacts, Split


class Share(msgspec.Struct, frozen=True):
    """One split or member. `applied_minor` counts toward the balance; shares add up to gross − surcharge."""

    part: str
    patient_ref: str | None
    applied_minor: int
    provider_ref: str | None = None
    procedure_ref: str | None = None


def of_payment(event: PaymentFacts) -> tuple[Share, ...]:
    """The splits in the event's order; a payment without splits is one share of its patient."""
    return _shares(event, event.splits)


def of_membership(event: MembershipPaid) -> tuple[Share, ...]:
    """One share per member (B-2)."""
    return _shares(event, event.members)


def _shares(event: MoneyFields, lines: Sequence[Split | Member]) -> tuple[Share, ...]:
    if not lines:
        return (Share("", event.patient_ref, applied_total(event.gross_minor, event.surcharge_minor)),)
    alone = len(lines) == 1
    return tuple(
        Share(
            "" if alone else str(position),
            line.patient_ref,
            line.amount_minor,
            line.provider_ref if isinstance(line, Split) else None,
            line.procedure_ref if isinstance(line, Split) else None,
        )
        for position, line in enumerate(lines)
    )
