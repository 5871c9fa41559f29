"""What an order of each kind says: sign, type, account, charges and what it takes back (M-4, N-8, R-1, I-1)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from deploy.connector.limits import Limits
from schemas.connector.records import Applied, EntryOrder, Kind
from schemas.events import PaymentKind, Tender
from schemas.plan import ClaimLineOrder, ClaimOrder, Instruction
from schemas.vocabulary import DeadLetterReason, EntryKind, State
from sinks.ledger.request_ids import marker, request_id
from sinks.targets.connector.capabilities import capabilities_of
from sinks.targets.connector.requests import compose
from sinks.targets.port import Composed, NotComposed, Placement, TargetEntry
from tests.contract.connector_case import DOCUMENT, mapping

KEY = request_id("p", "s", "e", "PMS", "payment", "", 1)


def an_entry(kind: EntryKind = EntryKind.PAYMENT, amount: int = 9680, **changed: Any) -> TargetEntry:
    order = {name: changed.pop(name) for name in list(changed) if name in Instruction.__struct_fields__}
    instruction = Instruction(
        entry_kind=kind,
        amount_minor=amount,
        ledger_date=date(2026, 11, 20),
        occurred_at=datetime(2026, 11, 20, 17, tzinfo=UTC),
        payment_ref="pay-1",
        **({"currency": "USD"} | order),
    )
    return TargetEntry(
        practice_id="p",
        connection_id="connector",
        effect_id=1,
        generation=1,
        request_id=KEY,
        marker=marker(KEY),
        earlier_markers=(),
        instruction=instruction,
        sent_at=None,
        **({"pms_patient_id": "17"} | changed),
    )


def order_of(entry: TargetEntry, **fields: Any) -> EntryOrder:
    found = compose(entry, mapping("office-1", DOCUMENT, **fields))
    assert isinstance(found, Composed), found
    return msgspec.json.decode(found.body, type=EntryOrder)


@pytest.mark.parametrize(
    ("kind", "ours", "part", "theirs"),
    [
        (EntryKind.PAYMENT, 9680, "", 9680),
        (EntryKind.FEE_ADJUSTMENT, 320, "", 320),
        (EntryKind.FEE_ADJUSTMENT, -50, "", -50),
        (EntryKind.INSURANCE_PAYMENT, 5000, "", 5000),
        (EntryKind.WRITE_OFF, 2000, "", 2000),
        (EntryKind.REFUND, -9680, "", -9680),
        (EntryKind.RETURN, -9680, "", -9680),
        (EntryKind.DISPUTE_HOLD, -9680, "", -9680),
        (EntryKind.DISPUTE_RELEASE, 9680, "", 9680),
        (EntryKind.REVERSAL, -9680, "payment/@1", -9680),
        (EntryKind.REVERSAL, -9680, "charge/@1", 9680),
        (EntryKind.CHARGE, 9680, "", -9680),
        (EntryKind.CHARGE_REVERSAL, -9680, "", 9680),
        (EntryKind.NOTE, 0, "", 0),
    ],
)
def test_one_sign_for_every_kind(kind: EntryKind, ours: int, part: str, theirs: int) -> None:
    """M-4: > 0 lowers what the patient owes. Ours has a charge > 0."""
    order = order_of(an_entry(kind, ours, part=part))
    assert (order.kind.value, order.amount.minor) == (kind.value, theirs)
    assert order.type_id == (None if kind is EntryKind.NOTE else f"T-{kind.value}")
    assert order.text.startswith(order.marker)


def test_a_type_by_tender_wins_over_its_kind() -> None:
    """N-8, SET-12."""
    by = {"payment_type_by_kind": {"TERMINAL": "K"}, "payment_type_by_tender": {"CHECK": "C"}}
    assert order_of(an_entry(payment_kind=PaymentKind.TERMINAL, tender=Tender.CARD), **by).type_id == "K"
    assert order_of(an_entry(payment_kind=PaymentKind.TERMINAL, tender=Tender.CHECK), **by).type_id == "C"


def test_a_type_that_is_missing_stops_its_entry_alone() -> None:
    """N-8."""
    found = compose(an_entry(EntryKind.REFUND, -1), mapping("office-1", DOCUMENT, types={"payment": "T"}))
    assert found == NotComposed(
        state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field="types.refund"
    )


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (an_entry(currency="CAD"), "currency"),
        (an_entry(amount=-1), "amount_minor"),
        (an_entry(amount=0), "amount_minor"),
        (an_entry(office_level=True), "office_level"),
        (an_entry(pms_patient_id=None), "pms_patient_id"),
        (an_entry(pms_patient_id="../1"), "pms_patient_id"),
        (an_entry(EntryKind.ALLOCATION), "entry_kind"),
    ],
)
def test_what_cannot_be_said_is_not_composed(entry: TargetEntry, field: str) -> None:
    found = compose(entry, mapping("office-1", DOCUMENT))
    assert isinstance(found, NotComposed)
    assert found.field == field


def test_before_the_connector_was_asked_nothing_is_written() -> None:
    unasked = mapping("office-1")
    assert capabilities_of(unasked).entry_kinds == frozenset()
    found = compose(an_entry(), unasked)
    assert isinstance(found, NotComposed)
    assert found.field == "document"


def test_a_payment_carries_its_charges_itself() -> None:
    """ALL-1, G2: at the guarantor's account; no second entry follows."""
    shares = (("C-1", 6000), ("C-2", 3680))
    placed = Placement(patient="17", posts_to="16", shares=shares)
    order = order_of(an_entry(placement=placed))
    assert order.applied_to == tuple(Applied(charge_id=ref, minor=minor) for ref, minor in shares)
    assert order.patient_id == "16"
    assert capabilities_of(mapping("office-1", DOCUMENT)).allocates_in_payment
    elsewhere = msgspec.structs.replace(placed, patient="18")
    assert order_of(an_entry(placement=elsewhere)).applied_to == ()


def test_what_is_taken_back_is_named() -> None:
    """R-1; a companion fee depends on its payment and takes nothing back."""
    assert order_of(an_entry(EntryKind.REFUND, -1, origin_id="entries/53")).takes_back == "53"
    assert order_of(an_entry(EntryKind.REFUND, -1, origin_id="payments/53")).takes_back is None
    assert order_of(an_entry(EntryKind.FEE_ADJUSTMENT, 1, origin_id="entries/53")).takes_back is None


def test_a_claim_goes_with_its_payment() -> None:
    """I-1, I-11."""
    line = ClaimLineOrder(procedure_ref="P-7", charged_minor=100, paid_minor=80, write_off_minor=20)
    claim = ClaimOrder(
        remittance_ref="rem 1/2",
        insurer_ref="i",
        claim_ref="53",
        status="1",
        charged_minor=100,
        paid_minor=80,
        write_off_minor=20,
        lines=(line,),
    )
    found = order_of(an_entry(EntryKind.INSURANCE_PAYMENT, 80, claim=claim)).claim
    assert found is not None
    assert (found.remittance, found.claim_id, found.lines[0].procedure_id) == ("rem 1/2", "53", "P-7")


def test_what_a_system_does_not_write_is_not_planned() -> None:
    """TIM-3: its capabilities are those of its document."""
    said = Limits(
        kinds=(Kind.PAYMENT, Kind.INSURANCE_PAYMENT), batches_only=True, allocates=False, knows_guarantor=False
    ).capabilities()
    words = capabilities_of(mapping("office-1", msgspec.to_builtins(said))).words()
    assert words == ["batches_only", "payment"]
