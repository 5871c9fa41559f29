"""Why some entries are made by people whatever the connection can write."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.vocabulary import DecisionReason

MANUAL_ONLY: Final[Mapping[str, str]] = MappingProxyType(
    {
        DecisionReason.MANUAL_NET_NOT_POSITIVE.value: (
            "the fee is larger than the payment: post it manually and record it"
        ),
        DecisionReason.PATIENT_UNTOUCHED.value: "it stands on no patient's ledger: post it manually and record it",
        DecisionReason.OF_NO_CLAIM.value: "it stands on no patient's ledger: post it manually and record it",
    }
)
"""By the reason of the decision."""
