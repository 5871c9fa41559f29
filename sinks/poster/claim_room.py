"""How many gates a poster claims and keeps: what its calls can serve, so that others find work too (law 21)."""

from __future__ import annotations

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
FULL_FOR_S: Final = 0.5
"""Places are taken for this long before gates are given back: a crowd that passes sooner moves nothing."""
GIVEN_BACK_AT_ONCE: Final = 16
"""Then so many at most, and no more before the places have been taken for FULL_FOR_S again."""


class _Wanted:
    """What the leases of one connection will use besides the places that its calls are in. A connection takes only so
    many calls, however many practices share it."""

    def __init__(self, connection: ConnectionLease) -> None:
        self._in_calls = connection.in_flight
        self._left = connection.places_left()
        self._planned = 0.0
        self._going_on = 0
        self._in_flight = 0

    def add(self, lease: PracticeLease, width: float, times: int = 1) -> None:
        """What is planned and what goes on, or else what is expected. `times` -1: without that lease."""
        planned = float(lease.planned)
        if lease.needs_plan and not lease.has_calls:
            planned = max(planned, lease.widest - lease.in_flight) if lease.in_flight else width
        self._planned += times * planned
        self._going_on += times * lease.going_on
        self._in_flight += times * lease.in_flight

    @property
    def more(self) -> float:
        """A call that waits for its confirmation has left its place, and not its lane: what follows there needs one."""
        confirming = max(0, self._in_flight - self._in_calls)
        return min(self._planned + min(self._going_on, confirming), self._left)


class ClaimRoom:
    """The places of one process: `calls` at once, in at most `gates` gates. Pure arithmetic; written by one loop."""

    def __init__(self, calls: int, gates: int) -> None:
        self._calls = calls
        self._gates = gates
        self._width = FIRST_WIDTH
        self._full_since: float | None = None

    def released(self, lease: PracticeLease) -> None:
        """A gate was given back: the next ones are expected to use about as many places as it did."""
        if lease.widest or not lease.given_back:
            self._width += (max(1, lease.widest) - self._width) * LEARNED

    def gates(self, held: Iterable[PracticeLease], free: int, *, in_batches: bool) -> int:
        """How many gates to claim now, with `free` places that no call is in.

        Gates that only wait for slow calls take no place from others (guarantee 4). `in_batches`: calls will end and
        ask again, so few places are not worth a claim.
        """
        leases = list(held)
        places = free + self._calls // AHEAD - sum(each.more for each in self._wanted(leases).values())
        if places < (max(1, self._calls // BATCH) if in_batches else 1):
            return 0
        stuck = sum(1 for lease in leases if lease.slow_calls)
        return min(max(1, int(places / self._width)), self._gates - len(leases) + stuck)

    def surplus(self, held: Iterable[PracticeLease], free: int, now: float) -> list[PracticeLease]:
        """Gates to give back now, because all places have been taken for a while and these would only wait for one.

        The least served first, of those the last claimed, which are due last. As much is kept as `gates` would claim,
        so that nothing is given back and claimed again in turns. `now` in seconds of the monotonic clock.
        """
        if free >= max(1, self._calls // BATCH):
            self._full_since = None
            return []
        if self._full_since is None:
            self._full_since = now
        if now - self._full_since < FULL_FOR_S:
            return []
        self._full_since = now
        leases = [lease for lease in held if lease.usable and not lease.slow_calls]
        wanted = self._wanted(leases)
        too_much = sum(each.more for each in wanted.values()) - free - self._calls // AHEAD
        chosen: list[PracticeLease] = []
        for _, lease in sorted(enumerate(leases), key=lambda each: (each[1].in_flight, -each[0])):
            if len(chosen) == GIVEN_BACK_AT_ONCE or len(chosen) + 1 == len(leases):
                break
            of_connection = wanted[lease.connection]
            more = of_connection.more
            of_connection.add(lease, self._width, -1)
            # Its calls end and leave their places to the others.
            less = more - of_connection.more + lease.in_flight
            if less <= 0 or less > too_much:
                of_connection.add(lease, self._width)
                continue
            too_much -= less
            chosen.append(lease)
        return chosen

    def _wanted(self, leases: list[PracticeLease]) -> dict[ConnectionLease, _Wanted]:
        wanted: dict[ConnectionLease, _Wanted] = {}
        for lease in leases:
            if lease.usable and not lease.slow_calls:
                if lease.connection not in wanted:
                    wanted[lease.connection] = _Wanted(lease.connection)
                wanted[lease.connection].add(lease, self._width)
        return wanted
