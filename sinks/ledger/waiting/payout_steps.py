"""Goes on with payouts that carry more waiting payments than one transaction takes: step by step (law 9).

A payout is stored with all its items in one transaction, and releases the first payments there; each further step is a
transaction of its own, between two batches, so that no practice waits for another one's payout. Nothing is kept but in
memory: what a restart leaves is found by the sweep over waiting payments.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, LiteralString

from sinks.ledger.waiting.resume_sweep import START, Place, ResumeSweep

_KINDS: Final[tuple[LiteralString, ...]] = ("awaiting_funds", "awaiting_fee")


class PayoutSteps:
    """The steps that are left. Not for two threads."""

    def __init__(self, sweep: ResumeSweep) -> None:
        self._sweep = sweep
        self._left: dict[tuple[str, LiteralString], Place] = {}

    def add(self, practices: Iterable[str]) -> None:
        """Payments of these practices may go on: from the first, since another payout may carry what was passed."""
        for practice_id in practices:
            for kind in _KINDS:
                self._left.pop((practice_id, kind), None)
                self._left[practice_id, kind] = START

    def run(self) -> bool:
        """One step of the practice that has waited longest; whether there are more. Blocks for one transaction."""
        if not self._left:
            return False
        practice_id, kind = key = next(iter(self._left))
        after = self._left.pop(key)
        last = self._sweep.resume(practice_id, kind, after)
        if last is not None:
            self._left[key] = last
        return bool(self._left)
