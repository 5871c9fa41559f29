"""Events about the payment `pay-1` and the payout `po-1`, for tests of the rules and of the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas import events as e
from tests.processors.rules.event_examples import NOON, PRACTICE, payment


def _envelope(event_id: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "source": "payments.example",
        "occurred_at": at,
        "produced_at": at,
        "practice_id": PRACTICE,
    }


def _moved(gross: int, fee: int) -> dict[str, Any]:
    return {"payment_id": "pay-1", "gross_minor": gross, "fee_minor": fee, "net_minor": gross - fee}


def corrected(
    gross: int = 12000, fee: int | None = 380, version: int = 2, at: datetime = NOON, **changed: Any
) -> e.PaymentCorrected:
    """The payment as it should have been, with everything that `payment` says."""
    first = payment(gross, fee, at)
    facts = {name: getattr(first, name) for name in e.PaymentFacts.__struct_fields__}
    return e.PaymentCorrected(**(facts | {"event_id": f"ev-c{version}", "version": version} | changed))


def cleared(at: datetime = NOON, **changed: Any) -> e.PaymentCleared:
    return e.PaymentCleared(**(_envelope("ev-cl", at) | {"payment_id": "pay-1", "cleared_at": at} | changed))


def fee_assessed(
    fee: int = 320, net: int = 9680, version: int = 1, at: datetime = NOON, **changed: Any
) -> e.PaymentFeeAssessed:
    values = {"payment_id": "pay-1", "fee_minor": fee, "net_minor": net, "version": version}
    return e.PaymentFeeAssessed(**(_envelope(f"ev-f{version}", at) | values | changed))


def voided(at: datetime = NOON, **changed: Any) -> e.PaymentVoided:
    return e.PaymentVoided(**(_envelope("ev-v", at) | {"payment_id": "pay-1"} | changed))


def returned(gross: int = -10000, fee: int = 0, at: datetime = NOON, **changed: Any) -> e.PaymentReturned:
    values = _envelope("ev-rt", at) | _moved(gross, fee) | {"return_id": "ret-1", "return_code": "R01"}
    return e.PaymentReturned(**(values | changed))


def reinstated(gross: int = 10000, fee: int = 0, at: datetime = NOON, **changed: Any) -> e.PaymentReinstated:
    values = _envelope("ev-ri", at) | _moved(gross, fee)
    values |= {"return_id": "ret-1", "reason": e.ReinstatedReason.DISHONORED_RETURN}
    return e.PaymentReinstated(**(values | changed))


def refunded(
    gross: int = -10000, fee: int = 0, number: int = 1, at: datetime = NOON, **changed: Any
) -> e.RefundSucceeded:
    values = _envelope(f"ev-r{number}", at) | _moved(gross, fee) | {"refund_id": f"ref-{number}"}
    return e.RefundSucceeded(**(values | changed))


def refund_failed(
    gross: int = 10000, fee: int = 0, number: int = 1, at: datetime = NOON, **changed: Any
) -> e.RefundFailed:
    values = _envelope(f"ev-rf{number}", at) | _moved(gross, fee) | {"refund_id": f"ref-{number}"}
    return e.RefundFailed(**(values | changed))


def disputed(gross: int = -10000, fee: int = 1500, at: datetime = NOON, **changed: Any) -> e.DisputeOpened:
    values = _envelope("ev-d", at) | _moved(gross, fee) | {"dispute_id": "dis-1", "reason_code": "fraud"}
    return e.DisputeOpened(**(values | changed))


def dispute_closed(
    outcome: e.DisputeOutcome = e.DisputeOutcome.LOST,
    gross: int = 0,
    fee: int = 0,
    at: datetime = NOON,
    **changed: Any,
) -> e.DisputeClosed:
    values = _envelope("ev-dc", at) | _moved(gross, fee) | {"dispute_id": "dis-1", "outcome": outcome}
    return e.DisputeClosed(**(values | changed))


def payout_failed(at: datetime = NOON, **changed: Any) -> e.PayoutFailed:
    values = _envelope("ev-of", at) | {"payout_id": "po-1", "failed_at": at, "reason_code": "account_closed"}
    return e.PayoutFailed(**(values | changed))
