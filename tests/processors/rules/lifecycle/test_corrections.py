"""Corrections (E-7, E-11, R-6, law 2), in minor units."""

from __future__ import annotations

from typing import Any

from schemas.events import PaymentKind, Split
from schemas.practice_settings import AmountMode, RefundBeforePost, Timing, TypeMode
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import (
    Ledger,
    cleared,
    corrected,
    fee_assessed,
    refund,
    returned,
    void,
)

REVERSED = [("reversal", "payment/@1", -9680), ("reversal", "fee_adjustment/@1", -320)]


def daily() -> Ledger:
    """A payment that waits for the cut-off."""
    ledger = Ledger(timing=Timing.DAILY)
    ledger.report(examples.payment())
    return ledger


def posted(**settings: Any) -> Ledger:
    ledger = Ledger(**settings)
    ledger.report(examples.payment())
    ledger.post()
    return ledger


def test_e11_before_posting_it_replaces() -> None:
    """E-11: the old entries are voided, the new ones are due when those were, on the correction's own event."""
    ledger = daily()
    due = ledger.entry(1).due_at
    change = ledger.report(corrected(gross=12000, fee=380, hours=1))
    assert (change.void, change.void_reason) == ((1, 2), DecisionReason.CORRECTED)
    assert ledger.rows() == [("payment", "", 11620, "SCHEDULED"), ("fee_adjustment", "", 380, "SCHEDULED")]
    assert {x.due_at for x in ledger.standing()} == {due}
    assert {x.event_id for x in ledger.standing()} == {"ev-v2"}


def test_e11_after_posting_it_reverses_and_posts_anew() -> None:
    """E-11, law 2: reversals first, each behind what it reverses; the new entries wait for nothing, dated by the
    correction, and say what they stand for."""
    ledger = posted()
    change = ledger.report(corrected(gross=12000, fee=380))
    assert ledger.table() == [*REVERSED, ("payment", "", 11620), ("fee_adjustment", "", 380)]
    assert [planned.behind for planned in change.effects] == [1, 2, None, None]
    order = change.effects[2].effect.instruction
    assert (order.ledger_date.day, order.original_ref, order.version) == (5, "pay-1", 2)
    assert ledger.applied() == 12000


def test_e11_the_same_money_changes_nothing() -> None:
    """E-11: reported again unchanged; the next version is compared with what is booked then."""
    ledger = posted()
    change = ledger.report(corrected())
    assert (change.applied, change.effects, change.void) == (True, (), ())
    ledger.report(corrected(3, gross=12000, fee=380), corrected(4, gross=12000, fee=380))
    assert ledger.last.applied
    assert ledger.applied() == 12000


def test_e11_another_patient_takes_it_all_with_them() -> None:
    """E-11: reversed where it was, posted where it belongs."""
    ledger = posted()
    change = ledger.report(corrected(patient_ref="pt-2"))
    assert ledger.table() == [*REVERSED, ("payment", "", 9680), ("fee_adjustment", "", 320)]
    assert [planned.effect.instruction.patient_ref for planned in change.effects] == ["pt-1", "pt-1", "pt-2", "pt-2"]
    assert change.effects[2].effect.lane == "p:pt-2"


def test_e11_one_part_becomes_two() -> None:
    splits = (Split(patient_ref="pt-1", amount_minor=6000), Split(patient_ref="pt-2", amount_minor=4000))
    ledger = posted()
    ledger.report(corrected(splits=splits))
    assert ledger.table() == [
        *REVERSED,
        ("payment", "0", 5808),
        ("fee_adjustment", "0", 192),
        ("payment", "1", 3872),
        ("fee_adjustment", "1", 128),
    ]


def test_e11_a_higher_version_stands_in_for_an_original_that_never_came() -> None:
    """E-7, E-11: and when that comes after all, it is an old version."""
    ledger = Ledger()
    ledger.report(corrected(gross=12000, fee=380))
    assert ledger.table() == [("payment", "", 11620), ("fee_adjustment", "", 380)]
    change = ledger.report(examples.payment())
    assert (change.old_version, change.effects) == (True, ())
    assert ledger.applied() == 12000


def test_e7_a_lower_version_changes_nothing() -> None:
    ledger = posted()
    ledger.report(corrected(3, gross=12000, fee=380))
    assert ledger.report(corrected(2, gross=9000, fee=290)).old_version
    assert ledger.applied() == 12000


def test_r6_a_correction_has_the_mode_of_its_original() -> None:
    """R-6, E-11: paid under GROSS, corrected under NET: still GROSS, and pinned to the original's settings."""
    ledger = Ledger(
        examples.history(
            examples.version(1, amount=AmountMode.GROSS),
            examples.version(2, examples.NOON.replace(hour=20), amount=AmountMode.NET),
        )
    )
    ledger.report(examples.payment())
    ledger.post()
    change = ledger.report(corrected(gross=12000, fee=380))
    assert ledger.table() == [("reversal", "payment/@1", -10000), ("payment", "", 12000)]
    assert change.settings_version == 1


def test_e11_what_was_skipped_stays_skipped() -> None:
    """E-11: the correction of a payment whose type was off posts nothing, though the type is on by now."""
    ledger = Ledger(
        examples.history(
            examples.version(1, types=examples.modes(terminal=TypeMode.OFF)),
            examples.version(2, examples.NOON.replace(hour=20)),
        )
    )
    ledger.report(examples.payment())
    ledger.report(corrected(gross=12000, fee=380))
    assert {planned.effect.state for planned in ledger.last.effects} == {State.SKIPPED_DISABLED}
    assert {planned.effect.reason for planned in ledger.last.effects} == {DecisionReason.TYPE_OFF}


def test_e11_a_kind_that_is_switched_otherwise_is_decided_anew() -> None:
    """E-11: it was a terminal payment by hand, it is a collection that posts itself."""
    ledger = Ledger(types=examples.modes(terminal=TypeMode.MANUAL))
    ledger.report(examples.payment())
    ledger.report(corrected(kind=PaymentKind.COLLECTION, hours=1))
    assert ledger.rows() == [("payment", "", 9680, "SCHEDULED"), ("fee_adjustment", "", 320, "SCHEDULED")]


def test_e11_a_manual_payment_stays_a_persons() -> None:
    ledger = Ledger(types=examples.modes(terminal=TypeMode.MANUAL))
    ledger.report(examples.payment(), corrected(gross=12000, fee=380))
    assert {row[3] for row in ledger.rows()} == {"AWAITING_MANUAL_POST"}
    assert ledger.applied() == 12000


def test_r14_what_a_person_recorded_a_person_corrects() -> None:
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.put(State.RECORDED_MANUALLY)
    ledger.report(corrected(gross=12000, fee=380))
    assert ledger.table() == [*REVERSED, ("payment", "", 11620), ("fee_adjustment", "", 380)]
    assert {planned.effect.state for planned in ledger.last.effects} == {State.AWAITING_MANUAL_POST}
    assert {planned.behind for planned in ledger.last.effects} == {None}


def test_r14_a_refund_of_what_turns_out_to_be_off_is_a_persons() -> None:
    """R-14, E-11: corrected to a type that is off, it is skipped, and its unsent refund does not wait for ever."""
    ledger = Ledger(timing=Timing.DAILY, types=examples.modes(collection=TypeMode.OFF))
    ledger.report(examples.payment(), refund(-4000, hours=1), corrected(kind=PaymentKind.COLLECTION, hours=2))
    assert ledger.rows() == [("refund", "", -4000, "AWAITING_MANUAL_POST")]
    assert {x.depends_on for x in ledger.standing()} == {None}


def test_t13_a_correction_waits_for_funds_as_its_original_did() -> None:
    """T-13: until they are there; then it does not wait again."""
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment(), corrected(gross=12000, fee=380))
    assert {row[3] for row in ledger.rows()} == {"AWAITING_CLEARANCE"}
    ledger.report(cleared(30), corrected(3, gross=13000, fee=400, hours=31))
    assert {row[3] for row in ledger.rows()} == {"SCHEDULED"}


def test_r7_an_unsent_refund_follows_the_new_payment() -> None:
    """Law 2: its payment is voided, so it depends on what stands in that one's place."""
    ledger = daily()
    ledger.report(refund(-4000, hours=1))
    change = ledger.report(corrected(gross=12000, fee=380, hours=2))
    assert [(each.effect_id, each.to) for each in change.redirect] == [(3, (EntryKind.PAYMENT, ""))]
    assert ledger.applied() == 8000
    assert ledger.entry(ledger.entry(3).depends_on or 0).event_id == "ev-v2"


def test_e11_what_was_refunded_moves_with_its_money() -> None:
    """E-11, R-13: 4000 of 10000 were refunded at pt-1; all of it belongs to pt-2."""
    ledger = posted()
    ledger.report(refund(-4000))
    ledger.post()
    change = ledger.report(corrected(patient_ref="pt-2", hours=30))
    assert ledger.table() == [
        *REVERSED,
        ("payment", "", 9680),
        ("fee_adjustment", "", 320),
        ("reversal", "refund/@1", 4000),
        ("refund", "", -4000),
    ]
    by_patient = {"pt-1": 0, "pt-2": 0}
    for entry in ledger.standing():
        by_patient[entry.instruction.patient_ref or ""] += entry.amount_minor
    assert by_patient == {"pt-1": 0, "pt-2": 6000}
    assert change.effects[-1].effect.depends_on == (EntryKind.PAYMENT, "")
    ledger.report(refund(-6000, hours=40, ref="re-2"))
    assert ledger.applied() == 0


def test_e11_a_part_that_no_longer_holds_its_refund_gives_it_to_the_others() -> None:
    """E-11, R-2: all of it was refunded at the first of two, and all of it belongs to the second: nothing waits for a
    payment of zero."""

    def halves(first: int) -> tuple[Split, ...]:
        shares = ((1, first), (2, 10000 - first))
        return tuple(Split(patient_ref=f"pt-{number}", amount_minor=amount) for number, amount in shares)

    ledger = Ledger(timing=Timing.DAILY)
    ledger.report(examples.payment(splits=halves(10000)), refund(-10000, hours=1), corrected(splits=halves(0), hours=2))
    assert [row[:3] for row in ledger.table() if row[2]] == [
        ("payment", "1", 9680),
        ("fee_adjustment", "1", 320),
        ("refund", "1", -10000),
    ]
    assert ledger.applied() == 0


def test_r7_a_net_entry_is_corrected_less_what_was_refunded() -> None:
    ledger = Ledger(timing=Timing.DAILY, refund_before_post=RefundBeforePost.NET_ENTRY)
    ledger.report(examples.payment(), refund(-4000, hours=1), corrected(gross=12000, fee=380, hours=2))
    assert ledger.rows() == [("payment", "", 7620, "SCHEDULED"), ("fee_adjustment", "", 380, "SCHEDULED")]


def test_n5_a_correction_without_its_fee_waits_and_changes_nothing_until_then() -> None:
    """N-5, E-11: then it replaces what stood."""
    ledger = posted()
    change = ledger.report(corrected(gross=12000, fee=None, net_minor=None))
    assert (change.waiting, change.void, change.effects) == (State.AWAITING_FEE, (), ())
    assert ledger.applied() == 10000
    ledger.report(fee_assessed(380, 11620, hours=30))
    assert [row[:3] for row in ledger.rows()[2:]] == [
        *REVERSED,
        ("payment", "", 11620),
        ("fee_adjustment", "", 380),
    ]


def test_n5_a_correction_ends_the_waiting_of_its_original() -> None:
    """E-11: the original waited for its fee; the correction knows it."""
    ledger = Ledger()
    ledger.report(examples.payment(fee=None))
    change = ledger.report(corrected(gross=12000, fee=380))
    assert change.original is not None
    assert change.original.voided
    assert ledger.rows() == [("payment", "", 11620, "SCHEDULED"), ("fee_adjustment", "", 380, "SCHEDULED")]


def test_b1_a_corrected_membership_charge_follows() -> None:
    ledger = Ledger()
    ledger.report(examples.membership())
    ledger.post()
    ledger.report(corrected(gross=19900, fee=597, kind=PaymentKind.MEMBERSHIP))
    assert ledger.total("charge", "charge_reversal") == 19900
    assert ledger.applied() == 19900


def test_r11_a_return_of_a_corrected_payment_follows_what_stands() -> None:
    ledger = posted()
    ledger.report(corrected(gross=12000, fee=380))
    ledger.post()
    ledger.report(returned(-12000, 400, hours=40))
    assert ledger.table() == [("return", "", -12400), ("fee_adjustment", "", 400)]
    assert ledger.applied() == 0
    ledger.report(void(50))
    assert ledger.last.effects == ()
