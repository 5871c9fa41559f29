"""Validates refunds, returns and disputes (M-3). Each check raises Invalid."""

from __future__ import annotations

from schemas import events as e
from schemas.validation.checks import (
    check_above_zero,
    check_below_zero,
    check_code,
    check_count,
    check_id,
    check_instant,
    check_known,
    check_net,
    check_not_negative,
    check_not_positive,
    check_version,
)
from schemas.validation.parts import amounts_disagree, check_split, check_split_sum
from schemas.vocabulary import FieldFault


def check_returned(event: e.PaymentReturned) -> None:
    check_id("return_id", event.return_id)
    check_id("payment_id", event.payment_id)
    check_code("return_code", event.return_code)
    check_below_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)


def check_reinstated(event: e.PaymentReinstated) -> None:
    check_id("return_id", event.return_id)
    check_id("payment_id", event.payment_id)
    check_known("reason", event.reason)
    check_above_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)


def check_refund(event: e.RefundSucceeded) -> None:
    check_id("refund_id", event.refund_id)
    check_id("payment_id", event.payment_id)
    check_below_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)
    check_count("splits", event.splits)
    for number, split in enumerate(event.splits):
        check_split(number, split)
        check_not_positive(f"splits.{number}.amount_minor", split.amount_minor)
    if event.surcharge_minor is None:
        return  # INTAKE computes its share of the original's surcharge
    check_not_positive("surcharge_minor", event.surcharge_minor)
    if event.surcharge_minor < event.gross_minor:
        raise amounts_disagree("surcharge_minor", FieldFault.SURCHARGE_ABOVE_GROSS)
    if event.splits:
        check_split_sum(event.splits, event.gross_minor - event.surcharge_minor)


def check_refund_failed(event: e.RefundFailed) -> None:
    check_id("refund_id", event.refund_id)
    check_id("payment_id", event.payment_id)
    check_above_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)


def check_dispute_opened(event: e.DisputeOpened) -> None:
    check_id("dispute_id", event.dispute_id)
    check_version("version", event.version)
    check_id("payment_id", event.payment_id)
    check_code("reason_code", event.reason_code)
    check_not_positive("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)
    if event.respond_by is not None:
        check_instant("respond_by", event.respond_by)


def check_dispute_closed(event: e.DisputeClosed) -> None:
    check_id("dispute_id", event.dispute_id)
    check_version("version", event.version)
    check_id("payment_id", event.payment_id)
    check_known("outcome", event.outcome)
    check_not_negative("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)
