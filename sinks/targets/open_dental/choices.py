"""Lists what a mapping can name at an office: pure, from its definitions and providers (SET-12, RD-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sinks.targets.choices import Choice
from sinks.targets.open_dental import connection_test
from sinks.targets.open_dental.accounts import number_of
from sinks.targets.open_dental.connection_test import (
    ADJUSTMENT_TYPES,
    CLAIM_PAYMENT_GROUPS,
    COMMLOG_TYPES,
    INSURANCE_TYPES,
    PAYMENT_TYPES,
)
from sinks.targets.open_dental.find_entries import PAGE
from sinks.targets.open_dental.mapping import ADJUSTMENT_SIGNS, OpenDentalMapping

KINDS: Final = {
    PAYMENT_TYPES: "payment type",
    ADJUSTMENT_TYPES: "adjustment type",
    COMMLOG_TYPES: "commlog type",
    INSURANCE_TYPES: "insurance payment type",
    CLAIM_PAYMENT_GROUPS: "claim payment group",
}
"""The lists of definitions that a mapping names, by category (README section 8)."""

PAYMENT_FIELDS: Final = ("pay_type", "pay_type_by_kind.…", "pay_type_by_tender.…")
_FIELDS: Final = {
    PAYMENT_TYPES: PAYMENT_FIELDS,
    COMMLOG_TYPES: ("note_type",),
    INSURANCE_TYPES: ("insurance_pay_type", "insurance_pay_type_by_tender.…"),
    CLAIM_PAYMENT_GROUPS: ("insurance_pay_group",),
}
PROVIDER_FIELDS: Final = ("provider_num", "provider_by_ref.…")
_HIDDEN: Final = "hidden: show it again before it is chosen"

_Row = Mapping[str, Any]


def definition_choices(mapping: OpenDentalMapping, category: int, rows: Iterable[_Row]) -> list[Choice]:
    """One list of definitions. An unknown filter can be ignored by the service, so the category is compared here."""
    offered = []
    for row in rows:
        number = str(row.get("DefNum", ""))
        if number_of(number) is None or str(row.get("Category")) != str(category):
            continue
        sign = str(row.get("ItemValue") or "") if category == ADJUSTMENT_TYPES else ""
        offered.append(
            Choice(
                kind=KINDS[category],
                value=number,
                name=str(row.get("ItemName") or ""),
                detail=", ".join(part for part in (sign and f"sign {sign}", _hidden(row, "isHidden")) if part),
                fields=() if _hidden(row, "isHidden") else _fields(category, sign),
                chosen=_naming(_mapped(mapping, category), int(number)),
            )
        )
    return offered


def providers_path(offset: int) -> str:
    """A page of the office's providers."""
    return f"/providers?Limit={PAGE}&Offset={offset}"


def provider_choices(mapping: OpenDentalMapping, rows: Iterable[_Row]) -> list[Choice]:
    """The office's providers, by their abbreviation as the office's own lists show them."""
    mapped = {"provider_num": mapping.provider_num}
    mapped |= {f"provider_by_ref.{ref}": number for ref, number in mapping.provider_by_ref.items()}
    return [
        Choice(
            kind="provider",
            value=str(row["ProvNum"]),
            name=str(row.get("Abbr") or ""),
            detail=_hidden(row, "IsHidden"),
            fields=() if _hidden(row, "IsHidden") else PROVIDER_FIELDS,
            chosen=_naming(mapped, int(row["ProvNum"])),
        )
        for row in rows
        if number_of(str(row.get("ProvNum", ""))) is not None
    ]


def exactness_choices(mapping: OpenDentalMapping) -> list[Choice]:
    """Who lays a payment's amounts on its charges (ALL-3)."""
    described = {
        True: ("exact amounts on each charge", "from Open Dental 25.1.11"),
        False: ("spread by Open Dental, oldest charge first", "for an office before 25.1.11"),
    }
    return [
        Choice(
            kind="allocation",
            value="true" if exact else "false",
            name=name,
            detail=detail,
            fields=("exact_allocation",),
            chosen=("exact_allocation",) if mapping.exact_allocation is exact else (),
        )
        for exact, (name, detail) in described.items()
    ]


def _fields(category: int, sign: str) -> tuple[str, ...]:
    by_sign = tuple(field for field, wanted in ADJUSTMENT_SIGNS.items() if wanted == sign)
    return _FIELDS.get(category, by_sign)


def _mapped(mapping: OpenDentalMapping, category: int) -> Mapping[str, int | None]:
    match category:
        case connection_test.PAYMENT_TYPES:
            return mapping.pay_types()
        case connection_test.COMMLOG_TYPES:
            return {"note_type": mapping.note_type}
        case connection_test.INSURANCE_TYPES:
            return mapping.insurance_types()
        case connection_test.CLAIM_PAYMENT_GROUPS:
            return {"insurance_pay_group": mapping.insurance_pay_group}
        case _:
            return mapping.adjustment_types()


def _naming(mapped: Mapping[str, int | None], number: int) -> tuple[str, ...]:
    return tuple(field for field, value in mapped.items() if value == number)


def _hidden(row: _Row, field: str) -> str:
    return _HIDDEN if str(row.get(field)).lower() == "true" else ""
