"""Decides on whose account an entry goes, and on which procedures (R-13, G2, ALL-1). Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.events import PaymentKind
from schemas.vocabulary import LAID_ON_CHARGES, EntryKind
from sinks.targets.port import TargetEntry

_DIGITS: Final = 19
"""Of the largest key."""
PAYMENT_PREFIX: Final = "payments/"
"""`external_id` of a payment that this route wrote."""
CHARGE_PREFIX: Final = "procedurelogs/"
"""`external_id` of a charge that this route wrote."""


ADJUSTMENT_PREFIX: Final = "adjustments/"
"""`external_id` of an adjustment that this route wrote."""


class _SentBefore(msgspec.Struct, frozen=True):
    """What of a payment's or an adjustment's request says where it lies."""

    procNums: tuple[int, ...] = ()  # noqa: N815 - the vendor's name
    ProcNum: int | None = None


def number_of(text: str | None) -> int | None:
    """A key of Open Dental's; None for anything else."""
    given = text or ""
    if not (given.isascii() and given.isdecimal() and len(given) <= _DIGITS):
        return None
    return int(given) if 0 < int(given) < 2**63 else None


def patient_number(entry: TargetEntry) -> int | None:
    """The linked patient's PatNum; None for an id that is none of Open Dental's."""
    return number_of(entry.pms_patient_id)


def reads_for(entry: TargetEntry) -> bool:
    """Whether what was read before posting was read for the patient who is linked now."""
    return entry.placement is not None and entry.placement.patient == entry.pms_patient_id


def receiver_of(entry: TargetEntry) -> int | None:
    """Whose account takes the entry: the guarantor where the practice books families so (G2), else the patient. An
    adjustment on a procedure stands with the procedure's own patient, as the vendor asks."""
    if entry.placement is None or not reads_for(entry):
        return patient_number(entry)
    if entry.instruction.entry_kind in _ON_PROCEDURES and procedures_of(entry):
        return patient_number(entry)
    return number_of(entry.placement.posts_to)


def procedures_of(entry: TargetEntry) -> tuple[int, ...]:
    """The procedures that an entry belongs to: the split's own one, the charges it was allocated to, or the charge
    that it takes back (B-1). Numbers that are none of Open Dental's are left out."""
    order = entry.instruction
    named = number_of(order.procedure_ref)
    if named is not None:
        return (named,)
    if entry.placement is not None and entry.placement.shares and reads_for(entry):
        found = (number_of(charge) for charge, _ in entry.placement.shares)
        return tuple(number for number in found if number is not None)
    made = number_of((entry.origin_id or "").removeprefix(CHARGE_PREFIX)) if _from_charge(entry) else None
    if made is not None:
        return (made,)
    of_membership = order.entry_kind in LAID_ON_CHARGES and order.payment_kind is PaymentKind.MEMBERSHIP
    return _procedures_of_origin(entry) if of_membership else ()


def _procedures_of_origin(entry: TargetEntry) -> tuple[int, ...]:
    """The charge of a membership that the entry before this one was laid on, as that was sent (B-1): its payment, whose
    fee this is, or the debit that went before its payment (N-10)."""
    if entry.origin is None or not (entry.origin_id or "").startswith((PAYMENT_PREFIX, ADJUSTMENT_PREFIX)):
        return ()
    try:
        sent = msgspec.json.decode(entry.origin.body, type=_SentBefore)
    except msgspec.MsgspecError:
        return ()
    return tuple(sent.procNums) or (() if sent.ProcNum is None else (sent.ProcNum,))


def _from_charge(entry: TargetEntry) -> bool:
    return (entry.origin_id or "").startswith(CHARGE_PREFIX)


_ON_PROCEDURES: Final = frozenset(EntryKind) - {
    EntryKind.PAYMENT,
    EntryKind.CHARGE,
    EntryKind.NOTE,
    EntryKind.ALLOCATION,
}
