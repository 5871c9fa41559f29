"""Composes insurance: a claim payment, and the write-off on the lines that it pays (I-6, I-11; README section 10).

The payment's request sets payment and write-off of each line at once, before its one POST (`claim_calls`); the
write-off's own entry proves that they stand, and sets again what does not. What the API has no safe call for goes to
the work list: a claim payment without a claim, one of 0, and whatever takes insurance money back (I-9). A supplemental
line takes an amount alone: no marker to find it by, no write-off, and nothing undoes it. Pure.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.events import PaymentKind
from schemas.plan import ClaimOrder
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State
from sinks.targets.entry_note import decimal, describe
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.mapping import OpenDentalMapping
from sinks.targets.open_dental.request_text import composed, not_composed
from sinks.targets.port import Composed, NotComposed, TargetEntry

CLAIM_KINDS: Final = frozenset({EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF})
"""What this route writes of insurance. A remittance's lines are part of both."""
PAYMENTS_PATH: Final = "/claimpayments"
LINES_PATH: Final = "/claimprocs"
_REVERSED: Final = "22"
"""CLP02 of a claim that takes an earlier payment back."""


class WantedLine(msgspec.Struct, frozen=True):
    """What one procedure of a claim is to show."""

    procedure: int | None
    """ProcNum; None: the only one of its claim."""
    paid_minor: int
    write_off_minor: int


def is_of_insurance(entry: TargetEntry) -> bool:
    """Whether an entry books an insurer's money, or gives it back."""
    order = entry.instruction
    return order.entry_kind in CLAIM_KINDS or order.payment_kind is PaymentKind.INSURANCE


def compose(entry: TargetEntry, mapping: OpenDentalMapping) -> Composed | NotComposed:
    """The request, or why a person enters it: never an adjustment on the patient's account (I-7)."""
    order, claim = entry.instruction, entry.instruction.claim
    field = _by_hand(entry)
    if claim is None or field is not None:
        return NotComposed(
            state=State.AWAITING_MANUAL_POST, reason=DecisionReason.NOT_BY_THIS_ROUTE, field=field or "claim"
        )
    pay_type = mapping.insurance_type_for(order.tender)
    if pay_type is None:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.MAPPING_MISSING, "insurance_pay_type")
    expected = claim.paid_minor if order.entry_kind is EntryKind.INSURANCE_PAYMENT else claim.write_off_minor
    if order.amount_minor != expected:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    number = claim_number(entry)
    if order.entry_kind is EntryKind.WRITE_OFF:
        lines = [{"ProcNum": line.procedure, "WriteOff": decimal(line.write_off_minor)} for line in wanted_lines(claim)]
        return composed("PUT", LINES_PATH, {"claimNum": number, "lines": lines}, order)
    fields: dict[str, Any] = {
        "claimNum": number,
        "CheckAmt": decimal(order.amount_minor),
        "CheckDate": order.ledger_date.isoformat(),
        "CheckNum": entry.marker,
        "Note": describe(entry, "insurance payment"),
        "PayType": pay_type,
    }
    if mapping.insurance_pay_group is not None:
        fields["PayGroup"] = mapping.insurance_pay_group
    if mapping.clinic_num is not None:
        fields["ClinicNum"] = mapping.clinic_num
    return composed("POST", PAYMENTS_PATH, fields, order)


def claim_number(entry: TargetEntry) -> int | None:
    """ClaimNum of the claim that an entry belongs to."""
    claim = entry.instruction.claim
    return None if claim is None else number_of(claim.claim_ref)


def wanted_lines(claim: ClaimOrder) -> tuple[WantedLine, ...]:
    """What each procedure is to show; a claim of one line gives that line all of it. A procedure reported in several
    lines has their sum."""
    if len(claim.lines) < 2:
        procedure = number_of(claim.lines[0].procedure_ref) if claim.lines else None
        return (WantedLine(procedure, claim.paid_minor, claim.write_off_minor),)
    found: dict[int | None, WantedLine] = {}
    for line in claim.lines:
        procedure = number_of(line.procedure_ref)
        before = found.get(procedure, WantedLine(procedure, 0, 0))
        found[procedure] = WantedLine(
            procedure, before.paid_minor + line.paid_minor, before.write_off_minor + line.write_off_minor
        )
    return tuple(found.values())


def _by_hand(entry: TargetEntry) -> str | None:
    """What of an insurance entry has no call here; None where it can be written."""
    claim = entry.instruction.claim
    if entry.instruction.entry_kind not in CLAIM_KINDS:
        return "entry_kind"
    if claim is None or claim_number(entry) is None:
        return "claim_ref"
    if claim.status == _REVERSED:
        return "status"
    wanted = wanted_lines(claim)
    if len(claim.lines) > 1 and any(line.procedure is None for line in wanted):
        return "procedure_ref"
    sums = (sum(line.paid_minor for line in wanted), sum(line.write_off_minor for line in wanted))
    if sums != (claim.paid_minor, claim.write_off_minor):
        return "lines"
    if claim.paid_minor <= 0 or any(line.paid_minor < 0 or line.write_off_minor < 0 for line in wanted):
        # A claim payment of 0, or below, is unproven.
        return "paid_minor"
    return None
