"""What an insurance payment waits for, and what of it is not posted at all (I-11, I-12, E-11, M-9, SET-2)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import Claim, PaymentKind, Split, Tender
from schemas.practice_settings import Allocation, PracticeStatus, Timing, TypeMode, UnattachedInsurance
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules.event_examples import NOON, changed, modes, payment
from tests.processors.rules.kind_examples import MINUTE, adjusted, claim, corrected, decided, line, remitted, rows

PAID, WRITTEN_OFF = EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF
DUE, REVIEW, ALLOCATION = State.SCHEDULED, State.AWAITING_REVIEW, State.AWAITING_ALLOCATION


@pytest.mark.parametrize("chosen", list(Allocation))
def test_insurance_is_never_allocated_oldest_first(chosen: Allocation) -> None:
    """I-11: it goes to the claim's procedures, attached or not."""
    for event in (remitted(claim(line(12000))), payment(kind=PaymentKind.INSURANCE)):
        assert {e.instruction.allocation for e in decided(event, allocation=chosen).effects} == {None}


@pytest.mark.parametrize(
    "unnamed",
    [
        claim(line(12000, CO_45=5000), ref=None),
        changed(claim(line(12000)), lines=None, adjustments=adjusted(CO_45=5000), charged_minor=17000),
        changed(claim(line(12000, CO_45=5000)), lines=(line(6000, None, CO_45=2500), line(6000, None, CO_45=2500))),
        claim(line(6000, CO_45=2500), line(8500, "proc-2"), CO_45=2500),
        changed(
            claim(line(6000, CO_45=2500), line(6000, "proc-2")), adjustments=adjusted(CO_45=2500), charged_minor=17000
        ),
    ],
    ids=["no claim", "no lines", "no procedures", "kept of the whole", "written off of the whole"],
)
def test_too_little_named_waits_or_is_posted_by_setting(unnamed: Claim) -> None:
    """I-12: without the claim, its lines, what each line got, or for which procedure, somebody allocates it."""
    held = decided(remitted(unnamed))
    assert rows(held) == [(PAID, "", 12000, ALLOCATION), (WRITTEN_OFF, "", 5000, ALLOCATION)]
    assert {effect.reason for effect in held.effects} == {DecisionReason.CLAIM_NOT_NAMED}
    assert {effect.due_at for effect in held.effects} == {NOON + MINUTE}, "due at once when it is allocated"
    posted = decided(remitted(unnamed), unattached_insurance=UnattachedInsurance.POST)
    assert rows(posted) == [(PAID, "", 12000, DUE), (WRITTEN_OFF, "", 5000, DUE)]


def test_one_line_needs_no_procedure() -> None:
    """I-12: a claim of one procedure cannot be mistaken, on whichever level its adjustments are reported."""
    assert rows(decided(remitted(claim(line(12000, None))))) == [(PAID, "", 12000, DUE)]
    whole = decided(remitted(claim(line(17000, None), CO_45=5000)))
    assert rows(whole) == [(PAID, "", 12000, DUE), (WRITTEN_OFF, "", 5000, DUE)]


def test_a_payment_without_any_remittance() -> None:
    """I-12, I-7: held or posted as it is, gross, split by patient; never with a companion."""
    splits = (Split(patient_ref="pt-1", amount_minor=9000), Split(patient_ref="pt-2", amount_minor=3000))
    event = payment(12000, 360, kind=PaymentKind.INSURANCE, tender=Tender.VIRTUAL_CARD, splits=splits)
    assert rows(decided(event)) == [(PAID, "0", 9000, ALLOCATION), (PAID, "1", 3000, ALLOCATION)]
    posted = decided(event, unattached_insurance=UnattachedInsurance.POST)
    assert rows(posted) == [(PAID, "0", 9000, DUE), (PAID, "1", 3000, DUE)]
    assert [effect.lane for effect in posted.effects] == ["p:pt-1", "p:pt-2"]


def test_a_claim_that_pays_nothing_is_posted() -> None:
    """M-9: a zero-pay claim is not a zero payment: payment 0 and write-off 5000, no net that could be ≤ 0 (N-9)."""
    decision = decided(remitted(claim(line(0, CO_45=5000, PR_1=3000)), fee=31))
    assert rows(decision) == [(PAID, "", 0, DUE), (WRITTEN_OFF, "", 5000, DUE)]
    assert decision.reason is DecisionReason.AUTO_INSTANT


def test_a_denied_claim_needs_no_allocation() -> None:
    """I-12, M-9: nothing was paid and nothing is written off, so there is nothing to divide."""
    denied = Claim(
        claim_ref="clm-1",
        status="4",
        patient_ref="pt-1",
        charged_minor=8000,
        paid_minor=0,
        adjustments=adjusted(PR_1=8000),
    )
    assert rows(decided(remitted(denied))) == [(PAID, "", 0, DUE)]


@pytest.mark.parametrize("event", [payment(0, 0, kind=PaymentKind.INSURANCE), remitted()], ids=["bare", "no claims"])
def test_nothing_paid_for_no_claim_is_skipped(event: Any) -> None:
    """M-9."""
    decision = decided(event)
    assert rows(decision) == [(PAID, "", 0, State.SKIPPED_ZERO)]
    assert decision.reason is DecisionReason.ZERO_AMOUNT


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"types": modes(insurance=TypeMode.OFF)}, DecisionReason.TYPE_OFF),
        ({"master": False}, DecisionReason.MASTER_OFF),
        ({"status": PracticeStatus.OFFBOARDED}, DecisionReason.OFFBOARDED),
    ],
)
def test_what_is_off_is_skipped_whole(settings: dict[str, Any], reason: DecisionReason) -> None:
    """ET-3, SET-2, law 2: doubtful, unnamed and office-level entries too, with their amounts."""
    event = remitted(claim(line(12000, CO_45=5000, CO_97=3000), ref=None), plb=(600,))
    decision = decided(event, **settings)
    assert [(kind, amount) for kind, _, amount, _ in rows(decision)] == [
        (PAID, 12000),
        (WRITTEN_OFF, 5000),
        (PAID, -600),
    ]
    assert {(e.state, e.reason, e.holds) for e in decision.effects} == {(State.SKIPPED_DISABLED, reason, ())}


def test_every_condition_is_kept_and_the_first_is_shown() -> None:
    """PROTOCOL section 3, T-13: in doubt, not cleared, not named: all three must be met, in this order."""
    event = remitted(claim(line(12000, CO_97=3000), ref=None))
    (paid,) = decided(event, timing=Timing.ON_CLEAR).effects
    assert (paid.state, paid.reason) == (REVIEW, DecisionReason.CODE_NOT_ALLOWED)
    assert paid.holds == (State.AWAITING_CLEARANCE, ALLOCATION)
    (by_hand,) = decided(event, types=modes(insurance=TypeMode.MANUAL)).effects
    assert (by_hand.state, by_hand.holds) == (REVIEW, (ALLOCATION, State.AWAITING_MANUAL_POST))


def test_a_take_back_waits_for_no_clearance() -> None:
    """T-13, I-9: reversals never wait; what is paid beside it does."""
    back = claim(line(-2000), ref="clm-2", status="22")
    decision = decided(remitted(claim(line(15000)), back), timing=Timing.ON_CLEAR)
    assert [(e.state, e.due_at) for e in decision.effects] == [
        (State.AWAITING_CLEARANCE, None),
        (DUE, NOON + MINUTE),
    ]


def test_a_corrected_remittance_is_planned_like_the_first() -> None:
    """E-11: and says which version it books."""
    event = remitted(claim(line(12000, CO_45=5000)))
    again = corrected(3, gross=12000, fee=0, kind=PaymentKind.INSURANCE, remittance=event.remittance)
    assert rows(decided(again)) == rows(decided(event))
    assert {effect.instruction.version for effect in decided(again).effects} == {3}
