"""Lists what a mapping can name at a location: pure, from its types and providers (SET-12, RD-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sinks.targets.choices import Choice
from sinks.targets.nexhealth.client import Row
from sinks.targets.nexhealth.mapping import ADJUSTMENT_ACTIONS, NexHealthMapping
from sinks.targets.nexhealth.request_text import id_of

PAYMENT_FIELDS: Final = ("pay_type", "pay_type_by_kind.…", "pay_type_by_tender.…", "refund_pay_type")
PROVIDER_FIELDS: Final = ("provider_id", "provider_by_ref.…")
_INACTIVE: Final = "inactive: make it active in the practice's system before it is chosen"
NAME_LIMIT: Final = 200


def payment_type_choices(mapping: NexHealthMapping, rows: Iterable[Row]) -> list[Choice]:
    """The location's payment types."""
    return [
        _choice("payment type", row, PAYMENT_FIELDS if is_active(row) else (), mapping.pay_types())
        for row in rows
        if _is_numbered(row)
    ]


def adjustment_type_choices(mapping: NexHealthMapping, rows: Iterable[Row]) -> list[Choice]:
    """The location's adjustment types; one whose system names no action may stand for either."""
    found = []
    for row in rows:
        if not _is_numbered(row):
            continue
        action = str(row.get("action") or "unknown")
        fields = tuple(
            field
            for field, wanted in ADJUSTMENT_ACTIONS.items()
            if field in mapping.adjustment_types() and action in (wanted, "unknown")
        )
        found.append(
            _choice("adjustment type", row, fields if is_active(row) else (), mapping.adjustment_types(), action)
        )
    return found


def provider_choices(mapping: NexHealthMapping, rows: Iterable[Row]) -> list[Choice]:
    """The location's providers."""
    return [
        _choice("provider", row, () if row.get("inactive") is True else PROVIDER_FIELDS, mapping.providers())
        for row in rows
        if _is_numbered(row)
    ]


def is_active(row: Row) -> bool:
    return row.get("active") is not False


def _choice(kind: str, row: Row, fields: tuple[str, ...], mapped: Mapping[str, int | None], detail: str = "") -> Choice:
    number = str(row["id"])
    name = row.get("name") or row.get("display_name") or ""
    return Choice(
        kind=kind,
        value=number,
        name=str(name)[:NAME_LIMIT],
        detail=", ".join(part for part in (detail, "" if fields else _INACTIVE) if part),
        fields=fields,
        chosen=tuple(field for field, value in mapped.items() if value is not None and str(value) == number),
    )


def _is_numbered(row: Row) -> bool:
    return id_of(str(row.get("id"))) is not None
