"""Insurance: per claim a payment and its write-off, by codes that are data (I-1 to I-12, ET-3, M-9)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Claim, PaymentKind, Split, Tender
from schemas.practice_settings import Allocation, AmountMode, PracticeStatus, Timing, TypeMode, UnattachedInsurance
from schemas.reasons import DeadLetterReason, DecisionReason
from schemas.states import EntryKind, State
from schemas.validation import Invalid, validate
from tests.processors.told import NOON, changed, modes, payment
from tests.processors.told_kinds import (
    MINUTE,
    adjusted,
    claim,
    corrected,
    decided,
    line,
    of_kind,
    remitted,
    rows,
    total,
)

PAID, WRITTEN_OFF = EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF
DUE, REVIEW, ALLOCATION = State.SCHEDULED, State.AWAITING_REVIEW, State.AWAITING_ALLOCATION


def test_a_claim_is_its_payment_and_its_write_off() -> None:
    """I-3, I-6: 200.00 charged, CO-45 50.00, PR-1 30.00, paid 120.00; the write-off waits for the payment."""
    decision = decided(remitted(claim(line(12000, CO_45=5000, PR_1=3000))))
    assert rows(decision) == [(PAID, "", 12000, DUE), (WRITTEN_OFF, "", 5000, DUE)]
    paid, written_off = decision.effects
    assert (paid.depends_on, written_off.depends_on) == (None, (PAID, ""))
    assert paid.lane == written_off.lane == "r:era-1"
    assert {e.instruction.patient_ref for e in decision.effects} == {"pt-1"}
    order = paid.instruction.claim
    assert order is not None
    assert (order.claim_ref, order.charged_minor, order.paid_minor, order.write_off_minor) == (
        "clm-1",
        20000,
        12000,
        5000,
    )
    assert [(each.procedure_ref, each.paid_minor, each.write_off_minor) for each in order.lines] == [
        ("proc-1", 12000, 5000)
    ]


def test_unbalanced_is_refused_by_the_contract() -> None:
    """I-1, I-2: a claim, a line or a remittance that does not add up never comes to the rules."""
    event = remitted(claim(line(12000, CO_45=5000)))
    assert event.remittance is not None
    validate(event)
    (told,) = event.remittance.claims
    assert told.lines is not None
    line_off = changed(told, lines=(changed(told.lines[0], paid_minor=11999),))
    for claims in ((changed(told, paid_minor=11999),), (line_off,), (told, told)):
        with pytest.raises(Invalid) as refused:
            validate(changed(event, remittance=changed(event.remittance, claims=claims)))
        assert refused.value.reason is DeadLetterReason.UNBALANCED


@pytest.mark.parametrize("status", ["1", "2", "3", "4", "19", "20", "21", "23"])
def test_what_is_told_for_information_balances_nothing(status: str) -> None:
    """I-4: only charges, payments and adjustments count; not how or when it was processed, nor what a line is of."""
    told = claim(line(12000, CO_45=5000, PR_1=3000), status=status)
    for informed in (told, changed(told, service_from=date(2026, 2, 10)), changed(told, claim_ref="other")):
        assert rows(decided(remitted(informed))) == [(PAID, "", 12000, DUE), (WRITTEN_OFF, "", 5000, DUE)]


@pytest.mark.parametrize(
    ("adjustments", "paid", "written_off"),
    [
        ({"PR_1": 3000}, 17000, 0),
        ({"OA_23": 17600}, 2400, 0),
        ({"PI_45": 1000}, 19000, 0),
        ({"OA_100": 1000}, 19000, 0),
        ({"CO_45": 5000, "PR_45": 1000}, 14000, 5000),
        ({"CO_97": 0}, 20000, 0),
    ],
)
def test_only_what_is_allowed_is_written_off(adjustments: dict[str, int], paid: int, written_off: int) -> None:
    """I-3: PR, OA and PI are recorded and not posted; OA-23 17600 of 20000 → payment 2400, write-off 0."""
    decision = decided(remitted(claim(line(paid, **adjustments))))
    assert (total(decision, PAID), total(decision, WRITTEN_OFF)) == (paid, written_off)
    assert {effect.state for effect in decision.effects} == {DUE}


@pytest.mark.parametrize("code", ["CO_97", "CO_9999", "PR_9999", "OA_A2", "PI_ZZ9"])
def test_a_code_in_doubt_holds_the_whole_claim(code: str) -> None:
    """I-3, I-5: another CO code, a code that no list knows, one that was stopped (A2, 2008): stored and reviewed."""
    decision = decided(remitted(claim(line(12000, CO_45=5000, **{code: 3000}))))
    assert rows(decision) == [(PAID, "", 12000, REVIEW), (WRITTEN_OFF, "", 5000, REVIEW)]
    assert {effect.reason for effect in decision.effects} == {DecisionReason.CODE_NOT_ALLOWED}


def test_the_practice_names_what_it_writes_off() -> None:
    """I-3, I-5: CO-97 and OA-94 by setting; CO-45 taken off the list is in doubt."""
    codes = ("CO-45", "CO-97", "OA-94")
    decision = decided(remitted(claim(line(10000, CO_45=5000, CO_97=3000, OA_94=2000))), write_off_codes=codes)
    assert rows(decision) == [(PAID, "", 10000, DUE), (WRITTEN_OFF, "", 10000, DUE)]
    none = decided(remitted(claim(line(12000, CO_45=5000))), write_off_codes=())
    assert rows(none) == [(PAID, "", 12000, REVIEW)]


def test_what_the_patient_owes_is_never_written_off() -> None:
    """I-3: not even where somebody put it on the list; nor what an earlier insurer reduced."""
    decision = decided(remitted(claim(line(12000, PR_1=5000, OA_23=3000))), write_off_codes=("PR-1", "OA-23"))
    assert rows(decision) == [(PAID, "", 12000, DUE)]


def test_claim_level_and_line_level_adjustments_add_up() -> None:
    """I-1: 5000 on the lines and 1000 on the claim."""
    decision = decided(remitted(claim(line(9000, CO_45=3000), line(7000, "proc-2", CO_45=2000), CO_45=1000)))
    assert (total(decision, PAID), total(decision, WRITTEN_OFF)) == (15000, 6000)


def test_what_the_insurer_kept_stands_at_office_level() -> None:
    """I-2: BPR02 = claims − PLB: 15000 − 600 = 14400, to the cent, and on no patient's ledger."""
    event = remitted(claim(line(15000, CO_45=5000)), plb=(600,))
    decision = decided(event)
    assert rows(decision) == [
        (PAID, "", 15000, DUE),
        (WRITTEN_OFF, "", 5000, DUE),
        (PAID, "plb0", -600, State.AWAITING_MANUAL_POST),
    ]
    kept = decision.effects[-1]
    assert (kept.instruction.office_level, kept.instruction.patient_ref, kept.lane) == (True, None, "r:era-1")
    assert kept.reason is DecisionReason.PATIENT_UNTOUCHED
    assert total(decision, PAID) == event.gross_minor == 14400


def test_a_payment_of_nothing_but_provider_adjustments() -> None:
    """I-2: interest of 12.00 (PLB −12.00) without any claim; a PLB of 0 is nothing to post (M-9)."""
    decision = decided(remitted(plb=(-1200, 0)))
    assert rows(decision) == [
        (PAID, "plb0", 1200, State.AWAITING_MANUAL_POST),
        (PAID, "plb1", 0, State.SKIPPED_ZERO),
    ]


@pytest.mark.parametrize("mode", list(AmountMode))
def test_a_virtual_cards_fee_reaches_no_patient(mode: AmountMode) -> None:
    """I-7: 14400 with fee 432 → claim payments 14400 in every mode; nothing waits for an unknown fee."""
    for fee in (432, None):
        decision = decided(remitted(claim(line(14400, CO_45=5600)), fee=fee, tender=Tender.VIRTUAL_CARD), amount=mode)
        assert (decision.waiting, decision.amount_mode) == (None, AmountMode.GROSS)
        assert rows(decision) == [(PAID, "", 14400, DUE), (WRITTEN_OFF, "", 5600, DUE)]
        assert {(e.instruction.gross_minor, e.instruction.fee_minor) for e in decision.effects} == {(None, None)}


def test_a_take_back_restores_the_write_off() -> None:
    """I-9: CLP02 22: −12000 and the write-off of 5000 back, beside a claim that is paid."""
    back = claim(line(-12000, CO_45=-5000, PR_1=-3000), ref="clm-2", patient="pt-2", status="22")
    decision = decided(remitted(claim(line(15000, CO_45=5000)), back))
    assert rows(decision) == [
        (PAID, "0", 15000, DUE),
        (WRITTEN_OFF, "0", 5000, DUE),
        (PAID, "1", -12000, DUE),
        (WRITTEN_OFF, "1", -5000, DUE),
    ]
    assert total(decision, PAID) == 3000


def test_a_reversal_that_pays_is_looked_at() -> None:
    """I-9: status 22 with money to the practice contradicts itself."""
    assert rows(decided(remitted(claim(line(12000), status="22")))) == [(PAID, "", 12000, REVIEW)]


def test_one_remittance_over_many_patients() -> None:
    """I-10: each claim on its patient's ledger, all in one lane, their sum the payment; one in doubt holds no other."""
    second = claim(line(5400, CO_97=2600), ref="clm-2", patient="pt-2")
    event = remitted(claim(line(9000, CO_45=3000)), second, fee=432, tender=Tender.VIRTUAL_CARD)
    decision = decided(event)
    assert rows(decision) == [(PAID, "0", 9000, DUE), (WRITTEN_OFF, "0", 3000, DUE), (PAID, "1", 5400, REVIEW)]
    assert [e.instruction.patient_ref for e in of_kind(decision, PAID)] == ["pt-1", "pt-2"]
    assert {effect.lane for effect in decision.effects} == {"r:era-1"}
    assert total(decision, PAID) == event.gross_minor


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
    """I-12: a claim of one procedure cannot be mistaken, on whichever level its adjustments are told."""
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
    """Protocol section 3, T-13: in doubt, not cleared, not named: all three must be met, in this order."""
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
    """E-11: and says which telling it books."""
    event = remitted(claim(line(12000, CO_45=5000)))
    again = corrected(3, gross=12000, fee=0, kind=PaymentKind.INSURANCE, remittance=event.remittance)
    assert rows(decided(again)) == rows(decided(event))
    assert {effect.instruction.version for effect in decided(again).effects} == {3}


CODES = ["CO_45", "CO_97", "PR_1", "OA_23", "PI_45", "CO_9999", "OA_94"]
LINES = st.builds(
    lambda paid, amounts, procedure: line(paid, procedure, **amounts),
    st.integers(-(10**7), 10**7),
    st.dictionaries(st.sampled_from(CODES), st.integers(-(10**6), 10**6), max_size=4),
    st.sampled_from([None, "proc-1"]),
)
CLAIMS = st.builds(
    lambda lines, ref, status, more: claim(*lines, ref=ref, status=status, **more),
    st.lists(LINES, min_size=1, max_size=4),
    st.sampled_from([None, "clm-1"]),
    st.sampled_from(["1", "22"]),
    st.dictionaries(st.sampled_from(CODES), st.integers(-(10**6), 10**6), max_size=2),
)


@given(
    claims=st.lists(CLAIMS, max_size=5),
    plb=st.lists(st.integers(-(10**6), 10**6), max_size=3),
    settings=st.fixed_dictionaries(
        {
            "timing": st.sampled_from(list(Timing)),
            "unattached_insurance": st.sampled_from(list(UnattachedInsurance)),
            "write_off_codes": st.sampled_from([(), ("CO-45",), ("CO-45", "CO-97", "PR-1", "OA-94")]),
            "master": st.booleans(),
        }
    ),
)
def test_entries_are_the_payment_and_claims_stay_balanced(
    claims: list[Claim], plb: list[int], settings: dict[str, Any]
) -> None:
    """I-1, I-2, I-3, I-6, I-10: payments add up to what was paid; of each claim, charged − paid − write-off is what
    nobody wrote off; a write-off depends on its payment, shares its fate and is never the patient's part."""
    event = remitted(*claims, plb=tuple(plb))
    decision = decided(event, **settings)
    assert total(decision, PAID) == event.gross_minor
    keys = [(effect.entry_kind, effect.part) for effect in decision.effects]
    assert len(set(keys)) == len(keys)
    paid = {effect.part: effect for effect in of_kind(decision, PAID)}
    written_off = {effect.part: effect for effect in of_kind(decision, WRITTEN_OFF)}
    for part, effect in written_off.items():
        assert effect.depends_on == (PAID, part)
        assert (effect.state, effect.holds, effect.due_at) == (paid[part].state, paid[part].holds, paid[part].due_at)
    for position, told in enumerate(claims):
        part = "" if len(claims) == 1 else str(position)
        order = paid[part].instruction.claim
        assert order is not None
        adjustments = [*told.adjustments, *(each for each_line in told.lines or () for each in each_line.adjustments)]
        kept = sum(a.amount_minor for a in adjustments if f"{a.group}-{a.carc}" not in settings["write_off_codes"])
        patients = sum(a.amount_minor for a in adjustments if f"{a.group}-{a.carc}" == "PR-1")
        still_open = kept + (patients if "PR-1" in settings["write_off_codes"] else 0)
        assert told.charged_minor - order.paid_minor - order.write_off_minor == still_open
        assert (written_off[part].instruction.amount_minor if part in written_off else 0) == order.write_off_minor
