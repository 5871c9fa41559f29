"""Lists what a mapping can name at a connector's system: pure, from its types (SET-12, RD-6)."""

from __future__ import annotations

from schemas.connector.records import EntryType, Kind, TypeList
from sinks.targets.choices import Choice
from sinks.targets.connector.mapping import ConnectorMapping

_HIDDEN = "hidden: show it again before it is chosen"


def type_choices(mapping: ConnectorMapping, types: TypeList) -> list[Choice]:
    """Each type and provider with the fields that take it, and those that name it now."""
    chosen: dict[str, list[str]] = {}
    for path, (value, _) in mapping.mapped_types().items():
        chosen.setdefault(value, []).append(path)
    for path, value in mapping.mapped_providers().items():
        chosen.setdefault(value, []).append(path)
    return [
        Choice(
            kind="provider" if each.provider else "type",
            value=each.type_id,
            name=each.name,
            detail="" if each.in_use else _HIDDEN,
            fields=_fields(each) if each.in_use else (),
            chosen=tuple(chosen.get(each.type_id, ())),
        )
        for each in types.types
    ]


def _fields(each: EntryType) -> tuple[str, ...]:
    if each.provider:
        return ("provider", "provider_by_ref.…")
    fields = tuple(f"types.{kind.value}" for kind in each.kinds)
    also = ("payment_type_by_kind.…", "payment_type_by_tender.…") if Kind.PAYMENT in each.kinds else ()
    return fields + also
