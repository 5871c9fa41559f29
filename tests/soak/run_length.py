"""How long and how much: small enough for any machine by default, longer by the environment.

`SOAK_EVENTS=200000 SOAK_SECONDS=7200 SOAK_SEED=7 make soak` runs scenario 70 for two hours with a known seed. A
failing part says its seed; the same seed makes the same traffic and the same troubles, though not the same moments.
"""

from __future__ import annotations

import os
import secrets
from random import Random
from typing import Any

import msgspec


class Length(msgspec.Struct, frozen=True):
    """Of one run."""

    events: int
    """Of scenario 70."""
    seconds: float
    """Of its troubles; and a third of it for what has to hold for minutes."""
    effects: int
    """Of each run of the frozen posters."""
    seed: int

    @property
    def minutes_of_share_s(self) -> float:
        """How long a part of the calls fails (scenario 72)."""
        return max(120.0, self.seconds / 3)


def length() -> Length:
    """From the environment."""
    return Length(
        events=int(os.environ.get("SOAK_EVENTS", "20000")),
        seconds=float(os.environ.get("SOAK_SECONDS", "360")),
        effects=int(os.environ.get("SOAK_EFFECTS", "3000")),
        seed=int(os.environ.get("SOAK_SEED", "0")) or secrets.randbelow(10**9),
    )


def chance(seed: int, what: str) -> Random:
    """A stream of chance of its own for each part, so that one does not shift another."""
    return Random(f"{seed} {what}")


FIGURES: list[str] = []
"""Every result of this run, for its summary."""


def print_figures(**found: Any) -> None:
    """A result of the soak: shown at once with `-s`, with a failing test, and in the run's summary."""
    FIGURES.append(" ".join(f"{name}={value}" for name, value in found.items()))
    print(f"\nSOAK {FIGURES[-1]}", flush=True)
