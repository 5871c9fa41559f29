"""What a QuickBooks connection can write, and how fast: the same for every company and mapping."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import PAYOUT_DOCUMENTS
from sinks.targets.port import Capabilities

CALLS_AT_ONCE: Final = 8
"""Below the ten at once that some of the vendor's pages name (README section 7)."""
INTERVAL_S: Final = 0.125
"""Keeps both limits: 10 a second and, with reads, 500 a minute (P-9)."""
CAPABILITIES: Final = Capabilities(
    entry_kinds=PAYOUT_DOCUMENTS,
    reads_back=True,
    proves_absence=True,
    idempotency_key=True,
    needs_patient=False,
    max_in_flight=CALLS_AT_ONCE,
    min_interval_s=INTERVAL_S,
)
