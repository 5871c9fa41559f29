"""Proposes a value for a field of a mapping from what it is called at the practice: the only one that fits. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sinks.targets.choices import Choice


def _named(words: str, unless: str = r"(?!)") -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(words, re.IGNORECASE), re.compile(unless, re.IGNORECASE)


_WON: Final = r"\bwon\b|fail|revers"
_RULES: Final[Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]] = MappingProxyType(
    {
        "pay_type": _named(r"writeback|^credit card$", "refund|fail"),
        "fee_credit": _named(r"fee.*credit"),
        "fee_debit": _named(r"fee.*(charge|debit)"),
        "refund": _named(r"refund", _WON),
        "refund_failed": _named(r"refund.*fail|fail.*refund"),
        "refund_pay_type": _named(r"refund", _WON),
        "payment_return": _named(r"return|nsf"),
        "dispute": _named(r"dispute|chargeback", f"{_WON}|fee"),
        "dispute_won": _named(r"(dispute|chargeback).*won"),
        "void": _named(r"void"),
        "charge_reversal": _named(r"charge.*revers"),
        "note_type": _named(r"payment request"),
    }
)
"""By field: what its name says, and what it must not say."""


def proposed(field: str, choices: Sequence[Choice]) -> tuple[str, str]:
    """The value with the reason for it; both empty where none, or more than one, fits."""
    words, unless = _RULES.get(field, (None, None))
    if words is None or unless is None:
        return "", ""
    fitting = [each for each in choices if words.search(each.name) and not unless.search(each.name)]
    return (fitting[0].value, f"proposed by its name, {fitting[0].name}") if len(fitting) == 1 else ("", "")
