"""How many gates a poster claims: no more than it has free places for calls, so that others find work too (law 21)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.practice_lease import PracticeLease

FIRST_WIDTH: Final = 8.0
"""Places that a gate is expected to use before any was seen: most offices take so many calls at once."""
LEARNED: Final = 1 / 16
"""Weight of the last gate in what the next ones are expected to use."""
AHEAD: Final = 4
"""One place more for each so many: a gate is claimed, planned and marked while others' calls still run."""
BATCH: Final = 8
"""While calls are in flight, at least one of so many places must be free for a claim: a claim for each call that ends
would cost more than it brings."""


class ClaimRoom:
    """The places of one process: `calls` at once, in at most `gates` gates. Pure arithmetic; written by one loop."""

    def __init__(self, calls: int, gates: int) -> None:
        self._calls = calls
        self._gates = gates
        self._width = FIRST_WIDTH

    def released(self, lease: PracticeLease) -> None:
        """A gate was given back: the next ones are expected to use about as many places as it did."""
        self._width += (max(1, lease.widest) - self._width) * LEARNED

    def gates(self, held: Iterable[PracticeLease], free: int, *, in_batches: bool) -> int:
        """How many gates to claim now, with `free` places that no call is in.

        Gates that only wait for slow calls take no place from others (guarantee 4). `in_batches`: calls will end and
        ask again, so few places are not worth a claim.
        """
        leases = list(held)
        places = free + self._calls // AHEAD - self._wanted(leases)
        if places < (max(1, self._calls // BATCH) if in_batches else 1):
            return 0
        stuck = sum(1 for lease in leases if lease.slow_calls)
        return min(max(1, int(places / self._width)), self._gates - len(leases) + stuck)

    def _wanted(self, leases: list[PracticeLease]) -> float:
        """Places that held gates will use besides those they have: what is planned, or else what is expected."""
        wanted: defaultdict[ConnectionLease, float] = defaultdict(float)
        for lease in leases:
            if lease.slow_calls or not lease.usable:
                continue
            if lease.has_calls:
                wanted[lease.connection] += lease.planned
            elif lease.needs_plan and not lease.in_flight:
                wanted[lease.connection] += self._width
        return sum(min(places, connection.places_left()) for connection, places in wanted.items())
