"""A mapping as people give it: a file that replaces it, or single fields over what stands or is proposed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from schemas.events import PaymentKind, PayoutCategory
from sinks.targets.mapping_error import MappingError
from sinks.targets.quickbooks.mapping import (
    Accounts,
    ConnectedCompany,
    QuickBooksMapping,
    dump_mapping,
    load_mapping,
)
from sinks.targets.quickbooks.proposal import Proposed
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

OF_COMPANY: Final = ("realm_id", "token_url", "company_name")
"""What the connection says of itself; no mapping changes it."""
GROUPS: Final = ("accounts", "banks", "income_by_kind", "fees_by_kind", "fees_by_category")
_SINGLE: Final = tuple(name for name in QuickBooksMapping.__struct_fields__ if name not in (*OF_COMPANY, *GROUPS))
_KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "accounts": Accounts.__struct_fields__,
        "income_by_kind": tuple(PaymentKind),
        "fees_by_category": tuple(PayoutCategory),
    }
)
"""What a group may hold; any other takes whatever upstream calls it."""
_NUMBERS: Final = frozenset({"per_item_limit"})


def merged_config(
    stored: QuickBooksMapping | ConnectedCompany,
    *,
    file: bytes | None,
    proposed: Sequence[Proposed],
    changes: Iterable[str],
) -> dict[str, Any]:
    """The mapping that would be stored, not checked yet: what stands wins over a proposal, a file over both, and a
    `FIELD=VALUE` over all; an empty value takes a field out. Raises ConfigurationError that names what is wrong."""
    config = dump_mapping(stored)
    if file is None:
        for each in proposed:
            group, _, key = each.field.partition(".")
            if each.account_id is not None:
                config.setdefault(group, {})
                if not config[group].get(key):
                    config[group][key] = each.account_id
    else:
        config = _given(file, config)
    for change in changes:
        _apply(config, change)
    return config


def checked_mapping(config: Mapping[str, Any]) -> QuickBooksMapping:
    """Raises ConfigurationError with the field's name."""
    try:
        return load_mapping(dict(config))
    except MappingError as error:
        raise ConfigurationError(f"mapping: {error}") from None


def _given(file: bytes, stored: Mapping[str, Any]) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(file)
    except msgspec.DecodeError:
        raise ConfigurationError("--mapping: the file is not JSON") from None
    if not isinstance(given, dict):
        raise ConfigurationError("--mapping: the file holds no JSON object")
    for name in OF_COMPANY:
        if given.get(name, stored.get(name)) != stored.get(name):
            raise ConfigurationError(
                f"--mapping: {name} is another than that of the connected company: leave it out, or connect that one"
            )
    return given | {name: stored[name] for name in OF_COMPANY if name in stored}


def _apply(config: dict[str, Any], change: str) -> None:
    field, sign, value = change.partition("=")
    group, dot, key = field.partition(".")
    known = group in GROUPS and key if dot else field in _SINGLE
    if not sign or not known:
        choices = [*_SINGLE, *(f"{each}.{key}" for each in GROUPS for key in _KEYS.get(each, ("…",)))]
        raise ConfigurationError(f"--set: {change!r} is no FIELD=VALUE of a mapping{nearest(field, choices)}")
    keys = _KEYS.get(group, (key,))
    if dot and key not in keys:
        alike = key.lower() if group == "accounts" else key.upper()
        raise ConfigurationError(f"--set: {change!r}: {group} takes no {key}{nearest(alike, keys)}")
    holder: dict[str, Any] = config.setdefault(group, {}) if dot else config
    name = key if dot else field
    if not value:
        holder.pop(name, None)
    elif name in _NUMBERS and value.isascii() and value.isdigit() and len(value) < 10:
        holder[name] = int(value)
    else:
        holder[name] = value
