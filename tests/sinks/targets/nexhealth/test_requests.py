"""Requests over NexHealth as its pages give them: every amount, date and number, for each system (README sections 3, 5,
6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import PaymentKind, Tender
from schemas.vocabulary import DeadLetterReason, EntryKind, State
from sinks.targets.mapping_error import MappingError
from sinks.targets.nexhealth.capabilities import capabilities_of
from sinks.targets.nexhealth.mapping import ADJUSTMENT_ACTIONS, CREDIT, load_keys, load_mapping
from sinks.targets.nexhealth.practice_systems import SYSTEMS, SystemName
from sinks.targets.nexhealth.requests import compose
from sinks.targets.port import Composed, NotComposed, Placement, TargetEntry
from tests.sinks.targets.nexhealth import documented
from tests.sinks.targets.nexhealth.examples import DAY, MARKER, TYPES, a_mapping, an_entry

SCOPE = "subdomain=larkspur&location_id=7"
DEBIT_KINDS = {
    EntryKind.RETURN: "payment_return",
    EntryKind.DISPUTE_HOLD: "dispute",
    EntryKind.REVERSAL: "void",
}


def request(entry: TargetEntry, **mapping: Any) -> Composed:
    found = compose(entry, a_mapping(**mapping))
    assert isinstance(found, Composed), found
    return found


def form(entry: TargetEntry, **mapping: Any) -> documented.Payment | documented.Adjustment:
    found = request(entry, **mapping)
    return documented.read(found.path, found.body)


def body(entry: TargetEntry, **mapping: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(request(entry, **mapping).body)
    return decoded


def test_a_payment_has_the_documented_fields() -> None:
    """Negative dollars, our transaction with its prefix, noon UTC of the ledger's day, the mapped type and provider."""
    made = request(an_entry())
    assert (made.method, made.path, made.ledger_date) == ("POST", f"/payments?{SCOPE}", DAY)
    assert msgspec.json.decode(made.body) == {
        "payment": {
            "patient_id": 17,
            "amount": -96.8,
            "currency": "USD",
            "transaction_id": f"WRITEBACK:{MARKER}",
            "payment_type_id": 69,
            "paid_at": "2026-03-04T12:00:00Z",
            "notes": f"{MARKER} payment pay-1, charged 100.00, fee 3.20, visa 4242",
            "provider_splits": {"15": -96.8},
        }
    }
    assert b'"amount":-96.80,' in made.body


@given(
    minor=st.integers(1, 10**11),
    kind=st.sampled_from(
        [
            EntryKind.PAYMENT,
            EntryKind.FEE_ADJUSTMENT,
            EntryKind.REFUND,
            EntryKind.RETURN,
            EntryKind.DISPUTE_HOLD,
            EntryKind.DISPUTE_RELEASE,
            EntryKind.REVERSAL,
        ]
    ),
    credit=st.booleans(),
    system=st.sampled_from(list(SystemName)),
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
)
def test_every_amount_date_and_number_is_exact(
    minor: int, kind: EntryKind, credit: bool, system: SystemName, day: date
) -> None:
    """M-1, M-2, M-4, T-6: what is composed at all is as documented, with the ledger's sign, to the cent; splits sum to
    it; the day is the ledger's own, in UTC too."""
    amount = minor if credit else -minor
    entry = an_entry(entry_kind=kind, amount_minor=amount, ledger_date=day, beside={"part": "payment/@1"})
    made = compose(entry, a_mapping(system=system))
    if isinstance(made, NotComposed):
        assert made.reason is DeadLetterReason.OUR_REQUEST_MALFORMED
        return
    found = documented.read(made.path, made.body)
    assert found.amount == Decimal(-amount).scaleb(-2)
    assert documented.splits_sum(found) == found.amount
    at = found.paid_at if isinstance(found, documented.Payment) else found.adjusted_at
    assert at == f"{day.isoformat()}T12:00:00Z"
    assert (found.patient_id, found.transaction_id) == (17, f"WRITEBACK:{MARKER}")
    assert str(Decimal(-amount).scaleb(-2)).encode() in made.body


@pytest.mark.parametrize("system", list(SystemName))
def test_a_refund_takes_the_form_of_its_system(system: SystemName) -> None:
    """R-12, M-4: a positive payment where there is such a thing, else a debit adjustment of the refund type."""
    refund = an_entry(entry_kind=EntryKind.REFUND, amount_minor=-10_000)
    found = form(refund, system=system)
    assert found.amount == Decimal("100.00")
    if SYSTEMS[system].refunds_are_payments:
        assert isinstance(found, documented.Payment)
        assert found.payment_type_id == 70
    else:
        assert isinstance(found, documented.Adjustment)
        assert found.adjustment_type_id == TYPES["refund"]


def test_dentrix_refunds_are_adjustments_and_eaglesoft_refunds_are_payments() -> None:
    """The table itself: what each page says of its system."""
    assert {name.value: system.refunds_are_payments for name, system in SYSTEMS.items()} == {
        "dentrix": False,
        "dentrix_enterprise": False,
        "eaglesoft": True,
        "open_dental": True,
    }


@pytest.mark.parametrize("system", list(SystemName))
def test_a_refund_that_failed_comes_back_with_the_other_sign(system: SystemName) -> None:
    """R-9."""
    found = form(an_entry(entry_kind=EntryKind.REFUND, amount_minor=10_000), system=system)
    assert found.amount == Decimal("-100.00")
    if isinstance(found, documented.Adjustment):
        assert found.adjustment_type_id == TYPES["refund_failed"]
    else:
        assert found.payment_type_id == 70


@pytest.mark.parametrize(("kind", "field"), DEBIT_KINDS.items())
def test_a_debit_belongs_to_a_provider(kind: EntryKind, field: str) -> None:
    """N-8: the systems take no debit of nobody; without a provider nothing is sent."""
    entry = an_entry(entry_kind=kind, amount_minor=-9000, provider_ref="dr-b", beside={"part": "payment/@1"})
    found = form(entry, provider_by_ref={"dr-b": 16})
    assert isinstance(found, documented.Adjustment)
    assert (found.adjustment_type_id, found.provider_splits) == (TYPES[field], {"16": "90.00"})
    missing = compose(entry, a_mapping(provider_id=None))
    assert missing == NotComposed(
        state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field="provider_id"
    )


@pytest.mark.parametrize(
    ("kind", "amount", "part", "field"),
    [
        (EntryKind.FEE_ADJUSTMENT, 320, "", "fee_credit"),
        (EntryKind.FEE_ADJUSTMENT, -33, "", "fee_debit"),
        (EntryKind.DISPUTE_RELEASE, 40_000, "", "dispute_won"),
        (EntryKind.REVERSAL, -9680, "payment/@1", "void"),
        (EntryKind.REVERSAL, 9680, "refund/@1", "refund_failed"),
        (EntryKind.REVERSAL, -320, "fee_adjustment/@1", "fee_debit"),
    ],
)
def test_each_purpose_has_its_own_type(kind: EntryKind, amount: int, part: str, field: str) -> None:
    """N-8, R-15: and a type that is not mapped stops its entry by name, before anything is sent."""
    entry = an_entry(entry_kind=kind, amount_minor=amount, beside={"part": part})
    found = form(entry)
    assert isinstance(found, documented.Adjustment)
    assert found.adjustment_type_id == TYPES[field]
    assert (found.amount < 0) is (ADJUSTMENT_ACTIONS[field] == CREDIT)
    stopped = compose(entry, a_mapping(**{field: None}))
    assert stopped == NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field=field)


def placed(entry: TargetEntry, *shares: tuple[str, int], posts_to: str = "17") -> TargetEntry:
    return msgspec.structs.replace(entry, placement=Placement(patient="17", posts_to=posts_to, shares=shares))


def test_a_payment_names_its_charges_with_exact_amounts() -> None:
    """ALL-1, M-6: in the ledger's sign, as numbers; charges win over a provider."""
    found = form(placed(an_entry(), ("1101", 8000), ("1102", 1680)))
    assert isinstance(found, documented.Payment)
    assert found.charge_splits == {"1101": Decimal("-80.00"), "1102": Decimal("-16.80")}
    assert found.provider_splits == {}


def test_a_fee_lies_on_the_charge_of_its_payment() -> None:
    """N-7; the page's examples of adjustments give these amounts as text."""
    fee = an_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=320)
    found = form(placed(fee, ("1102", 320)))
    assert isinstance(found, documented.Adjustment)
    assert found.charge_splits == {"1102": "-3.20"}


def test_shares_that_are_not_the_entry_name_no_charge() -> None:
    """M-5: a sum that is none of the amount would be refused, or worse, taken."""
    assert form(placed(an_entry(), ("1101", 8000))).charge_splits == {}


def test_what_is_given_back_whole_lies_where_the_payment_lies() -> None:
    """R-13: a part of it lies on its provider, because nobody said which charge it belongs to."""
    paid = request(placed(an_entry(), ("1101", 8000), ("1102", 1680)))
    whole = an_entry(entry_kind=EntryKind.REVERSAL, amount_minor=-9680, beside={"part": "payment/@1", "origin": paid})
    assert form(whole).charge_splits == {"1101": "80.00", "1102": "16.80"}
    part = an_entry(entry_kind=EntryKind.REFUND, amount_minor=-5000, beside={"origin": paid})
    found = form(part)
    assert (found.charge_splits, found.provider_splits) == ({}, {"15": "50.00"})


def test_a_familys_payment_goes_to_the_guarantor() -> None:
    """G2."""
    assert form(placed(an_entry(), posts_to="18")).patient_id == 18


def test_types_by_tender_win_over_those_by_kind() -> None:
    chosen: dict[str, Any] = {
        "pay_type_by_kind": {PaymentKind.TERMINAL.value: 71},
        "pay_type_by_tender": {Tender.CARD.value: 72},
    }
    found = form(an_entry(), **chosen)
    assert isinstance(found, documented.Payment)
    assert found.payment_type_id == 72
    by_kind = form(an_entry(tender=None), **chosen)
    assert isinstance(by_kind, documented.Payment)
    assert by_kind.payment_type_id == 71


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"entry_kind": EntryKind.INSURANCE_PAYMENT}, "entry_kind"),
        ({"entry_kind": EntryKind.CHARGE}, "entry_kind"),
        ({"entry_kind": EntryKind.NOTE}, "entry_kind"),
        ({"entry_kind": EntryKind.ALLOCATION}, "entry_kind"),
        ({"office_level": True}, "office_level"),
        ({"plan_ref": "12", "plan_in_pms": True}, "plan_ref"),
        ({"amount_minor": -1}, "amount_minor"),
        ({"amount_minor": 0}, "amount_minor"),
    ],
)
def test_what_cannot_be_written_is_never_composed(changed: dict[str, Any], field: str) -> None:
    """I-11, PL-1, README section 7: it stops and says why; nothing is posted as something else."""
    found = compose(an_entry(**changed), a_mapping())
    assert isinstance(found, NotComposed)
    assert found.field == field


@pytest.mark.parametrize("patient", [None, "", "0", "x", "12345678901", "-1", "2147483648"])
def test_a_patient_that_is_none_of_the_services_is_never_sent(patient: str | None) -> None:
    found = compose(an_entry(patient), a_mapping())
    assert isinstance(found, NotComposed)
    assert found.reason is DeadLetterReason.PATIENT_NOT_FOUND


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"system": "curve"}, "system: one of dentrix, dentrix_enterprise, eaglesoft, open_dental"),
        ({"location_id": 0}, "location_id"),
        ({"subdomain": "a b"}, "subdomain"),
        ({"pay_typ": 1}, "pay_typ"),
    ],
)
def test_a_mapping_that_cannot_be_is_named_by_its_field(changed: dict[str, Any], said: str) -> None:
    """README section 6: a system on which the service says yes and reaches nobody cannot be mapped."""
    with pytest.raises(MappingError, match=said):
        a_mapping(**changed)


def test_a_key_is_never_quoted() -> None:
    with pytest.raises(MappingError) as raised:
        load_keys(b'{"api_key": "geheim geheim"}')
    assert "geheim" not in str(raised.value)
    assert "geheim" not in repr(load_keys(b'{"api_key": "geheim"}'))


def test_what_can_be_written_is_declared() -> None:
    """TIM-3, ALL-1: insurance, charges and notes are not; amounts stand in the payment itself."""
    able = capabilities_of(load_mapping({"system": "dentrix", "subdomain": "s", "location_id": 1, "pay_type": 1}))
    assert not able.allocation_follows
    assert able.answers_later
    assert {EntryKind.INSURANCE_PAYMENT, EntryKind.CHARGE, EntryKind.NOTE}.isdisjoint(able.entry_kinds)
