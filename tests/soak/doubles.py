"""Which doubled entries are the window of law 20, and which are faults of ours.

The window: a process is frozen as a whole between its last look at the clocks and the first byte, for longer than its
lease; another owner reads back, finds nothing, sends; then the first thaws and its bytes leave. Nothing but a target
that is idempotent itself closes it. So a double is explained only if its later entry arrived right after the thaw of
a poster that had been frozen for longer than the lease could bridge.
"""

from __future__ import annotations

from typing import Any

import msgspec

from deploy.sandbox.ledger import Doubled, Mutation
from deploy.sandbox.running import TargetSandbox
from streams.runtime.times import CallTimes

ARRIVAL_S = 2.5
"""From the thaw until the target has applied what then left: its faults apply late answers 2.2 s after the request."""


class Freeze(msgspec.Struct, frozen=True):
    """One SIGSTOP and its SIGCONT, nanoseconds since 1970."""

    began_ns: int
    ended_ns: int

    @property
    def seconds(self) -> float:
        return (self.ended_ns - self.began_ns) / 1e9


class Sorted(msgspec.Struct, frozen=True):
    """Doubled entries by their cause."""

    explained: tuple[Doubled, ...]
    unexplained: tuple[Doubled, ...]


def sort(sandbox: TargetSandbox, accounts: set[str], freezes: list[Freeze], times: CallTimes) -> Sorted:
    """The doubled entries of these accounts."""
    found = [each for each in sandbox.doubled() if each.account in accounts and not each.by_sandbox]
    if not found:
        return Sorted((), ())
    entries = sandbox.ledger()
    explained: list[Doubled] = []
    unexplained: list[Doubled] = []
    for each in found:
        later = entries_of(each, entries)[1:]
        fits = all(any(_fits(entry, freeze, times) for freeze in freezes) for entry in later)
        (explained if fits else unexplained).append(each)
    return Sorted(tuple(explained), tuple(unexplained))


def entries_of(doubled: Doubled, entries: list[Mutation]) -> list[Mutation]:
    """Its entries in order of arrival."""
    return sorted(
        (
            entry
            for entry in entries
            if (entry.account, entry.marker, entry.sign) == (doubled.account, doubled.marker, doubled.sign)
            and entry.operation == "create"
        ),
        key=lambda entry: entry.received_ns,
    )


def _fits(entry: Mutation, freeze: Freeze, times: CallTimes) -> bool:
    """A freeze that outlasts what is left of a lease at a mark, and an arrival right behind it."""
    long_enough = freeze.seconds > times.mark_need_s - times.start_margin_s
    return long_enough and 0 <= entry.received_ns - freeze.ended_ns <= ARRIVAL_S * 1e9


def shown(doubled: tuple[Doubled, ...], sandbox: TargetSandbox, freezes: list[Freeze], limit: int = 5) -> str:
    """For a failing test: arrivals of the entries, and the freezes around them."""
    entries = sandbox.ledger()
    lines: list[Any] = []
    for each in doubled[:limit]:
        arrivals = [entry.received_ns for entry in entries_of(each, entries)]
        near = [
            (round((freeze.began_ns - arrivals[0]) / 1e9, 2), round((freeze.ended_ns - arrivals[0]) / 1e9, 2))
            for freeze in freezes
            if arrivals and freeze.ended_ns > arrivals[0] - 10e9 and freeze.began_ns < arrivals[-1] + 1e9
        ]
        lines.append(
            f"{each.marker} of {each.account}: arrivals {[round((at - arrivals[0]) / 1e9, 2) for at in arrivals]} s,"
            f" freezes {near}"
        )
    return "\n".join(lines)
