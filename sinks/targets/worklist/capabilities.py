"""What the work list can write by itself: nothing (P-17)."""

from __future__ import annotations

from typing import Final

from sinks.targets.port import Capabilities

CAPABILITIES: Final = Capabilities(
    entry_kinds=frozenset(),
    reads_back=False,
    proves_absence=False,
    idempotency_key=False,
    needs_patient=False,
    max_in_flight=1,
    min_interval_s=0.0,
)
