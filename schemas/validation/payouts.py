"""Validates payouts, and says whether one adds up (P-1). Each check raises Invalid."""

from __future__ import annotations

from schemas import events as e
from schemas.topics import PAYOUT_ITEMS
from schemas.validation.checks import (
    Invalid,
    check_amount,
    check_code,
    check_currency,
    check_date,
    check_id,
    check_instant,
    check_known,
    check_last4,
    check_optional_id,
    check_version,
)
from schemas.vocabulary import DeadLetterReason, FieldFault


def payout_adds_up(event: e.PayoutPaid) -> bool:
    """Whether gross, fee and net of a payout are those of its items, to the cent (P-1).

    Where the platform cannot say what the items are, only the totals are asked (P-25).
    """
    items = event.items
    if not event.items_known and not items:
        return event.net_minor == event.gross_minor - event.fee_minor
    return (
        event.net_minor == event.gross_minor - event.fee_minor
        and event.gross_minor == sum(item.gross_minor for item in items)
        and event.fee_minor == sum(item.fee_minor for item in items)
        and all(item.net_minor == item.gross_minor - item.fee_minor for item in items)
        and all(not item.fees or item.fee_minor == sum(fee.amount_minor for fee in item.fees) for item in items)
    )


def check_payout(event: e.PayoutPaid) -> None:
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
        raise Invalid(DeadLetterReason.TOO_MANY_ITEMS, "items", FieldFault.TOO_MANY_PAYOUT_ITEMS)
    for number, item in enumerate(event.items):
        check_payout_item(f"items.{number}", item)


def check_payout_item(field: str, item: e.PayoutItem) -> None:
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


def check_payout_failed(event: e.PayoutFailed) -> None:
    check_id("payout_id", event.payout_id)
    check_version("version", event.version)
    check_instant("failed_at", event.failed_at)
    check_code("reason_code", event.reason_code)
