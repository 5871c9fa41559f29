"""Finds payment types that Writeback shares with payments of staff, which cannot be distinguished then (SET-23)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sinks.targets.open_dental.mapping import OpenDentalMapping

TYPES_ASKED: Final = 5
"""One read each, at one request a second: a test of a connection stays below its deadline."""
_DAYS_BACK: Final = timedelta(days=30)
_ROWS: Final = 100
_MARKER: Final = re.compile(r"\bWB[A-Z2-7]{16}\b")


def asked_types(mapping: OpenDentalMapping) -> list[int]:
    """The payment types in use, the general one first."""
    return list(dict.fromkeys(mapping.pay_types().values()))[:TYPES_ASKED]


def recent_url(pay_type: int, today: date) -> str:
    """One page of what was entered lately: an example is enough. Filters may be ignored, so rows are matched again."""
    query = {"DateEntry": (today - _DAYS_BACK).isoformat(), "PayType": pay_type, "Limit": _ROWS, "Offset": 0}
    return f"/payments?{urlencode(query)}"


def note(pay_type: int, rows: Iterable[Mapping[str, Any]]) -> str | None:
    """What to say where a payment of this type is none of ours. Pure; quotes nothing of it."""
    for row in rows:
        texts = (str(row.get("CheckNum") or ""), str(row.get("PayNote") or ""))
        if str(row.get("PayType")) == str(pay_type) and not any(_MARKER.search(text) for text in texts):
            return (
                f"payment type {pay_type} is shared with payments that staff enter: give Writeback a type of its own "
                "(Definitions, Payment Types), so that its payments can be told apart"
            )
    return None
