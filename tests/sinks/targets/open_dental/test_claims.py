"""Insurance at Open Dental without a server: requests, what goes to people, and the lines of a claim (I-6 to I-12)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.events import PaymentKind, Tender
from schemas.plan import ClaimLineOrder, ClaimOrder
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State
from sinks.targets.open_dental import claim_lines, connection_test
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.claim_lines import ClaimFault, OfficeLine, office_lines, pair_lines, refused_lines
from sinks.targets.open_dental.claims import CLAIM_KINDS, WantedLine, wanted_lines
from sinks.targets.open_dental.requests import compose
from sinks.targets.port import Composed, NotComposed, TargetEntry
from tests.sinks.targets.open_dental.test_requests import MARKER, a_mapping, an_entry

MAPPED = {"insurance_pay_type": 32}
BY_HAND = (State.AWAITING_MANUAL_POST, DecisionReason.NOT_BY_THIS_ROUTE)


def a_line(procedure: str | None, paid: int, written_off: int = 0) -> ClaimLineOrder:
    return ClaimLineOrder(procedure_ref=procedure, charged_minor=20_000, paid_minor=paid, write_off_minor=written_off)


def a_claim(*lines: ClaimLineOrder, **changed: Any) -> ClaimOrder:
    values: dict[str, Any] = {
        "remittance_ref": "era-1",
        "insurer_ref": "ins-1",
        "claim_ref": "53",
        "status": "1",
        "charged_minor": 20_000,
        "paid_minor": 12_000,
        "write_off_minor": 5000,
        "lines": lines or (a_line("14", 9000, 3000), a_line("15", 3000, 2000)),
    }
    return ClaimOrder(**(values | changed))


def of_claim(kind: EntryKind, claim: ClaimOrder | None, amount: int | None = None, **changed: Any) -> TargetEntry:
    figures = {EntryKind.INSURANCE_PAYMENT: 0 if claim is None else claim.paid_minor}
    expected = figures.get(kind, 0 if claim is None else claim.write_off_minor)
    values = {"payment_kind": PaymentKind.INSURANCE, "gross_minor": None, "fee_minor": None, "card_brand": None}
    return an_entry(
        entry_kind=kind, amount_minor=expected if amount is None else amount, claim=claim, **(values | changed)
    )


def body_of(entry: TargetEntry, **mapping: Any) -> dict[str, Any]:
    found = compose(entry, a_mapping(**(MAPPED | mapping)))
    assert isinstance(found, Composed), found
    decoded: dict[str, Any] = msgspec.json.decode(found.body)
    return decoded


def test_a_claim_payment_has_the_documented_fields() -> None:
    """README section 10, I-7: gross, no fee; the marker in both texts."""
    entry = of_claim(EntryKind.INSURANCE_PAYMENT, a_claim(), tender=Tender.VIRTUAL_CARD)
    assert body_of(entry, insurance_pay_type_by_tender={"VIRTUAL_CARD": 33}, insurance_pay_group=40, clinic_num=3) == {
        "claimNum": 53,
        "CheckAmt": "120.00",
        "CheckDate": "2026-03-04",
        "CheckNum": MARKER,
        "Note": f"{MARKER} insurance payment pay-1",
        "PayType": 33,
        "PayGroup": 40,
        "ClinicNum": 3,
    }
    assert body_of(entry)["PayType"] == 32
    assert "PayGroup" not in body_of(entry)


def test_a_write_off_states_the_amounts_of_its_lines() -> None:
    assert body_of(of_claim(EntryKind.WRITE_OFF, a_claim())) == {
        "claimNum": 53,
        "lines": [{"ProcNum": 14, "WriteOff": "30.00"}, {"ProcNum": 15, "WriteOff": "20.00"}],
    }


@pytest.mark.parametrize(
    ("claim", "field"),
    [
        (None, "claim_ref"),
        (a_claim(claim_ref=None), "claim_ref"),
        (a_claim(claim_ref="CLM-1"), "claim_ref"),
        (a_claim(status="22", paid_minor=-12_000, write_off_minor=-5000, lines=()), "status"),
        (a_claim(a_line("14", -12_000, -5000), paid_minor=-12_000, write_off_minor=-5000), "paid_minor"),
        (a_claim(a_line("14", 13_000, 5000), a_line("15", -1000)), "paid_minor"),
        (a_claim(a_line("14", 0, 5000), paid_minor=0), "paid_minor"),
        (a_claim(a_line("14", 9000, 3000), a_line(None, 3000, 2000)), "procedure_ref"),
        (a_claim(a_line("14", 9000), a_line("15", 3000)), "lines"),
    ],
)
@pytest.mark.parametrize("kind", sorted(CLAIM_KINDS))
def test_what_has_no_call_goes_to_people_whole(claim: ClaimOrder | None, field: str, kind: EntryKind) -> None:
    """I-6, I-9, I-12: take-backs, claim payments of 0, and what nobody could lay on procedures."""
    found = compose(of_claim(kind, claim), a_mapping(**MAPPED))
    assert isinstance(found, NotComposed)
    assert (found.state, found.reason) == BY_HAND
    assert found.field == field


@pytest.mark.parametrize(
    "kind", [EntryKind.REFUND, EntryKind.RETURN, EntryKind.DISPUTE_HOLD, EntryKind.DISPUTE_RELEASE, EntryKind.REVERSAL]
)
def test_insurance_money_that_goes_back_is_never_an_adjustment_of_the_patients(kind: EntryKind) -> None:
    """I-7, I-9: an adjustment would have the patient owe what the insurer took back."""
    entry = of_claim(kind, a_claim(), -12_000)
    found = compose(msgspec.structs.replace(entry, part="insurance_payment/@1"), a_mapping(**MAPPED))
    assert isinstance(found, NotComposed)
    assert (found.state, found.reason, found.field) == (*BY_HAND, "entry_kind")


def test_without_an_insurance_payment_type_claims_are_entered_by_hand() -> None:
    """ET-3, N-8."""
    assert capabilities_of(a_mapping()).entry_kinds.isdisjoint(CLAIM_KINDS)
    assert capabilities_of(a_mapping(**MAPPED)).entry_kinds > CLAIM_KINDS
    found = compose(of_claim(EntryKind.INSURANCE_PAYMENT, a_claim()), a_mapping())
    assert found == NotComposed(
        state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field="insurance_pay_type"
    )
    unused = a_mapping(insurance_pay_type_by_tender={"CHECK": 33}, insurance_pay_group=40)
    checks = connection_test.unused_insurance(unused)
    assert [(field, passed) for field, passed, _ in checks] == [
        ("insurance_pay_type_by_tender.CHECK", False),
        ("insurance_pay_group", False),
    ]
    assert connection_test.unused_insurance(a_mapping(**MAPPED, insurance_pay_group=40)) == []


def test_an_amount_that_is_not_its_claims_is_not_sent() -> None:
    found = compose(of_claim(EntryKind.INSURANCE_PAYMENT, a_claim(), 11_999), a_mapping(**MAPPED))
    assert isinstance(found, NotComposed)
    assert (found.state, found.field) == (State.INVALID_CONFIG, "amount_minor")


def test_a_claims_money_goes_to_its_procedures() -> None:
    """I-11: several lines of one procedure are one; a single line takes what was adjusted on the claim as well."""
    twice = a_claim(a_line("14", 9000, 3000), a_line("15", 1000, 2000), a_line("15", 2000))
    assert wanted_lines(twice) == (WantedLine(14, 9000, 3000), WantedLine(15, 3000, 2000))
    assert wanted_lines(a_claim(a_line("14", 12_000, 0))) == (WantedLine(14, 12_000, 5000),)
    assert wanted_lines(a_claim(a_line(None, 12_000, 0))) == (WantedLine(None, 12_000, 5000),)


# --- the lines at the office

ROW = {
    "ClaimProcNum": 501, "ProcNum": 14, "ClaimNum": 53, "PatNum": 17, "Status": "NotReceived", "InsPayAmt": 0.0,
    "WriteOff": -1.0, "ClaimPaymentNum": 0,
}  # fmt: skip


def office_line(**changed: Any) -> OfficeLine:
    found = office_lines([ROW | changed], 53)
    assert found is not None
    return found[0]


def test_an_offices_lines_are_read_exactly_or_not_at_all() -> None:
    """Law 29: rows of other claims are left out, whatever the filter did; -1 means none."""
    assert office_lines([ROW, ROW | {"ClaimNum": 54, "InsPayAmt": "?"}], 53) == (
        OfficeLine(501, 14, 17, "NotReceived", 0, 0, None),
    )
    assert office_line(InsPayAmt="90.00", WriteOff=30, ClaimPaymentNum="1822").claim_payment == 1822
    for broken in ({"InsPayAmt": "1E+999990"}, {"WriteOff": None}, {"ClaimProcNum": "x"}):
        assert office_lines([ROW | broken], 53) is None


def test_lines_are_paired_by_procedure_and_never_guessed() -> None:
    """I-12."""
    first, second = office_line(), office_line(ClaimProcNum=502, ProcNum=15)
    wanted = (WantedLine(15, 3000, 2000), WantedLine(14, 9000, 3000))
    assert pair_lines(wanted, (first, second)) == ((wanted[0], second), (wanted[1], first))
    alone = (WantedLine(None, 12_000, 5000),)
    assert pair_lines(alone, (first,)) == ((alone[0], first),)
    assert pair_lines(alone, (first, second)) is ClaimFault.LINE_MISSING
    assert pair_lines(wanted, (first,)) is ClaimFault.LINE_MISSING
    assert pair_lines(alone, (office_line(Status="Preauth"),)) is ClaimFault.LINE_MISSING
    assert pair_lines(alone, (office_line(ProcNum=0),)) is ClaimFault.LINE_MISSING


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"WriteOff": 44.0}, None),
        ({"Status": "Received", "InsPayAmt": 120.0, "WriteOff": 50.0}, None),
        ({"Status": "Received", "InsPayAmt": 120.0, "WriteOff": 49.0}, ClaimFault.ENTERED),
        ({"Status": "Received"}, ClaimFault.ENTERED),
        ({"InsPayAmt": 1.0}, ClaimFault.ENTERED),
        ({"ClaimPaymentNum": 7, "Status": "Received", "InsPayAmt": 120.0, "WriteOff": 50.0}, ClaimFault.PAID),
        ({"PatNum": 18}, ClaimFault.OTHER_PATIENT),
    ],
)
def test_what_stands_on_a_line_is_respected(changed: dict[str, Any], fault: ClaimFault | None) -> None:
    """I-6: before it is received a line's write-off is an estimate; what an earlier attempt set is no obstacle."""
    line = office_line(**changed)
    assert refused_lines([(WantedLine(14, 12_000, 5000), line)], [line], 17) is fault


def test_what_stands_beside_the_lines_is_counted() -> None:
    line = office_line()
    pairs = [(WantedLine(14, 12_000, 5000), line)]
    beside = office_line(ClaimProcNum=503, ProcNum=0, Status="Supplemental", InsPayAmt=1.0)
    assert refused_lines(pairs, [line, beside], 17) is ClaimFault.SUM_DIFFERS
    assert claim_lines.unpaid_sum([line, beside]) == 100
    paid = office_line(ClaimProcNum=503, ProcNum=0, Status="Supplemental", InsPayAmt=1.0, ClaimPaymentNum=9)
    assert refused_lines(pairs, [line, paid], 17) is None
    unreported = office_line(ClaimProcNum=504, ProcNum=16)
    assert refused_lines(pairs, [line, unreported], 17) is ClaimFault.LINE_MISSING
