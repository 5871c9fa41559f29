"""Pure decisions a second: the stream of payments alone beside the whole contract's; interleaved rounds, one core."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from processors.rules.decisions.decide import decide
from schemas.events import Event
from schemas.practice_settings import SettingsHistory
from tests.benchmarks.measures import Measure, at_least, median_ratio, reported
from tests.benchmarks.mixed_traffic import mixed
from tests.benchmarks.traffic import histories, payments, practice_ids

PRACTICES: Final = 500
ROUNDS: Final = 40
"""Short ones: what else the machine does then falls on both sides."""
LATENCY: Final = timedelta(seconds=2)
"""From a payment to its arrival."""


def decision_rates(count: int) -> Iterator[Measure]:
    """Each round decides a slice of both streams, in turn first and second; `count` events of each in all."""
    practices = practice_ids(PRACTICES)
    known = {history.practice_id: history for history in histories(practices)}
    plain = list(payments(count, practices, run="plain"))
    whole = list(mixed(count, practices, run="mixed"))
    size = count // ROUNDS
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(ROUNDS + 1):
        begin, end = (max(number - 1, 0) * size, max(number, 1) * size)
        pair = ((theirs, plain[begin:end]), (ours, whole[begin:end]))
        for rates, events in pair if number % 2 else reversed(pair):
            rate = _rate(events, known)
            if number:  # the first round warms up
                rates.append(rate)
    yield at_least(
        "pure decisions/s, the whole contract mixed / payments alone",
        median_ratio(ours, theirs),
        0.8,
        note=f"{median(ours):,.0f}/s beside {median(theirs):,.0f}/s",
        why_less="memberships, claims and splits have more effects than a payment",
    )
    yield reported("pure decision, mixed stream", 1e6 / median(ours), "µs")


def _rate(events: Sequence[Event], known: dict[str, SettingsHistory]) -> float:
    """By the processor's time: one core, whoever else wants it."""
    arrivals: list[tuple[Event, datetime]] = [(event, event.occurred_at + LATENCY) for event in events]
    began = time.process_time()
    for event, arrived_at in arrivals:
        decide(event, arrived_at, known[event.practice_id])
    return len(arrivals) / (time.process_time() - began)
