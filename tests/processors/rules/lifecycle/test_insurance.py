"""What happens to insurance payments afterwards (I-7, R-7, R-11, R-15), in minor units."""

from __future__ import annotations

from typing import Any

from schemas import events as e
from schemas.vocabulary import State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.kind_examples import claim, line
from tests.processors.rules.lifecycle.memory_ledger import Ledger, corrected, fee_assessed, refund, returned, void

REMITTANCE = e.Remittance(
    remittance_id="rm-1",
    insurer_ref="ins-1",
    claims=tuple(
        e.Claim(
            claim_ref=f"cl-{number}",
            status="1",
            patient_ref=f"pt-{number}",
            charged_minor=charged,
            paid_minor=paid,
            lines=(
                e.ClaimLine(
                    procedure_ref=f"pr-{number}",
                    charged_minor=charged,
                    paid_minor=paid,
                    adjustments=(
                        e.ClaimAdjustment(group=e.AdjustmentGroup.CO, carc="45", amount_minor=charged - paid),
                    ),
                ),
            ),
        )
        for number, charged, paid in ((1, 12000, 9600), (2, 6000, 4800))
    ),
)
"""14400 paid by virtual card over two claims, of which 3600 are written off."""


def paid() -> Ledger:
    ledger = Ledger()
    ledger.report(
        examples.payment(14400, 432, kind=e.PaymentKind.INSURANCE, tender=e.Tender.VIRTUAL_CARD, remittance=REMITTANCE)
    )
    ledger.post()
    return ledger


def test_i7_the_plan_is_gross() -> None:
    assert [row[:3] for row in paid().rows()] == [
        ("insurance_payment", "0", 9600),
        ("write_off", "0", 2400),
        ("insurance_payment", "1", 4800),
        ("write_off", "1", 1200),
    ]


def test_i7_r7_a_void_reverses_claim_payments_and_write_offs() -> None:
    """I-6, I-7: both or neither, gross; each in the lane and for the claim of its origin."""
    ledger = paid()
    change = ledger.report(void())
    assert ledger.table() == [
        ("reversal", "insurance_payment/0@1", -9600),
        ("reversal", "write_off/0@1", -2400),
        ("reversal", "insurance_payment/1@1", -4800),
        ("reversal", "write_off/1@1", -1200),
    ]
    claims = [planned.effect.instruction.claim for planned in change.effects]
    assert [claim.claim_ref if claim else None for claim in claims] == ["cl-1", "cl-1", "cl-2", "cl-2"]
    assert {planned.effect.lane for planned in change.effects} == {"r:rm-1"}


def test_i7_r11_a_returned_payment_takes_the_claims_back_gross() -> None:
    """I-7: no fee of any kind reaches a patient; the insurer's own decision, the write-off, is not the bank's."""
    ledger = paid()
    ledger.report(returned(-14400, 1000))
    assert ledger.table() == [("return", "0", -9600), ("return", "1", -4800)]


def test_i7_r2_a_part_goes_back_by_claim_and_the_last_takes_the_rest() -> None:
    ledger = paid()
    ledger.report(refund(-100, ref="re-1"))
    assert ledger.table() == [("refund", "0", -67), ("refund", "1", -33)]
    ledger.report(refund(-14300, ref="re-2"))
    assert ledger.table() == [("refund", "0", -9533), ("refund", "1", -4767)]


def test_i7_a_virtual_cards_fee_reported_later_posts_nothing() -> None:
    ledger = paid()
    assert ledger.report(fee_assessed(500, 13900)).applied


def test_e11_a_correction_of_one_claim_reposts_them() -> None:
    """E-11, I-6: what was posted is reversed with its write-offs, and the claims follow as they should have been."""
    ledger = paid()
    first, second = REMITTANCE.claims
    again = examples.changed(REMITTANCE, claims=(first, examples.changed(second, claim_ref="cl-3")))
    ledger.report(
        corrected(gross=14400, fee=432, kind=e.PaymentKind.INSURANCE, tender=e.Tender.VIRTUAL_CARD, remittance=again)
    )
    kinds = [row[0] for row in ledger.table()]
    assert kinds == ["reversal"] * 4 + ["insurance_payment", "write_off"] * 2
    assert ledger.total("insurance_payment") == 2 * 14400
    assert ledger.total("reversal") == -(14400 + 3600)


def claimed(paid: int = 12000, remark: str = "N362", **adjustments: int) -> e.Remittance:
    reported = examples.changed(claim(line(paid, "pr-1", **adjustments), ref="cl-1"), remarks=(remark,))
    return e.Remittance(remittance_id="rm-1", insurer_ref="ins-1", claims=(reported,))


def told_twice(first: e.Remittance, second: e.Remittance, *, posted: bool = False) -> Ledger:
    ledger = Ledger()
    by_cheque: dict[str, Any] = {"kind": e.PaymentKind.INSURANCE, "tender": e.Tender.CHECK}
    ledger.report(examples.payment(12000, 0, remittance=first, **by_cheque))
    if posted:
        ledger.post()
    ledger.report(corrected(gross=12000, fee=0, remittance=second, **by_cheque))
    return ledger


def states(ledger: Ledger) -> list[tuple[str, State]]:
    return [(entry.entry_kind.value, entry.state) for entry in ledger.state.entries]


def test_e11_a_correction_that_takes_the_doubt_away_frees_the_claim() -> None:
    """E-11, I-3: CO-97 reported again as the patient's part, of the same amounts: no review is left."""
    ledger = told_twice(claimed(CO_97=3000), claimed(PR_1=3000))
    assert states(ledger) == [
        ("insurance_payment", State.VOIDED_BEFORE_POST),
        ("insurance_payment", State.SCHEDULED),
    ]


def test_e11_a_correction_that_brings_a_doubt_holds_the_claim() -> None:
    """E-11, I-3: as long as nothing was sent; money that was posted is not taken back for a code."""
    held = told_twice(claimed(PR_1=3000), claimed(CO_97=3000))
    assert states(held)[-1] == ("insurance_payment", State.AWAITING_REVIEW)
    assert len(states(told_twice(claimed(PR_1=3000), claimed(CO_97=3000), posted=True))) == 1


def test_e11_another_remark_corrects_nothing() -> None:
    """E-11, I-5: remarks explain; the entry stays what it is, posted or not."""
    for posted in (False, True):
        assert len(states(told_twice(claimed(PR_1=3000), claimed(remark="MA130", PR_1=3000), posted=posted))) == 1


def test_r8_before_the_payment_it_parks() -> None:
    ledger = Ledger()
    assert ledger.report(returned(-14400)).waiting is State.AWAITING_ORIGINAL
