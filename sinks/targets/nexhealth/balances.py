"""Reads just before posting: open charges and who answers for the account (ALL-1, G2; README section 6).

The service has no balance of a charge. What is open on it is its fee and whatever payments and adjustments of the
patient's ledger name it, all in the ledger's sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from schemas.plan import Instruction
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.targets.foreign_values import parsed_day
from sinks.targets.nexhealth.client import Row
from sinks.targets.nexhealth.find_entries import ADJUSTMENTS, PAYMENTS, minor_of
from sinks.targets.nexhealth.request_text import id_of
from sinks.targets.port import Charge

READ: Final = ("/charges", PAYMENTS.path, ADJUSTMENTS.path)
"""The lists that make up a patient's ledger."""


def wants_charges(order: Instruction) -> bool:
    return order.entry_kind is EntryKind.PAYMENT and order.allocation is Allocation.ALLOCATE


def wants_guarantor(order: Instruction) -> bool:
    return order.family is FamilyBooking.GUARANTOR


def open_charges(
    charges: Iterable[Row], payments: Iterable[Row], adjustments: Iterable[Row], patient: int, location: int
) -> tuple[Charge, ...] | None:
    """The patient's open charges at this location, oldest first, then by number. None where a row cannot be read: a
    charge that is passed over would let money go to a later one."""
    on_charge: dict[str, int] = defaultdict(int)
    for ledger, rows in ((PAYMENTS, payments), (ADJUSTMENTS, adjustments)):
        for row in rows:
            if row.get("deleted_at") is not None or row.get("charge_id") is None:
                continue
            minor = minor_of(row.get(ledger.amount))
            if minor is None:
                return None
            on_charge[str(row["charge_id"])] += minor
    found: dict[str, Charge] = {}
    for row in charges:
        if str(row.get("patient_id")) != str(patient) or row.get("deleted_at") is not None:
            continue
        if row.get("location_id") is not None and str(row.get("location_id")) != str(location):
            continue
        ref, fee, on = str(row.get("id")), minor_of(row.get("fee")), parsed_day(row.get("charged_at"))
        if id_of(ref) is None or fee is None or on is None:
            return None
        if fee + on_charge[ref] > 0:
            found[ref] = Charge(ref=ref, due_minor=fee + on_charge[ref], on=on)
    return tuple(sorted(found.values(), key=lambda charge: (charge.on, int(charge.ref))))


def guarantor_of(record: Row, patient: int) -> str | None:
    """Who answers for the patient's account: 0, nobody and the patient's own number all mean the patient. None where
    the record is not the patient's."""
    if str(record.get("id")) != str(patient):
        return None
    number = record.get("guarantor_id")
    if number in (None, 0, "0", ""):
        return str(patient)
    return str(number) if id_of(str(number)) is not None else None
