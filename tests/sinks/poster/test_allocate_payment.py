"""Allocating a payment to open charges (ALL-1 to ALL-4, M-6, N-7, B-1, I-11, law 18). Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bookkeeping.money import MoneyError, fifo
from schemas.events import PaymentKind
from schemas.plan import Instruction
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.poster.allocate_payment import Allocated, EffectPart, allocate, needs_balance_read, place
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.mapping import load_mapping
from sinks.targets.port import Charge, Placement, Prepared
from tests.sinks.poster.call_examples import planned_call

ORDER = Instruction(
    entry_kind=EntryKind.PAYMENT,
    amount_minor=0,
    currency="USD",
    ledger_date=date(2026, 3, 4),
    occurred_at=datetime(2026, 3, 4, 17, 0, tzinfo=UTC),
    patient_ref="pt-1",
    payment_kind=PaymentKind.TERMINAL,
    allocation=Allocation.ALLOCATE,
)
CAN = capabilities_of(load_mapping({"pay_type": 69}))


def an_effect(number: int, amount: int, kind: EntryKind = EntryKind.PAYMENT, part: str = "") -> EffectPart:
    order = msgspec.structs.replace(ORDER, entry_kind=kind, amount_minor=amount)
    return EffectPart(effect_id=number, part=part, amount_minor=amount, instruction=order)


def charges(*dues: int) -> tuple[Charge, ...]:
    first = date(2026, 1, 1)
    return tuple(Charge(ref=str(31 + n), due_minor=due, on=first + timedelta(days=n)) for n, due in enumerate(dues))


def divided(payment: int, companion: int | None, *dues: int, part: str = "", **others: Any) -> Allocated:
    other = None if companion is None else an_effect(2, companion, EntryKind.FEE_ADJUSTMENT, part)
    prepared = Prepared(posts_to="17", charges=charges(*dues))
    return allocate(an_effect(1, payment, part=part), other, prepared, patient="17", **others)


def rows(allocated: Allocated) -> list[tuple[str, str, int, dict[str, int]]]:
    """(kind, part, amount, shares) of every effect afterwards."""
    found = [(e.instruction.entry_kind.value, e.part, e.amount_minor, e.placement) for e in allocated.changed]
    found += [(p.entry_kind.value, p.part, p.amount_minor, p.placement) for p in allocated.added]
    return [(kind, part, amount, dict(placement.shares)) for kind, part, amount, placement in found if placement]


def test_m_6_the_oldest_charge_is_paid_first_and_the_rest_is_never_dropped() -> None:
    """M-6: 14000 over 8000, 5000, 3000."""
    assert fifo(14_000, [8000, 5000, 3000]) == ((8000, 5000, 1000), 0)
    assert fifo(20_000, [8000, 5000, 3000]) == ((8000, 5000, 3000), 4000)
    with pytest.raises(MoneyError):
        fifo(-1, [1])


def test_n_7_the_companion_follows_charge_by_charge() -> None:
    """N-7: 14000/420 over 8000, 5000, 3000."""
    assert rows(divided(13_580, 420, 8000, 5000, 3000)) == [
        ("payment", "", 13_580, {"31": 8000, "32": 5000, "33": 580}),
        ("fee_adjustment", "", 420, {"33": 420}),
        ("allocation", "", 0, {"31": 8000, "32": 5000, "33": 580}),
    ]


def test_n_7_a_companion_may_stand_on_several_charges() -> None:
    """N-7: 10000/320 over 9800 and 200."""
    allocated = divided(9680, 320, 9800, 200)
    assert rows(allocated) == [
        ("payment", "", 9680, {"31": 9680}),
        ("fee_adjustment", "", 120, {"31": 120}),
        ("allocation", "", 0, {"31": 9680}),
        ("fee_adjustment", "a1", 200, {"32": 200}),
    ]
    assert [part.depends_on for part in allocated.added] == [1, 1], "both wait for their payment"


def test_all_1_what_is_left_is_a_prepayment_of_its_own() -> None:
    """ALL-1, M-6: Open Dental takes only the exact sum on charges, so the rest is another payment."""
    assert rows(divided(9680, 320, 5000, part="1")) == [
        ("payment", "1", 5000, {"31": 5000}),
        ("fee_adjustment", "1", 320, {}),
        ("payment", "1a1", 4680, {}),
        ("allocation", "1", 0, {"31": 5000}),
    ]


def test_without_open_charges_everything_is_a_prepayment() -> None:
    assert rows(divided(9680, 320)) == [("payment", "", 9680, {}), ("fee_adjustment", "", 320, {})]
    assert rows(divided(9680, None)) == [("payment", "", 9680, {})]


def test_n_2_a_debit_companion_is_taken_from_where_too_much_was_paid() -> None:
    """N-2: 10300 with surcharge 300 and fee 267: payment 10033, companion −33, toward the balance 10000."""
    assert rows(divided(10_033, -33, 10_000)) == [
        ("payment", "", 10_000, {"31": 10_000}),
        ("fee_adjustment", "", -33, {}),
        ("payment", "a1", 33, {}),
        ("allocation", "", 0, {"31": 10_000}),
    ]
    assert rows(divided(10_033, -33, 20_000))[1] == ("fee_adjustment", "", -33, {"31": -33})


def debited(payment: int, debit: int, *dues: int) -> Allocated:
    """A payment that waits for its debit."""
    paid = msgspec.structs.replace(an_effect(2, payment), depends_on=1)
    prepared = Prepared(posts_to="17", charges=charges(*dues))
    return allocate(paid, an_effect(1, debit, EntryKind.FEE_ADJUSTMENT), prepared, patient="17")


def test_n_10_a_debit_that_goes_first_lies_on_the_charge_that_is_paid_last() -> None:
    """N-10: then payment 10033 finds 10033 open; without a charge the debit stands on its own."""
    assert rows(debited(10_033, -33, 4000, 6000)) == [
        ("payment", "", 10_033, {"31": 4000, "32": 6033}),
        ("fee_adjustment", "", -33, {"32": -33}),
        ("allocation", "", 0, {"31": 4000, "32": 6033}),
    ]
    assert rows(debited(10_033, -33, 20_000))[0] == ("payment", "", 10_033, {"31": 10_033})
    assert rows(debited(10_033, -33, 5000)) == [
        ("payment", "", 5033, {"31": 5033}),
        ("fee_adjustment", "", -33, {"31": -33}),
        ("payment", "a1", 5000, {}),
        ("allocation", "", 0, {"31": 5033}),
    ]
    assert rows(debited(10_033, -33)) == [("payment", "", 10_033, {}), ("fee_adjustment", "", -33, {})]


@given(st.integers(1, 50_000), st.integers(1, 900), st.lists(st.integers(1, 20_000), max_size=4))
def test_n_10_nothing_is_lost_and_no_charge_is_overpaid(applied: int, debit: int, dues: list[int]) -> None:
    """N-10, M-6: with its debit on it, every charge takes what is laid there, and all of the payment is somewhere."""
    found = rows(debited(applied + debit, -debit, *dues))
    assert sum(amount for kind, _, amount, _ in found if kind == "payment") == applied + debit
    paid = {ref: amount for kind, _, _, on in found if kind == "payment" for ref, amount in on.items()}
    added = {ref: amount for kind, _, _, on in found if kind == "fee_adjustment" for ref, amount in on.items()}
    for number, due in enumerate(dues):
        ref = str(31 + number)
        assert paid.get(ref, 0) <= due - added.get(ref, 0)
    assert (sum(added.values()) == -debit) == bool(dues)


def test_a_target_that_spreads_by_itself_gets_no_amounts() -> None:
    """ALL-3: an office before 25.1.11."""
    kinds = [kind for kind, *_ in rows(divided(13_580, 420, 8000, 5000, 3000, exactly=False))]
    assert kinds == ["payment", "fee_adjustment"]


def test_own_charges_and_payments_on_their_way_are_left_out() -> None:
    """B-1: a membership's charge has its own payment. What is still to be sent counts as paid."""
    allocated = divided(3000, None, 8000, 5000, 3000, own_charges={"31"}, on_their_way={"32": 4500})
    assert rows(allocated)[0] == ("payment", "", 3000, {"32": 500, "33": 2500})


def test_g_2_every_part_goes_to_whoever_answers_for_the_account() -> None:
    prepared = Prepared(posts_to="16", charges=charges(5000))
    allocated = allocate(an_effect(1, 9680), an_effect(2, 320, EntryKind.FEE_ADJUSTMENT), prepared, patient="17")
    placements = [e.placement for e in allocated.changed] + [p.placement for p in allocated.added]
    assert {(p.patient, p.posts_to) for p in placements if p} == {("17", "16")}
    refund = place(an_effect(3, -500, EntryKind.REFUND), prepared, "17")
    assert refund.placement == Placement(patient="17", posts_to="16")
    assert refund.amount_minor == -500


@given(
    payment=st.integers(1, 10**7),
    companion=st.one_of(st.none(), st.integers(-(10**5), 10**6).filter(bool)),
    dues=st.lists(st.integers(1, 10**6), max_size=8),
)
def test_n_7_nothing_is_lost_and_no_charge_is_overpaid(payment: int, companion: int | None, dues: list[int]) -> None:
    """M-6, N-7: each kind keeps its sum, placements name exactly their entry's amount, and a charge comes to what
    counts toward the balance of it."""
    found = rows(divided(payment, companion, *dues))
    assert sum(amount for kind, _, amount, _ in found if kind == "payment") == payment
    assert sum(amount for kind, _, amount, _ in found if kind == "fee_adjustment") == (companion or 0)
    credited: dict[str, int] = {}
    for kind, _, amount, shares in found:
        if kind == "allocation":
            continue
        assert not shares or sum(shares.values()) == amount
        for ref, share in shares.items():
            credited[ref] = credited.get(ref, 0) + share
    total = payment + (companion or 0)
    if total >= 0:
        wanted = {str(31 + n): share for n, share in enumerate(fifo(total, dues)[0]) if share}
        assert {ref: share for ref, share in credited.items() if share} == wanted
    keys = [(kind, part) for kind, part, _, _ in found]
    assert len(keys) == len(set(keys)), "identities are unique (E-1)"


def a_payment(**changed: Any) -> Any:
    ordered = {name: value for name, value in changed.items() if name in Instruction.__struct_fields__}
    rest = {name: value for name, value in changed.items() if name not in ordered or name == "entry_kind"}
    return planned_call(instruction=msgspec.structs.replace(ORDER, amount_minor=9680, **ordered), **rest)


@pytest.mark.parametrize(
    ("call", "asks"),
    [
        (a_payment(), True),
        (a_payment(allocation=Allocation.POST_ONLY), False),
        (a_payment(allocation=None), False),
        (a_payment(procedure_ref="13"), False),
        (a_payment(plan_ref="12"), False),
        (a_payment(payment_kind=PaymentKind.INSURANCE), False),
        (a_payment(payment_kind=PaymentKind.MEMBERSHIP), False),
        (a_payment(payment_kind=PaymentKind.COLLECTION), True),
        (a_payment(allocation=Allocation.POST_ONLY, family=FamilyBooking.GUARANTOR), True),
        (a_payment(allocation=Allocation.POST_ONLY, family=FamilyBooking.PATIENTS), False),
        (a_payment(placement=Placement(patient="17", posts_to="17")), False),
        (a_payment(placement=Placement(patient="18", posts_to="18")), True),
        (a_payment(placement=Placement(patient="18", posts_to="18", shares=(("31", 9680),))), False),
        (a_payment(entry_kind=EntryKind.REFUND), False),
    ],
)
def test_only_payments_to_charges_or_to_the_guarantor_need_a_balance_read(call: Any, asks: bool) -> None:
    """ALL-2, PL-1, I-11, B-1: explicit choices win; an entry that has its place is not read for again."""
    assert needs_balance_read(call, CAN) is asks
