"""Refunds, voids, disputes, returns, late fees, clearance and corrections, through every role, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from schemas.events import (
    DisputeClosed,
    DisputeOpened,
    DisputeOutcome,
    Event,
    PaymentCleared,
    PaymentCorrected,
    PaymentFacts,
    PaymentFeeAssessed,
    PaymentReturned,
    PaymentSucceeded,
    PaymentVoided,
    PayoutCategory,
    PayoutItem,
    PayoutPaid,
    RefundFailed,
    RefundSucceeded,
    Tender,
)
from schemas.practice_settings import Timing
from tests.scenarios.example_events import SOURCE, just_now, payment, payout, some_id
from tests.scenarios.pipeline import Pipeline

pytestmark = pytest.mark.stack


def about(paid: PaymentSucceeded, kind: Callable[..., Event], **facts: Any) -> Any:
    """An event of that type about a payment, of just now."""
    at = just_now()
    envelope = {
        "event_id": some_id("ev"),
        "source": SOURCE,
        "occurred_at": at,
        "produced_at": at,
        "practice_id": paid.practice_id,
        "payment_id": paid.payment_id,
    }
    return kind(**(envelope | facts))


def money(gross: int, fee: int = 0) -> dict[str, Any]:
    return {"gross_minor": gross, "fee_minor": fee, "net_minor": gross - fee}


def refund(paid: PaymentSucceeded, gross: int, **facts: Any) -> RefundSucceeded:
    refunded: RefundSucceeded = about(paid, RefundSucceeded, refund_id=some_id("ref"), **money(-gross), **facts)
    return refunded


def carrying(paid: PaymentSucceeded, gross: int, fee: int) -> PayoutPaid:
    """A payout with this one payment."""
    item = PayoutItem(item_id="001", category=PayoutCategory.CHARGE, payment_id=paid.payment_id, **money(gross, fee))
    return msgspec.structs.replace(payout(paid.practice_id, ((gross, fee),)), items=(item,))


def at_the_pms(pipeline: Pipeline, practice: str) -> list[tuple[str, int]]:
    """What stands in the office's ledger by our own words, posted alone, in the order of the ledger."""
    rows = pipeline.rows(
        "SELECT entry_kind, amount_minor FROM effects WHERE practice_id = %s AND target = 'PMS' AND state = 'POSTED'"
        " ORDER BY effect_id",
        practice,
    )
    return [(row["entry_kind"], row["amount_minor"]) for row in rows]


def test_refunds(pipeline: Pipeline) -> None:
    """R-2, R-4, R-8, R-9: a refund that came before its payment, refunds in part, one too many, one that failed."""
    early, parts, failing = (pipeline.practice(name) for name in ("early", "parts", "failing"))
    pipeline.start_all()
    paid = payment(early)
    pipeline.send(refund(paid, 10_000))
    pipeline.until_states(practice=early, AWAITING_ORIGINAL=1)
    pipeline.send(paid)
    pipeline.until_states(practice=early, POSTED=3)
    assert at_the_pms(pipeline, early) == [("payment", 9_680), ("fee_adjustment", 320), ("refund", -10_000)]

    paid = payment(parts)
    pipeline.send(paid, *(refund(paid, gross) for gross in (3_333, 3_333, 4_000)))
    pipeline.until_states(practice=parts, POSTED=4, AWAITING_REVIEW=1)
    assert pipeline.at_targets()[parts] == 10_000 - 6_666

    paid = payment(failing)
    gone = refund(paid, 10_000)
    back = about(paid, RefundFailed, refund_id=gone.refund_id, **money(10_000))
    pipeline.send(back)
    pipeline.send(paid, gone)
    pipeline.until_states(practice=failing, POSTED=4)
    assert pipeline.at_targets()[failing] == 10_000
    pipeline.invariants()


def test_voids(pipeline: Pipeline) -> None:
    """R-7, R-15: a void before the post leaves nothing in the office's ledger, a void after it a reversal."""
    before, after = pipeline.practice("before", patients=()), pipeline.practice("after")
    pipeline.start_all()
    paid = payment(before, "pt-9")
    pipeline.send(paid)
    pipeline.until_states(practice=before, AWAITING_LINK=2)
    pipeline.send(about(paid, PaymentVoided))
    pipeline.until_states(practice=before, VOIDED_BEFORE_POST=2)

    paid = payment(after, gross=9_000, fee=291)
    pipeline.send(paid)
    pipeline.until_states(practice=after, POSTED=2)
    pipeline.send(about(paid, PaymentVoided))
    pipeline.until_states(practice=after, POSTED=4)
    assert at_the_pms(pipeline, after)[2:] == [("reversal", -8_709), ("reversal", -291)]
    assert pipeline.at_targets() == {before: 0, after: 0}
    pipeline.invariants()


def test_disputes_and_returns(pipeline: Pipeline) -> None:
    """R-10, R-11, R-15: a dispute lost, one won, and a payment that the bank returns; staff are notified of each."""
    lost, won, returned = (pipeline.practice(name) for name in ("lost", "won", "returned"))
    pipeline.start_all()
    for practice, outcome in ((lost, DisputeOutcome.LOST), (won, DisputeOutcome.WON)):
        paid = payment(practice, gross=40_000, fee=1_200)
        dispute = some_id("dis")
        pipeline.send(
            paid,
            about(
                paid,
                DisputeOpened,
                dispute_id=dispute,
                reason_code="fraud",
                respond_by=just_now() + timedelta(days=14),
                **money(-40_000, 1_500),
            ),
        )
        pipeline.until_states(practice=practice, POSTED=4)
        closed = money(0) if outcome is DisputeOutcome.LOST else money(40_000, -1_500)
        pipeline.send(about(paid, DisputeClosed, dispute_id=dispute, outcome=outcome, **closed))
    pipeline.until_states(practice=lost, POSTED=4)
    pipeline.until_states(practice=won, POSTED=6)
    assert at_the_pms(pipeline, lost)[2:] == [("dispute_hold", -41_500), ("fee_adjustment", 1_500)]
    assert at_the_pms(pipeline, won)[4:] == [("dispute_release", 41_500), ("fee_adjustment", -1_500)]

    paid = payment(returned, gross=25_000, fee=100, tender=Tender.ACH)
    bounced = about(paid, PaymentReturned, return_id=some_id("ret"), return_code="R01", **money(-25_000, 400))
    pipeline.send(paid, bounced)
    pipeline.until_states(practice=returned, POSTED=4)
    assert at_the_pms(pipeline, returned)[2:] == [("return", -25_400), ("fee_adjustment", 400)]
    notified = "SELECT count(*) AS n FROM notices WHERE told_at IS NOT NULL AND reason = ANY(%s)"
    causes = ["DISPUTE_LOST", "DISPUTE_WON", "PAYMENT_RETURNED"]
    pipeline.until(lambda: pipeline.rows(notified, causes)[0]["n"] == 3, "staff are notified of each end")
    pipeline.invariants()


def test_late_fees_and_funds(pipeline: Pipeline) -> None:
    """N-5, T-13: the fee comes by an event of its own or with the payout; what waits for its funds goes when they are
    in the bank, or in a payout."""
    assessed, in_payout = pipeline.practice("assessed"), pipeline.practice("in-payout")
    cleared, paid_out = (pipeline.practice(name, timing=Timing.ON_CLEAR) for name in ("cleared", "paid-out"))
    pipeline.start_all()
    by_event, by_item = payment(assessed, fee=None), payment(in_payout, fee=None)
    waiting, carried = payment(cleared), payment(paid_out)
    pipeline.send(by_event, by_item, waiting, carried)
    pipeline.until_states(AWAITING_FEE=2, AWAITING_CLEARANCE=4)
    pipeline.send(
        about(by_event, PaymentFeeAssessed, fee_minor=320, net_minor=9_680),
        carrying(by_item, 10_000, 320),
        about(waiting, PaymentCleared, cleared_at=just_now()),
        carrying(carried, 10_000, 320),
    )
    pipeline.until_states(POSTED=8, SKIPPED_DISABLED=2)
    for practice in (assessed, in_payout, cleared, paid_out):
        assert at_the_pms(pipeline, practice) == [("payment", 9_680), ("fee_adjustment", 320)]
    pipeline.invariants()


def test_corrections(pipeline: Pipeline) -> None:
    """E-11: not posted yet, it is replaced; posted, it is taken back and posted anew. A refund of it comes after."""
    early, late = pipeline.practice("early", patients=()), pipeline.practice("late")
    pipeline.start_all()

    def corrected(paid: PaymentSucceeded, patient: str | None = None) -> PaymentCorrected:
        facts = {name: getattr(paid, name) for name in PaymentFacts.__struct_fields__}
        again = facts | money(12_000, 380) | {"event_id": some_id("ev"), "version": 2}
        return PaymentCorrected(**(again | {"patient_ref": patient or paid.patient_ref}))

    paid = payment(early, "pt-9")
    pipeline.send(paid)
    pipeline.until_states(practice=early, AWAITING_LINK=2)
    pipeline.send(corrected(paid))
    pipeline.until_states(practice=early, AWAITING_LINK=2, VOIDED_BEFORE_POST=2)

    paid = payment(late)
    pipeline.send(paid)
    pipeline.until_states(practice=late, POSTED=2)
    pipeline.send(corrected(paid), refund(paid, 12_000))
    pipeline.until_states(practice=late, POSTED=7)
    assert sorted(at_the_pms(pipeline, late)) == [
        ("fee_adjustment", 320),
        ("fee_adjustment", 380),
        ("payment", 9_680),
        ("payment", 11_620),
        ("refund", -12_000),
        ("reversal", -9_680),
        ("reversal", -320),
    ]
    assert pipeline.at_targets()[late] == 0
    pipeline.invariants()
