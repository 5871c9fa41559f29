"""Whether an event can be accepted: every rule of the event contract, per type (events; M-1 to M-3, I-1, I-2, C-1).

Pure, does not block, called by RULES for each event and by the producer kit before sending. Sums of payouts are not
refused here: a payout whose items do not add up is shown for review and never written (P-1, `payout_adds_up`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from schemas import events as e
from schemas.checks import (
    LATEST,
    Invalid,
    check_above_zero,
    check_amount,
    check_below_zero,
    check_code,
    check_currency,
    check_date,
    check_id,
    check_instant,
    check_known,
    check_last4,
    check_net,
    check_not_negative,
    check_not_positive,
    check_optional_id,
    check_sum,
    check_version,
    refuse_field,
)
from schemas.reasons import DeadLetterReason
from schemas.remittances import check_remittance
from schemas.topics import PAYOUT_ITEMS

__all__ = ["CLOCK_SKEW", "Invalid", "check_key", "key_of", "payout_adds_up", "validate"]

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far `occurred_at` may lie after the broker's append time before the event is refused (E-10)."""

JWE_LENGTH: Final = 16 * 1024
_JWE: Final = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Compact form with direct encryption: no encrypted key between the first two dots (RFC 7516 section 3.1)."""


def validate(event: e.Event, appended_at: datetime | None = None) -> None:
    """Returns when the event can be accepted, else raises Invalid for the first rule it breaks.

    `appended_at` is the broker's time of the record; without it (before sending) only absurd times are refused.
    """
    _check_envelope(event)
    if appended_at is not None and event.occurred_at > appended_at + CLOCK_SKEW:
        raise Invalid(DeadLetterReason.OCCURRED_IN_FUTURE, "occurred_at", "later than the broker's time (E-10)")
    _CHECKS[type(event)](event)


def key_of(event: e.Event) -> bytes:
    """The Kafka key: the practice, on `patients.v1` the practice and the patient's surrogate."""
    if isinstance(event, e.PatientChanged):
        return f"{event.practice_id}:{event.patient_ref}".encode()
    return event.practice_id.encode()


def check_key(event: e.Event, key: bytes | None) -> None:
    """Invalid KEY_MISMATCH when a record's key is not its event's: order per practice would be lost (E-6)."""
    if key != key_of(event):
        raise Invalid(DeadLetterReason.KEY_MISMATCH, "practice_id", "the record's key is another")


def payout_adds_up(event: e.PayoutPaid) -> bool:
    """Whether gross, fee and net of a payout are those of its items, to the cent (P-1)."""
    items = event.items
    return (
        event.net_minor == event.gross_minor - event.fee_minor
        and event.gross_minor == sum(item.gross_minor for item in items)
        and event.fee_minor == sum(item.fee_minor for item in items)
        and all(item.net_minor == item.gross_minor - item.fee_minor for item in items)
        and all(not item.fees or item.fee_minor == sum(fee.amount_minor for fee in item.fees) for item in items)
    )


def _check_envelope(event: e.Event) -> None:
    check_id("event_id", event.event_id)
    check_id("source", event.source)
    check_id("practice_id", event.practice_id)
    check_optional_id("trace_id", event.trace_id)
    if event.occurred_at.tzinfo is not None and event.occurred_at >= LATEST:
        raise Invalid(DeadLetterReason.OCCURRED_IN_FUTURE, "occurred_at", "lies after the year 2099 (E-10)")
    check_instant("occurred_at", event.occurred_at)
    check_instant("produced_at", event.produced_at)


def _check_money(event: e.MoneyFields) -> None:
    check_id("payment_id", event.payment_id)
    check_known("tender", event.tender)
    check_known("initiation", event.initiation)
    check_known("funds", event.funds)
    check_known("payer", event.payer)
    check_currency("currency", event.currency)
    check_optional_id("patient_ref", event.patient_ref)
    check_not_negative("gross_minor", event.gross_minor)
    check_not_negative("surcharge_minor", event.surcharge_minor)
    if event.surcharge_minor > event.gross_minor:
        raise _disagree("surcharge_minor", "is part of gross_minor and cannot be more (N-4)")
    if event.fee_minor is None:
        if event.net_minor is not None:
            raise _disagree("net_minor", "cannot be known while fee_minor is not (M-3, N-5)")
        if event.fees:
            raise _disagree("fees", "cannot be known while fee_minor is not (N-5)")
    else:
        net = event.gross_minor - event.fee_minor if event.net_minor is None else event.net_minor
        check_net(event.gross_minor, event.fee_minor, net)
        if event.fees:
            _check_fees("fees", event.fees, event.fee_minor)
    if event.card is not None:
        check_code("card.brand", event.card.brand)
        check_last4("card.last4", event.card.last4)


def _check_payment(event: e.PaymentFacts) -> None:
    _check_money(event)
    check_known("kind", event.kind)
    if event.splits:
        for number, split in enumerate(event.splits):
            _check_split(number, split)
            check_not_negative(f"splits.{number}.amount_minor", split.amount_minor)
        _check_split_sum(event.splits, event.gross_minor - event.surcharge_minor)
    if event.plan is not None:
        _check_plan(event.plan)
    if event.collection is not None:
        check_known("collection.channel", event.collection.channel)
    if event.remittance is not None:
        check_remittance(event.remittance, event.gross_minor)


def _check_corrected(event: e.PaymentCorrected) -> None:
    check_version("version", event.version, least=2)
    _check_payment(event)


def _check_plan(plan: e.PlanRef) -> None:
    check_id("plan.plan_ref", plan.plan_ref)
    check_version("plan.instalment", plan.instalment)
    if plan.of is not None:
        check_version("plan.of", plan.of)
        if plan.of < plan.instalment:
            raise refuse_field("plan.of", "is below plan.instalment")


def _check_split(number: int, split: e.Split) -> None:
    check_id(f"splits.{number}.patient_ref", split.patient_ref)
    check_optional_id(f"splits.{number}.provider_ref", split.provider_ref)
    check_optional_id(f"splits.{number}.procedure_ref", split.procedure_ref)


def _check_split_sum(splits: tuple[e.Split, ...], total: int) -> None:
    amounts = (split.amount_minor for split in splits)
    rule = "do not add up to gross_minor - surcharge_minor (M-5)"
    check_sum(DeadLetterReason.SPLITS_DISAGREE, "splits", amounts, total, rule)


def _check_fees(field: str, fees: tuple[e.FeePart, ...], total: int) -> None:
    for number, fee in enumerate(fees):
        check_code(f"{field}.{number}.fee_kind", fee.fee_kind)
        check_amount(f"{field}.{number}.amount_minor", fee.amount_minor)
    amounts = (fee.amount_minor for fee in fees)
    check_sum(DeadLetterReason.AMOUNTS_DISAGREE, field, amounts, total, "do not add up to fee_minor")


def _check_cleared(event: e.PaymentCleared) -> None:
    check_id("payment_id", event.payment_id)
    check_instant("cleared_at", event.cleared_at)


def _check_fee_assessed(event: e.PaymentFeeAssessed) -> None:
    check_id("payment_id", event.payment_id)
    check_version("version", event.version)
    check_amount("fee_minor", event.fee_minor)
    check_amount("net_minor", event.net_minor)
    if event.fees:
        _check_fees("fees", event.fees, event.fee_minor)


def _check_voided(event: e.PaymentVoided) -> None:
    check_id("payment_id", event.payment_id)


def _check_returned(event: e.PaymentReturned) -> None:
    check_id("return_id", event.return_id)
    check_id("payment_id", event.payment_id)
    check_code("return_code", event.return_code)
    check_below_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)


def _check_refund(event: e.RefundSucceeded) -> None:
    check_id("refund_id", event.refund_id)
    check_id("payment_id", event.payment_id)
    check_below_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)
    for number, split in enumerate(event.splits):
        _check_split(number, split)
        check_not_positive(f"splits.{number}.amount_minor", split.amount_minor)
    if event.surcharge_minor is None:
        return  # its share of the original's surcharge is INTAKE's to compute
    check_not_positive("surcharge_minor", event.surcharge_minor)
    if event.surcharge_minor < event.gross_minor:
        raise _disagree("surcharge_minor", "is part of gross_minor and cannot be more (N-4)")
    if event.splits:
        _check_split_sum(event.splits, event.gross_minor - event.surcharge_minor)


def _check_refund_failed(event: e.RefundFailed) -> None:
    check_id("refund_id", event.refund_id)
    check_id("payment_id", event.payment_id)
    check_above_zero("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)


def _check_dispute_opened(event: e.DisputeOpened) -> None:
    check_id("dispute_id", event.dispute_id)
    check_id("payment_id", event.payment_id)
    check_code("reason_code", event.reason_code)
    check_not_positive("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)
    if event.respond_by is not None:
        check_instant("respond_by", event.respond_by)


def _check_dispute_closed(event: e.DisputeClosed) -> None:
    check_id("dispute_id", event.dispute_id)
    check_id("payment_id", event.payment_id)
    check_known("outcome", event.outcome)
    check_not_negative("gross_minor", event.gross_minor)
    check_net(event.gross_minor, event.fee_minor, event.net_minor)


def _check_request(event: e.PaymentRequestSent) -> None:
    check_id("request_id", event.request_id)
    check_id("patient_ref", event.patient_ref)
    check_known("channel", event.channel)
    check_not_negative("amount_minor", event.amount_minor)


def _check_membership(event: e.MembershipPaid) -> None:
    check_id("membership_id", event.membership_id)
    check_code("plan_code", event.plan_code)
    check_known("action", event.action)
    check_date("period_start", event.period_start)
    check_date("period_end", event.period_end)
    if event.period_end < event.period_start:
        raise refuse_field("period_end", "is before period_start")
    _check_money(event)
    for number, member in enumerate(event.members):
        check_id(f"members.{number}.patient_ref", member.patient_ref)
        check_not_negative(f"members.{number}.amount_minor", member.amount_minor)
    if event.members:
        total = event.gross_minor - event.surcharge_minor
        rule = "do not add up to gross_minor - surcharge_minor (B-2)"
        amounts = (member.amount_minor for member in event.members)
        check_sum(DeadLetterReason.SPLITS_DISAGREE, "members", amounts, total, rule)


def _check_cancelled(event: e.MembershipCancelled) -> None:
    check_id("membership_id", event.membership_id)
    check_date("effective_on", event.effective_on)


def _check_payout(event: e.PayoutPaid) -> None:
    check_id("payout_id", event.payout_id)
    check_version("version", event.version)
    check_date("arrival_date", event.arrival_date)
    check_currency("currency", event.currency)
    check_amount("gross_minor", event.gross_minor)
    check_amount("fee_minor", event.fee_minor)
    check_amount("net_minor", event.net_minor)
    if event.bank_last4 is not None:
        check_last4("bank_last4", event.bank_last4)
    if len(event.items) > PAYOUT_ITEMS:
        raise Invalid(DeadLetterReason.TOO_MANY_ITEMS, "items", f"a payout has at most {PAYOUT_ITEMS} items")
    for number, item in enumerate(event.items):
        _check_payout_item(f"items.{number}", item)


def _check_payout_item(field: str, item: e.PayoutItem) -> None:
    check_id(f"{field}.item_id", item.item_id)
    check_known(f"{field}.category", item.category)
    if item.kind is not None:
        check_known(f"{field}.kind", item.kind)
    check_optional_id(f"{field}.payment_id", item.payment_id)
    check_optional_id(f"{field}.refund_id", item.refund_id)
    check_optional_id(f"{field}.dispute_id", item.dispute_id)
    check_amount(f"{field}.gross_minor", item.gross_minor)
    check_amount(f"{field}.fee_minor", item.fee_minor)
    check_amount(f"{field}.net_minor", item.net_minor)
    for number, fee in enumerate(item.fees):
        check_code(f"{field}.fees.{number}.fee_kind", fee.fee_kind)
        check_amount(f"{field}.fees.{number}.amount_minor", fee.amount_minor)


def _check_payout_failed(event: e.PayoutFailed) -> None:
    check_id("payout_id", event.payout_id)
    check_instant("failed_at", event.failed_at)
    check_code("reason_code", event.reason_code)


def _check_patient(event: e.PatientChanged) -> None:
    check_id("patient_ref", event.patient_ref)
    if len(event.identity) > JWE_LENGTH or not _JWE.fullmatch(event.identity):
        raise refuse_field("identity", "an identity travels only as a compact JWE with direct encryption")
    for number, external in enumerate(event.external_ids):
        check_id(f"external_ids.{number}.system", external.system)
        check_id(f"external_ids.{number}.id", external.id)
    check_optional_id("merged_into", event.merged_into)


def _disagree(field: str, problem: str) -> Invalid:
    return Invalid(DeadLetterReason.AMOUNTS_DISAGREE, field, problem)


_CHECKS: Final[dict[type[e.Event], Callable[[Any], None]]] = {
    e.PaymentSucceeded: _check_payment,
    e.PaymentCorrected: _check_corrected,
    e.PaymentCleared: _check_cleared,
    e.PaymentFeeAssessed: _check_fee_assessed,
    e.PaymentVoided: _check_voided,
    e.PaymentReturned: _check_returned,
    e.RefundSucceeded: _check_refund,
    e.RefundFailed: _check_refund_failed,
    e.DisputeOpened: _check_dispute_opened,
    e.DisputeClosed: _check_dispute_closed,
    e.PaymentRequestSent: _check_request,
    e.MembershipPaid: _check_membership,
    e.MembershipCancelled: _check_cancelled,
    e.PayoutPaid: _check_payout,
    e.PayoutFailed: _check_payout_failed,
    e.PatientChanged: _check_patient,
}
"""One entry per event type; a test holds it against EVENT_TYPES."""
