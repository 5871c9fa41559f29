"""Memberships: a payment, its companion, and the charge without which the patient would show a credit (B-1 to B-5)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Member, MembershipAction, MembershipCancelled, PaymentKind, Split, Tender
from schemas.practice_settings import (
    Allocation,
    AmountMode,
    FamilyBooking,
    FeeAdjustment,
    MembershipBooking,
    Timing,
    TypeMode,
)
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules.event_examples import membership, modes, payment
from tests.processors.rules.kind_examples import ENVELOPE, decided, of_kind, rows, total

PAID, CREDITED, CHARGED = EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT, EntryKind.CHARGE
BY_HAND = (MembershipAction.ONE_TIME, MembershipAction.MANUAL_RENEWAL)
FAMILY = (Member(patient_ref="pt-a", amount_minor=20000), Member(patient_ref="pt-b", amount_minor=9900))


def test_charge_payment_and_companion_leave_the_balance() -> None:
    """B-1: 29900 with fee 897 → payment 29003, companion 897, charge 29900: balance 0."""
    decision = decided(membership())
    assert rows(decision) == [
        (CHARGED, "", 29900, State.SCHEDULED),
        (PAID, "", 29003, State.SCHEDULED),
        (CREDITED, "", 897, State.SCHEDULED),
    ]
    assert total(decision, PAID, CREDITED) - total(decision, CHARGED) == 0


def test_the_charge_stands_before_it_is_paid() -> None:
    """B-1: payment and fee are laid on the charge; a credit without its payment would be a gift, so that waits too."""
    charged, paid, credited = decided(membership()).effects
    assert (charged.depends_on, paid.depends_on, credited.depends_on) == (None, (CHARGED, ""), (PAID, ""))
    assert paid.lane == credited.lane == charged.lane == "p:pt-1"


def test_without_a_charge_nothing_can_keep_the_money_out_of_the_ledger() -> None:
    """B-1: by setting there is none, and the payment waits for nothing."""
    paid, credited = decided(membership(), membership_booking=MembershipBooking.PAYMENT_ONLY).effects
    assert (paid.depends_on, credited.depends_on) == (None, (PAID, ""))


def test_gross() -> None:
    """B-1, N-1: 29900 and its charge, no companion."""
    assert rows(decided(membership(), amount=AmountMode.GROSS)) == [
        (CHARGED, "", 29900, State.SCHEDULED),
        (PAID, "", 29900, State.SCHEDULED),
    ]


def test_payment_only() -> None:
    """B-1: by setting the charge is the practice's own business."""
    decision = decided(membership(), membership_booking=MembershipBooking.PAYMENT_ONLY)
    assert rows(decision) == [(PAID, "", 29003, State.SCHEDULED), (CREDITED, "", 897, State.SCHEDULED)]


@pytest.mark.parametrize("chosen", list(Allocation))
def test_never_oldest_first_onto_treatment(chosen: Allocation) -> None:
    """B-1: a prepayment beside its own charge, whatever the practice allocates."""
    decision = decided(membership(), allocation=chosen)
    assert {e.instruction.allocation for e in decision.effects if e.entry_kind is not CHARGED} == {Allocation.POST_ONLY}
    assert of_kind(decision, CHARGED)[0].instruction.allocation is None
    assert {e.state for e in decision.effects} == {State.SCHEDULED}


def test_the_charge_names_its_plan() -> None:
    """B-1: the membership code, for the charge's line."""
    (charge,) = of_kind(decided(membership()), CHARGED)
    assert (charge.instruction.plan_code, charge.instruction.payment_kind) == ("ADULT", PaymentKind.MEMBERSHIP)


@pytest.mark.parametrize("action", [action for action in MembershipAction if action is not MembershipAction.UNKNOWN])
def test_how_it_was_paid_picks_the_mode(action: MembershipAction) -> None:
    """ET-9, POST-2, POST-3: one-time payments and manual renewals are posted by hand, charge and all."""
    expected = State.AWAITING_MANUAL_POST if action in BY_HAND else State.SCHEDULED
    decision = decided(membership(action=action))
    assert [(kind, state) for kind, _, _, state in rows(decision)] == [
        (CHARGED, expected),
        (PAID, expected),
        (CREDITED, expected),
    ]
    automatic = decided(membership(action=action), types=modes(membership_by_hand=TypeMode.AUTO))
    assert {effect.state for effect in automatic.effects} == {State.SCHEDULED}


@pytest.mark.parametrize("action", [MembershipAction.NEW, *BY_HAND])
def test_off_is_off_however_it_was_paid(action: MembershipAction) -> None:
    """SET-2, law 2: skipped with its charge and all amounts."""
    decision = decided(membership(action=action), types=modes(membership=TypeMode.OFF))
    assert [(kind, amount) for kind, _, amount, _ in rows(decision)] == [
        (CHARGED, 29900),
        (PAID, 29003),
        (CREDITED, 897),
    ]
    assert {(e.state, e.reason) for e in decision.effects} == {(State.SKIPPED_DISABLED, DecisionReason.TYPE_OFF)}


def test_by_member() -> None:
    """B-2: payment, companion and charge of each member, in the member's lane."""
    decision = decided(membership(members=FAMILY))
    assert [(e.entry_kind, e.part, e.lane, e.instruction.amount_minor) for e in decision.effects] == [
        (CHARGED, "0", "p:pt-a", 20000),
        (PAID, "0", "p:pt-a", 19400),
        (CREDITED, "0", "p:pt-a", 600),
        (CHARGED, "1", "p:pt-b", 9900),
        (PAID, "1", "p:pt-b", 9603),
        (CREDITED, "1", "p:pt-b", 297),
    ]
    assert {e.depends_on for e in of_kind(decision, PAID)} == {(CHARGED, "0"), (CHARGED, "1")}


def test_each_member_keeps_its_own_payment() -> None:
    """B-2, G2: where the charge stands the payment stands, also where families are booked to the guarantor."""
    decision = decided(membership(members=FAMILY), family=FamilyBooking.GUARANTOR)
    assert {effect.instruction.family for effect in decision.effects} == {None}


def test_cash_at_the_desk() -> None:
    """B-3: in no payout, nobody's fee, never waiting for a clearance."""
    event = membership(29900, None, tender=Tender.CASH, settled_outside=True)
    for timing in (Timing.INSTANT, Timing.ON_CLEAR):
        assert rows(decided(event, timing=timing)) == [
            (CHARGED, "", 29900, State.SCHEDULED),
            (PAID, "", 29900, State.SCHEDULED),
        ]


def test_a_payment_reported_without_its_membership_is_booked_the_same() -> None:
    """B-5: one money; which of the two events came first shows in no amount."""
    alone = decided(payment(29900, 897, kind=PaymentKind.MEMBERSHIP))
    assert rows(alone) == rows(decided(membership()))


def test_splits_of_such_a_payment_are_members() -> None:
    """B-2, B-5."""
    splits = tuple(Split(patient_ref=each.patient_ref, amount_minor=each.amount_minor) for each in FAMILY)
    alone = decided(payment(29900, 897, kind=PaymentKind.MEMBERSHIP, splits=splits))
    assert rows(alone) == rows(decided(membership(members=FAMILY)))


def test_waiting_for_the_fee_keeps_the_charge() -> None:
    """N-5: the plan as far as it is known; the charge is of what counts toward the balance and will not change."""
    decision = decided(membership(fee=None))
    assert (decision.waiting, decision.reason) == (State.AWAITING_FEE, DecisionReason.FEE_UNKNOWN)
    assert [(kind, amount) for kind, _, amount, _ in rows(decision)] == [(CHARGED, 29900), (PAID, 29900)]


def test_a_share_that_the_fee_takes_whole_still_has_its_charge() -> None:
    """M-9 of a part: no payment to wait for, so the credit waits for the charge."""
    members = (Member(patient_ref="pt-a", amount_minor=9999), Member(patient_ref="pt-b", amount_minor=1))
    decision = decided(membership(10000, 9000, members=members))
    assert [(e.entry_kind, e.instruction.amount_minor, e.depends_on) for e in decision.effects if e.part == "1"] == [
        (CHARGED, 1, None),
        (PAID, 0, None),
        (CREDITED, 1, (CHARGED, "1")),
    ]


def test_a_cancelled_membership_moves_nothing() -> None:
    """E-1, ET-4: applied, and what is pending stays due."""
    event = MembershipCancelled(**ENVELOPE, membership_id="mem-1", effective_on=date(2026, 4, 1))
    for settings in ({}, {"master": False}):
        decision = decided(event, **settings)
        assert (decision.applied, decision.waiting, decision.effects) == (True, None, ())


@given(
    amounts=st.lists(st.integers(0, 10**7), max_size=6),
    alone=st.integers(0, 10**7),
    surcharge=st.integers(0, 10**4),
    fee=st.one_of(st.none(), st.integers(0, 10**8)),
    settings=st.fixed_dictionaries(
        {
            "amount": st.sampled_from(list(AmountMode)),
            "fee_adjustment": st.sampled_from(list(FeeAdjustment)),
            "timing": st.sampled_from(list(Timing)),
            "membership_booking": st.sampled_from(list(MembershipBooking)),
            "master": st.booleans(),
        }
    ),
)
def test_the_charge_is_what_counts_toward_the_balance(
    amounts: list[int], alone: int, surcharge: int, fee: int | None, settings: dict[str, Any]
) -> None:
    """B-1, N-2, law 2: of each member, charge = payment + companion = applied, or no charge at all by setting."""
    members = tuple(Member(patient_ref=f"pt-{n}", amount_minor=amount) for n, amount in enumerate(amounts))
    gross = (sum(amounts) if members else alone) + surcharge
    decision = decided(membership(gross, fee, surcharge_minor=surcharge, members=members), **settings)
    charges = {e.part: e.instruction.amount_minor for e in of_kind(decision, CHARGED)}
    counted: dict[str, int] = {}
    for effect in decision.effects:
        if effect.entry_kind is not CHARGED:
            counted[effect.part] = counted.get(effect.part, 0) + effect.instruction.amount_minor
    assert sum(counted.values()) == gross - surcharge
    charged = settings["membership_booking"] is MembershipBooking.CHARGE_AND_PAYMENT
    assert charges == ({part: amount for part, amount in counted.items() if amount} if charged else {})
