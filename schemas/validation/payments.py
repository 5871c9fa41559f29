"""Validates payments, memberships, and later events about them. Each check raises Invalid."""

from __future__ import annotations

from schemas import events as e
from schemas.validation.checks import (
    check_amount,
    check_code,
    check_correction_version,
    check_count,
    check_currency,
    check_date,
    check_id,
    check_instalment,
    check_instant,
    check_known,
    check_last4,
    check_net,
    check_not_negative,
    check_optional_id,
    check_sum,
    check_version,
    invalid_field,
)
from schemas.validation.parts import amounts_disagree, check_fees, check_split, check_split_sum
from schemas.validation.remittance_balance import check_remittance
from schemas.vocabulary import DeadLetterReason, FieldFault


def check_money(event: e.MoneyFields) -> None:
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
        raise amounts_disagree("surcharge_minor", FieldFault.SURCHARGE_ABOVE_GROSS)
    if event.fee_minor is None:
        if event.net_minor is not None:
            raise amounts_disagree("net_minor", FieldFault.NET_WITHOUT_FEE)
        if event.fees:
            raise amounts_disagree("fees", FieldFault.FEES_WITHOUT_FEE)
    else:
        net = event.gross_minor - event.fee_minor if event.net_minor is None else event.net_minor
        check_net(event.gross_minor, event.fee_minor, net)
        if event.fees:
            check_fees("fees", event.fees, event.fee_minor)
    if event.card is not None:
        check_code("card.brand", event.card.brand)
        check_last4("card.last4", event.card.last4)


def check_payment(event: e.PaymentFacts) -> None:
    check_money(event)
    check_known("kind", event.kind)
    if event.splits:
        check_count("splits", event.splits)
        for number, split in enumerate(event.splits):
            check_split(number, split)
            check_not_negative(f"splits.{number}.amount_minor", split.amount_minor)
        check_split_sum(event.splits, event.gross_minor - event.surcharge_minor)
    if event.plan is not None:
        check_plan(event.plan)
    if event.collection is not None:
        check_known("collection.channel", event.collection.channel)
    if event.remittance is not None:
        check_remittance(event.remittance, event.gross_minor)


def check_corrected(event: e.PaymentCorrected) -> None:
    check_correction_version("version", event.version)
    check_payment(event)


def check_plan(plan: e.PlanRef) -> None:
    check_id("plan.plan_ref", plan.plan_ref)
    check_instalment("plan.instalment", plan.instalment)
    if plan.of is not None:
        check_instalment("plan.of", plan.of)
        if plan.of < plan.instalment:
            raise invalid_field("plan.of", FieldFault.FEWER_THAN_THE_INSTALMENT)


def check_membership(event: e.MembershipPaid) -> None:
    check_id("membership_id", event.membership_id)
    check_code("plan_code", event.plan_code)
    check_known("action", event.action)
    check_date("period_start", event.period_start)
    check_date("period_end", event.period_end)
    if event.period_end < event.period_start:
        raise invalid_field("period_end", FieldFault.PERIOD_ENDS_BEFORE_IT_BEGINS)
    check_money(event)
    check_count("members", event.members)
    for number, member in enumerate(event.members):
        check_id(f"members.{number}.patient_ref", member.patient_ref)
        check_not_negative(f"members.{number}.amount_minor", member.amount_minor)
    if event.members:
        total = event.gross_minor - event.surcharge_minor
        amounts = (member.amount_minor for member in event.members)
        check_sum(DeadLetterReason.SPLITS_DISAGREE, "members", amounts, total, FieldFault.PARTS_DISAGREE)


def check_cancelled(event: e.MembershipCancelled) -> None:
    check_id("membership_id", event.membership_id)
    check_date("effective_on", event.effective_on)


def check_cleared(event: e.PaymentCleared) -> None:
    check_id("payment_id", event.payment_id)
    check_instant("cleared_at", event.cleared_at)


def check_fee_assessed(event: e.PaymentFeeAssessed) -> None:
    check_id("payment_id", event.payment_id)
    check_version("version", event.version)
    check_amount("fee_minor", event.fee_minor)
    check_amount("net_minor", event.net_minor)
    if event.fees:
        check_fees("fees", event.fees, event.fee_minor)


def check_voided(event: e.PaymentVoided) -> None:
    check_id("payment_id", event.payment_id)


def check_request(event: e.PaymentRequestSent) -> None:
    check_id("request_id", event.request_id)
    check_id("patient_ref", event.patient_ref)
    check_known("channel", event.channel)
    check_not_negative("amount_minor", event.amount_minor)
