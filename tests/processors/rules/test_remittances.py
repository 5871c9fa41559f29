"""A whole remittance: many claims, what the insurer kept, and what it takes back (I-2, I-7, I-9, I-10, M-9)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Claim, Tender
from schemas.practice_settings import AmountMode, Timing, UnattachedInsurance
from schemas.validation.events import validate
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules.kind_examples import claim, decided, line, of_kind, remitted, rows, total

PAID, WRITTEN_OFF = EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF
DUE, REVIEW = State.SCHEDULED, State.AWAITING_REVIEW


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
    assert kept.reason is DecisionReason.OF_NO_CLAIM
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


def test_a_reversal_names_the_codes_of_its_original() -> None:
    """I-9, I-5: OA-A2, stopped in 2008, holds what is paid today and not what an older payment is taken back with; a
    code that no list ever had holds both."""
    paid = claim(line(30000), ref="other")
    for code, state in (("OA_A2", DUE), ("OA_999", REVIEW), ("CO_97", REVIEW)):
        back = claim(line(-12000, **{code: -3000}), status="22")
        assert rows(decided(remitted(paid, back)))[-1] == (PAID, "1", -12000, state)
    today = decided(remitted(claim(line(12000, OA_A2=3000))))
    assert rows(today) == [(PAID, "", 12000, REVIEW)]


def test_a_reversal_and_its_correction_in_one_remittance() -> None:
    """I-9, I-10: the claim is taken back with its write-off and paid again, in this order; the payment is the rest."""
    back = claim(line(-12000, CO_45=-5000, PR_1=-3000), status="22")
    decision = decided(remitted(back, claim(line(13000, CO_45=4000, PR_1=3000))))
    assert rows(decision) == [
        (PAID, "0", -12000, DUE),
        (WRITTEN_OFF, "0", -5000, DUE),
        (PAID, "1", 13000, DUE),
        (WRITTEN_OFF, "1", 4000, DUE),
    ]
    assert {effect.lane for effect in decision.effects} == {"r:era-1"}


def test_a_remittance_that_pays_nothing_still_books_its_claims() -> None:
    """I-2, I-9, M-9: what the insurer is owed (PLB WO) eats the whole payment; the patient's claim was paid all the
    same, and the office has the difference."""
    event = remitted(claim(line(15000, CO_45=5000)), plb=(15000,))
    validate(event)
    assert event.gross_minor == 0
    assert rows(decided(event)) == [
        (PAID, "", 15000, DUE),
        (WRITTEN_OFF, "", 5000, DUE),
        (PAID, "plb0", -15000, State.AWAITING_MANUAL_POST),
    ]


def test_one_remittance_over_many_patients() -> None:
    """I-10: each claim on its patient's ledger, all in one lane, their sum the payment; one in doubt holds no other."""
    second = claim(line(5400, CO_97=2600), ref="clm-2", patient="pt-2")
    event = remitted(claim(line(9000, CO_45=3000)), second, fee=432, tender=Tender.VIRTUAL_CARD)
    decision = decided(event)
    assert rows(decision) == [(PAID, "0", 9000, DUE), (WRITTEN_OFF, "0", 3000, DUE), (PAID, "1", 5400, REVIEW)]
    assert [e.instruction.patient_ref for e in of_kind(decision, PAID)] == ["pt-1", "pt-2"]
    assert {effect.lane for effect in decision.effects} == {"r:era-1"}
    assert total(decision, PAID) == event.gross_minor


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
    for position, remitted_claim in enumerate(claims):
        part = "" if len(claims) == 1 else str(position)
        order = paid[part].instruction.claim
        assert order is not None
        adjustments = [
            *remitted_claim.adjustments,
            *(each for line_ in remitted_claim.lines or () for each in line_.adjustments),
        ]
        kept = sum(a.amount_minor for a in adjustments if f"{a.group}-{a.carc}" not in settings["write_off_codes"])
        patients = sum(a.amount_minor for a in adjustments if f"{a.group}-{a.carc}" == "PR-1")
        still_open = kept + (patients if "PR-1" in settings["write_off_codes"] else 0)
        assert remitted_claim.charged_minor - order.paid_minor - order.write_off_minor == still_open
        assert (written_off[part].instruction.amount_minor if part in written_off else 0) == order.write_off_minor
