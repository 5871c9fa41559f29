"""What a screen asks to connect a practice to a system: credentials, where its books are, and what is chosen there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec


class AskedField(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is typed or chosen."""

    name: str
    """Of a credential as the secret has it; else the field of the mapping."""
    label: str
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Values with their words; none: it is typed."""
    needed: bool = True
    number: bool = False


def given(typed: Mapping[str, str]) -> dict[str, Any]:
    """The secret of most systems: what was typed, by its name. Pure."""
    return {name: value for name, value in typed.items() if value}


class ConnectForm(msgspec.Struct, frozen=True, kw_only=True):
    """Of one system. Nobody is asked for what can be read there: a mapping's values are chosen from its lists."""

    credentials: tuple[AskedField, ...] = ()
    """Typed as passwords, and never shown again."""
    where: tuple[AskedField, ...] = ()
    """Fields of the mapping that say which books these are, and how they are reached."""
    also: tuple[AskedField, ...] = ()
    """Fields of the mapping that are in no list."""
    unmapped: Mapping[str, Any] = MappingProxyType({})
    """The least that a mapping needs for the lists to be read: never stored."""
    needed: frozenset[str] = frozenset()
    """Fields of the mapping without which nothing can be posted."""
    numbers: bool = True
    """Values of its lists are numbers in the mapping."""
    labels: Mapping[str, str] = MappingProxyType({})
    """What fields of the mapping are called, and groups of them."""
    secret: Callable[[Mapping[str, str]], dict[str, Any]] = given
    """The secret as the connection takes it, from what was typed."""


TYPE_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "pay_type": "Payment type of whatever has none below",
        "pay_type_by_kind": "Payment type by the kind of payment",
        "pay_type_by_tender": "Payment type by how it was paid (wins over its kind)",
        "refund_pay_type": "Payment type of refunds",
        "fee_credit": "Adjustment: the processor's fee, credited",
        "fee_debit": "Adjustment: a surcharge above the fee",
        "refund": "Adjustment: money given back",
        "refund_failed": "Adjustment: a refund that did not arrive",
        "payment_return": "Adjustment: a payment that came back",
        "dispute": "Adjustment: money that a dispute holds",
        "dispute_won": "Adjustment: a dispute won",
        "void": "Adjustment: a payment voided after it was posted",
        "charge_reversal": "Adjustment: a membership's charge taken back",
        "note_type": "Type of notes",
        "insurance_pay_type": "Payment type of insurance",
        "insurance_pay_type_by_tender": "Payment type of insurance by how it was paid",
        "insurance_pay_group": "Group of claim payments",
        "exact_allocation": "Who lays payments on charges",
        "provider_num": "Provider of adjustments and charges",
        "provider_id": "Provider of what is on no charge",
        "provider": "Provider",
        "types": "Type of each kind of entry",
        "payment_type_by_kind": "Payment type by the kind of payment",
        "payment_type_by_tender": "Payment type by how it was paid (wins over its kind)",
    }
)
"""Fields that several systems have."""
