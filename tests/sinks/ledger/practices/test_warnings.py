"""What settings do that their owner may not expect, said plainly (N-2, N-6, PL-2, I-7, TIM-3)."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from schemas.events import Tender
from schemas.practice_settings import (
    Allocation,
    AmountMode,
    Blackout,
    FamilyBooking,
    FeeAdjustment,
    MembershipBooking,
    PracticeSettings,
    RefundWithoutCompanion,
    Timing,
    TypeMode,
    TypeModes,
    TypeTimings,
)
from schemas.vocabulary import EntryKind
from sinks.ledger.practices.settings.warnings import Code, Level, PmsCapabilities, settings_warnings

ALL = PmsCapabilities(kinds=frozenset(EntryKind), books_to_guarantor=True)


def codes(capabilities: PmsCapabilities = ALL, **changed: Any) -> set[Code]:
    return {each.code for each in settings_warnings(PracticeSettings(zone="UTC", **changed), capabilities)}


def without(*kinds: EntryKind) -> PmsCapabilities:
    return PmsCapabilities(kinds=frozenset(EntryKind) - set(kinds), books_to_guarantor=True)


def test_a_work_list_is_said_once_and_keeps_no_fee_on_balances() -> None:
    """P-17: the fee adjustment is on the list too, so nothing is left on the patient's balance."""
    by_hand = codes(PmsCapabilities(kinds=frozenset()), fee_adjustment=FeeAdjustment.AUTO)
    assert by_hand == {Code.ALL_BY_HAND, Code.PLAN_LOOKS_SHORT, Code.FEES_BILLED_MONTHLY, Code.CARD_FEE_STAYS_OUT}
    off = codes(PmsCapabilities(kinds=frozenset()), fee_adjustment=FeeAdjustment.OFF)
    assert Code.BALANCES_KEEP_THE_FEE in off
    assert Code.ALL_BY_HAND not in codes(PmsCapabilities(connected=False))


def test_gross_at_a_system_that_does_everything_has_nothing_to_say() -> None:
    assert codes(amount=AmountMode.GROSS, master=True) == set()


@pytest.mark.parametrize(
    ("settings", "capabilities", "code"),
    [
        ({"fee_adjustment": FeeAdjustment.OFF}, ALL, Code.BALANCES_KEEP_THE_FEE),
        ({}, without(EntryKind.FEE_ADJUSTMENT), Code.PMS_TAKES_NO_ADJUSTMENTS),
        (
            {"fee_adjustment": FeeAdjustment.OFF, "refund_without_companion": RefundWithoutCompanion.CASH},
            ALL,
            Code.REFUND_LEAVES_THE_FEE,
        ),
        ({"allocation": Allocation.POST_ONLY}, ALL, Code.DEBIT_ON_NO_CHARGE),
        ({}, ALL, Code.PLAN_LOOKS_SHORT),
        ({}, ALL, Code.FEES_BILLED_MONTHLY),
        ({}, ALL, Code.CARD_FEE_STAYS_OUT),
        ({"timing": Timing.ON_CLEAR}, PmsCapabilities(clearance_seen=False), Code.NOTHING_CLEARS),
        ({"clear_first": (Tender.ACH,)}, PmsCapabilities(clearance_seen=False), Code.NOTHING_CLEARS),
        ({"timing": Timing.ON_CLEAR, "clear_first": (Tender.ACH,)}, ALL, Code.CLEAR_FIRST_UNUSED),
        ({"business_days_only": True}, ALL, Code.DAILY_SETTINGS_UNUSED),
        ({"master": True, "types": TypeModes(**dict.fromkeys(TypeModes.__struct_fields__, TypeMode.OFF))},
         ALL, Code.EVERYTHING_OFF),
        ({}, PmsCapabilities(connected=False), Code.NO_PMS),
        ({}, without(EntryKind.CHARGE), Code.MEMBERSHIP_WITHOUT_CHARGE),
        ({}, without(EntryKind.INSURANCE_PAYMENT), Code.INSURANCE_BY_HAND),
        ({}, without(EntryKind.REFUND, EntryKind.REVERSAL), Code.REVERSALS_BY_HAND),
        ({}, without(EntryKind.DISPUTE_HOLD), Code.DISPUTES_BY_HAND),
        ({}, without(EntryKind.ALLOCATION), Code.ALLOCATION_BY_HAND),
        ({"family": FamilyBooking.GUARANTOR}, PmsCapabilities(kinds=frozenset(EntryKind)), Code.GUARANTOR_UNKNOWN),
        ({"notes": True}, without(EntryKind.NOTE), Code.NOTES_NOT_TAKEN),
        ({"write_off_codes": ("CO-45", "PR-45")}, ALL, Code.WRITE_OFF_IDLE),
        ({"timing": Timing.INSTANT}, PmsCapabilities(real_time=False), Code.BATCHES_ONLY),
    ],
)  # fmt: skip
def test_each_is_told_and_ends_with_its_cause(
    settings: dict[str, Any], capabilities: PmsCapabilities, code: Code
) -> None:
    """Every code of the list is reached here; the harmless neighbour below has none of them."""
    assert code in codes(capabilities, **settings)


def test_n_10_a_debit_that_lies_on_a_charge_is_no_matter() -> None:
    """N-10: only where payments are laid on nothing does it stay open on its own."""
    assert Code.DEBIT_ON_NO_CHARGE not in codes(ALL)
    assert Code.DEBIT_ON_NO_CHARGE not in codes(ALL, allocation=Allocation.POST_ONLY, amount=AmountMode.GROSS)
    assert Code.DEBIT_ON_NO_CHARGE in codes(without(EntryKind.ALLOCATION))


def test_what_is_switched_off_warns_of_nothing() -> None:
    off = TypeModes(payment_plan=TypeMode.OFF, insurance=TypeMode.OFF, membership=TypeMode.OFF)
    found = codes(without(EntryKind.CHARGE, EntryKind.INSURANCE_PAYMENT), types=off)
    assert not found & {Code.PLAN_LOOKS_SHORT, Code.CARD_FEE_STAYS_OUT, Code.MEMBERSHIP_WITHOUT_CHARGE}
    assert Code.INSURANCE_BY_HAND not in found
    assert Code.MEMBERSHIP_WITHOUT_CHARGE not in codes(
        without(EntryKind.CHARGE), membership_booking=MembershipBooking.PAYMENT_ONLY
    )


@pytest.mark.parametrize(
    ("begins", "ends", "inside"),
    [((17, 30), (18, 30), True), ((18, 0), (19, 0), True), ((17, 0), (18, 0), False), ((22, 0), (18, 30), True)],
)
def test_a_release_within_a_blackout_is_noted(begins: tuple[int, int], ends: tuple[int, int], inside: bool) -> None:
    """T-8: half-open, over midnight too."""
    dark = Blackout(begins=time(*begins), ends=time(*ends))
    assert (Code.CUT_OFF_IN_BLACKOUT in codes(timing=Timing.DAILY, blackouts=(dark,))) is inside


def test_instant_at_a_system_that_batches_is_refused_by_type_too() -> None:
    """TIM-3: capability constrains the choice, and the refusal names the field."""
    slow = PmsCapabilities(real_time=False)
    settings = PracticeSettings(zone="UTC", timing=Timing.DAILY, timing_by_type=TypeTimings(collection=Timing.INSTANT))
    found = [each for each in settings_warnings(settings, slow) if each.level is Level.REFUSED]
    assert [(each.code, each.field) for each in found] == [(Code.BATCHES_ONLY, "timing_by_type.collection")]


def test_the_worst_comes_first() -> None:
    found = settings_warnings(
        PracticeSettings(zone="UTC", fee_adjustment=FeeAdjustment.OFF), PmsCapabilities(real_time=False)
    )
    ranks = [list(Level).index(each.level) for each in found]
    assert ranks == sorted(ranks, reverse=True)
    assert found[0].level is Level.REFUSED


def test_codes_that_will_not_be_written_off_say_why() -> None:
    """I-3, I-5: never, not any more, or written otherwise than an insurer writes it; CO-45 and CO-97 say nothing."""
    settings = PracticeSettings(zone="UTC", write_off_codes=("CO-45", "CO-97", "PR-1", "OA-23", "CO-A2", "CO-045"))
    told = [each.text for each in settings_warnings(settings, ALL) if each.code is Code.WRITE_OFF_IDLE]
    assert [text.split(":")[0] for text in told] == [
        "PR-1 is what the patient owes",
        "OA-23 is what an earlier insurer reduced",
        "CO-A2 was stopped on 2008-01-01",
        "CO-045 is on no published list that we have",
    ]
