"""Reads just before posting: open charges and who answers for the account (ALL-1, G2; README sections 5, 8).

Open charges come from the service date view, one read for everything that lowers them: payments, adjustments,
insurance and write-offs. Its rows are those of the vendor's page on AccountModules: `Type` "Proc" is a procedure, with
`PrimaryKey` as its ProcNum and `AcctBal` as the patient's portion that remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from schemas.plan import Instruction
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.targets.foreign_values import parsed_day
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.find_entries import PAGE, minor_of
from sinks.targets.port import Charge


def wants_charges(order: Instruction) -> bool:
    """Of a payment that is laid on charges, and of the debit that goes out before one (N-10)."""
    debit = order.entry_kind is EntryKind.FEE_ADJUSTMENT and order.amount_minor < 0
    return (debit or order.entry_kind is EntryKind.PAYMENT) and order.allocation is Allocation.ALLOCATE


def wants_guarantor(order: Instruction) -> bool:
    return order.family is FamilyBooking.GUARANTOR


def charges_url(patient: int, offset: int) -> str:
    query = {"isFamily": "false", "Limit": PAGE, "Offset": offset}
    return f"/accountmodules/{patient}/ServiceDateView?{urlencode(query)}"


def open_charges(rows: Iterable[Mapping[str, Any]], patient: int) -> tuple[Charge, ...] | None:
    """The patient's open charges, oldest first, then by number. None where a row cannot be read: a charge that is
    passed over would let money go to a later one."""
    found: dict[str, Charge] = {}
    for row in rows:
        if row.get("Type") != "Proc" or str(row.get("PatNum")) != str(patient):
            continue
        ref, due = str(row.get("PrimaryKey", "")), minor_of(row, "AcctBal")
        on = parsed_day(row.get("ServiceDate"))
        if number_of(ref) is None or due is None or on is None:
            return None
        if due > 0:
            found[ref] = Charge(ref=ref, due_minor=due, on=on)
    return tuple(sorted(found.values(), key=lambda charge: (charge.on, int(charge.ref))))


def guarantor_of(row: Mapping[str, Any], patient: int) -> str | None:
    """PatNum of whoever answers for the patient's account; None where the office does not say."""
    number = number_of(str(row.get("Guarantor")))
    return None if number is None or str(row.get("PatNum")) != str(patient) else str(number)
