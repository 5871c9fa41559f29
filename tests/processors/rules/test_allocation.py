"""What money is applied to: charges, procedures, plans, families (ALL-1, ALL-2, PL-1 to PL-3, G2, B-4, ET-8)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import PaymentKind, PlanRef, Split, Tender
from schemas.plan import Decision
from schemas.practice_settings import Allocation, AmountMode, FamilyBooking, FeeAdjustment, Timing, TypeMode
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules.event_examples import NOON, membership, modes, payment
from tests.processors.rules.kind_examples import MINUTE, decided, rows

PAID, CREDITED = EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT
BALANCES = (PaymentKind.TERMINAL, PaymentKind.COLLECTION)
INSTALMENT = PlanRef(plan_ref="plan-1", instalment=3, of=7)


def allocations(decision: Decision) -> set[Allocation | None]:
    return {effect.instruction.allocation for effect in decision.effects}


@pytest.mark.parametrize("kind", BALANCES)
@pytest.mark.parametrize("chosen", list(Allocation))
def test_a_balance_is_allocated_as_the_practice_chose(kind: PaymentKind, chosen: Allocation) -> None:
    """ALL-1, ALL-2, SET-11: payment and companion alike, so that the companion falls on the same charges (N-7)."""
    assert allocations(decided(payment(kind=kind), allocation=chosen)) == {chosen}


@pytest.mark.parametrize("chosen", list(Allocation))
def test_a_split_that_names_its_procedure_needs_no_allocation(chosen: Allocation) -> None:
    """M-5, ALL-1: explicit splits; the other split follows the setting."""
    splits = (
        Split(patient_ref="pt-1", amount_minor=6000, procedure_ref="proc-1"),
        Split(patient_ref="pt-1", amount_minor=4000),
    )
    decision = decided(payment(splits=splits), allocation=chosen)
    assert {(e.part, e.instruction.procedure_ref, e.instruction.allocation) for e in decision.effects} == {
        ("0", "proc-1", None),
        ("1", None, chosen),
    }


def test_by_hand_waits_for_somebody() -> None:
    """SET-11: companion and all; due, once allocated, when it would have been."""
    decision = decided(payment(), allocation=Allocation.BY_HAND)
    assert rows(decision) == [
        (PAID, "", 9680, State.AWAITING_ALLOCATION),
        (CREDITED, "", 320, State.AWAITING_ALLOCATION),
    ]
    assert {(e.reason, e.holds, e.due_at) for e in decision.effects} == {
        (DecisionReason.ALLOCATE_BY_HAND, (), NOON + MINUTE)
    }
    daily = decided(payment(), allocation=Allocation.BY_HAND, timing=Timing.DAILY)
    released = decided(payment(), timing=Timing.DAILY).effects[0].due_at
    assert {effect.due_at for effect in daily.effects} == {released}, "allocating early does not post early (TIM-4)"


def test_by_hand_beside_other_conditions() -> None:
    """PROTOCOL section 3: cleared first, then allocated, then posted by hand; what is off is skipped."""
    by_hand = {"allocation": Allocation.BY_HAND}
    waiting: list[tuple[dict[str, Any], State, tuple[State, ...]]] = [
        ({"timing": Timing.ON_CLEAR}, State.AWAITING_CLEARANCE, (State.AWAITING_ALLOCATION,)),
        (
            {"types": modes(terminal=TypeMode.MANUAL)},
            State.AWAITING_ALLOCATION,
            (State.AWAITING_MANUAL_POST,),
        ),
        ({"master": False}, State.SKIPPED_DISABLED, ()),
    ]
    for settings, state, holds in waiting:
        decision = decided(payment(), **by_hand, **settings)
        assert {(effect.state, effect.holds) for effect in decision.effects} == {(state, holds)}


@pytest.mark.parametrize("chosen", list(Allocation))
@pytest.mark.parametrize("kind", [PaymentKind.PAYMENT_PLAN, PaymentKind.TERMINAL])
def test_an_instalment_goes_to_its_plan_alone(kind: PaymentKind, chosen: Allocation) -> None:
    """PL-1: whatever the practice allocates, and whatever took the card."""
    decision = decided(payment(17143, 527, kind=kind, plan=INSTALMENT), allocation=chosen)
    assert rows(decision) == [(PAID, "", 16616, State.SCHEDULED), (CREDITED, "", 527, State.SCHEDULED)]
    assert {(e.instruction.plan_ref, e.instruction.allocation) for e in decision.effects} == {("plan-1", None)}


def test_an_instalment_of_no_named_plan_is_a_prepayment() -> None:
    """PL-1: never oldest first; a practice that allocates itself is asked."""
    event = payment(kind=PaymentKind.PAYMENT_PLAN)
    assert allocations(decided(event)) == {Allocation.POST_ONLY}
    asked = decided(event, allocation=Allocation.BY_HAND)
    assert {effect.state for effect in asked.effects} == {State.AWAITING_ALLOCATION}


def test_a_plan_in_the_pms_is_posted_gross() -> None:
    """PL-2: 17143, not 16616, or each instalment looks short by the fee; no fee to wait for either."""
    plan = PlanRef(plan_ref="plan-1", instalment=3, pms_plan=True)
    for fee in (527, None):
        decision = decided(payment(17143, fee, kind=PaymentKind.PAYMENT_PLAN, plan=plan))
        assert rows(decision) == [(PAID, "", 17143, State.SCHEDULED)]
        assert (decision.waiting, decision.amount_mode) == (None, AmountMode.GROSS)


def test_a_terminal_payment_feeds_no_plan() -> None:
    """PL-3: without a plan of its own it names none."""
    assert {effect.instruction.plan_ref for effect in decided(payment()).effects} == {None}


@pytest.mark.parametrize("chosen", list(FamilyBooking))
def test_a_familys_payment_goes_to_the_patients_or_the_guarantor(chosen: FamilyBooking) -> None:
    """G2: each split keeps its part and its patient; whose ledger takes it is read when it is posted."""
    splits = (Split(patient_ref="pt-1", amount_minor=6000), Split(patient_ref="pt-2", amount_minor=4000))
    decision = decided(payment(splits=splits), family=chosen)
    assert {effect.instruction.family for effect in decision.effects} == {chosen}
    assert [(e.part, e.instruction.patient_ref, e.lane) for e in decision.effects if e.entry_kind is PAID] == [
        ("0", "pt-1", "p:pt-1"),
        ("1", "pt-2", "p:pt-2"),
    ]


@pytest.mark.parametrize(
    "splits",
    [
        (),
        (Split(patient_ref="pt-1", amount_minor=10000),),
        (Split(patient_ref="pt-1", amount_minor=6000), Split(patient_ref="pt-1", amount_minor=4000)),
    ],
)
def test_one_patient_is_no_family(splits: tuple[Split, ...]) -> None:
    """G2."""
    decision = decided(payment(splits=splits), family=FamilyBooking.GUARANTOR)
    assert {effect.instruction.family for effect in decision.effects} == {None}


def test_financing_credits_the_patient_in_full() -> None:
    """B-4: 2000.00 financed, 99.00 kept by the lender: the discount is the practice's, never the patient's."""
    event = payment(200000, 9900, tender=Tender.FINANCING)
    decision = decided(event)
    assert rows(decision) == [(PAID, "", 190100, State.SCHEDULED), (CREDITED, "", 9900, State.SCHEDULED)]
    assert {effect.instruction.tender for effect in decision.effects} == {Tender.FINANCING}
    assert rows(decided(event, amount=AmountMode.GROSS)) == [(PAID, "", 200000, State.SCHEDULED)]


@pytest.mark.parametrize(
    ("tender", "outside", "waits"),
    [
        (Tender.CASH, True, False),
        (Tender.CASH, False, False),
        (Tender.CHECK, True, False),
        (Tender.CHECK, False, True),
        (Tender.ACH, True, True),
        (Tender.CARD, False, True),
        (Tender.FINANCING, True, True),
    ],
)
def test_where_nobody_charges_nothing_is_waited_for(tender: Tender, outside: bool, waits: bool) -> None:
    """ET-8, B-3, N-5: cash has no fee, nor has a cheque that the practice banks itself; 0 is assumed of no other."""
    decision = decided(payment(5000, None, tender=tender, settled_outside=outside))
    assert decision.waiting is (State.AWAITING_FEE if waits else None)
    assert rows(decision) == [(PAID, "", 5000, State.SCHEDULED)]


def test_a_fee_that_is_reported_is_never_left_out() -> None:
    """M-7: also of cash."""
    assert rows(decided(payment(5000, 50, tender=Tender.CASH))) == [
        (PAID, "", 4950, State.SCHEDULED),
        (CREDITED, "", 50, State.SCHEDULED),
    ]


@pytest.mark.parametrize(
    ("event", "amounts"),
    [
        (payment(10000, 320), {AmountMode.NET: [9680, 320], AmountMode.GROSS: [10000]}),
        (payment(10300, 267, surcharge_minor=300), {AmountMode.NET: [-33, 10033], AmountMode.GROSS: [10000]}),
        (payment(20000, 0), {AmountMode.NET: [20000], AmountMode.GROSS: [20000]}),
        (payment(10000, 259), {AmountMode.NET: [9741, 259], AmountMode.GROSS: [10000]}),
        (membership(29900, 897), {AmountMode.NET: [29900, 29003, 897], AmountMode.GROSS: [29900, 29900]}),
    ],
    ids=["N-1 N-2 AMT-1", "N-4", "N-6", "M-7", "B-1"],
)
def test_worked_amounts(event: Any, amounts: dict[AmountMode, list[int]]) -> None:
    """N-1, N-2, N-4, N-6, M-7, B-1: the numbers of the rules, in both modes."""
    for mode, expected in amounts.items():
        assert [amount for _, _, amount, _ in rows(decided(event, amount=mode))] == expected


def test_without_its_companion_the_fee_stays_owed() -> None:
    """N-2: 9680 and nothing beside it: 3.20 still shown; the entry is there with its amount, skipped."""
    decision = decided(payment(), fee_adjustment=FeeAdjustment.OFF)
    assert rows(decision) == [(PAID, "", 9680, State.SCHEDULED), (CREDITED, "", 320, State.SKIPPED_DISABLED)]
