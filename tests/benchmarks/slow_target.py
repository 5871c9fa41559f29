"""P3: a target that takes its time. Calls a second beside Little's law: busy lanes, or places, by an answer's time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg

from schemas.practice_settings import Timing
from tests.benchmarks.due_entries import Filling, fill_due
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.measures import Measure, at_least, reported
from tests.benchmarks.posting import poster, run
from tests.benchmarks.targets import BareTarget
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

ANSWERS_AFTER_S: Final = 0.2
IN_FLIGHT: Final = 512
LANES: Final = (100, 400, 2_000)
JUDGED_UP_TO: Final = 400
TARGET: Final = 0.95
LANES_OF_A_PRACTICE: Final = 4
"""Half of what its office takes at once, so that lanes alone limit it."""
WARM_S: Final = 3
SECONDS: Final = 4


def calls_at_a_slow_target(world: World, folder: Path, target: BareTarget) -> Iterator[Measure]:
    """One poster each time, over practices of its own. `target` answers after ANSWERS_AFTER_S."""
    practices = practice_ids(sum(LANES) // LANES_OF_A_PRACTICE)
    furnish(world.database_url, list(histories(practices, Timing.INSTANT)), target.base_url, patients=20)
    for lanes in LANES:
        chosen, practices = practices[: lanes // LANES_OF_A_PRACTICE], practices[lanes // LANES_OF_A_PRACTICE :]
        most = min(IN_FLIGHT, lanes) / ANSWERS_AFTER_S
        warm, count = int(most * WARM_S), int(most * SECONDS)
        # A fifth more than is watched: lanes that end early would leave places empty.
        each = int((warm + count) * 1.2 / len(chosen)) + IN_FLIGHT // len(chosen)
        with psycopg.connect(world.database_url, autocommit=True) as connection:
            fill_due(connection, Filling(practices=chosen, entries=each, lanes=LANES_OF_A_PRACTICE))
        speed = run(poster(world, folder, calls=IN_FLIGHT), target, warm=warm, calls=count)
        with psycopg.connect(world.database_url, autocommit=True) as connection:
            connection.execute("UPDATE gates SET next_due_at = NULL")
        name = f"P3 target answers in 200 ms, {IN_FLIGHT} calls in flight, {lanes:,} busy lanes / Little's law"
        note = f"{speed.per_second:,.0f}/s of {most:,.0f}/s; CPU a call {speed.cpu_micros:.0f} µs"
        busy = f"the poster's process was busy for {speed.per_second * speed.cpu_micros / 1e6:.0%} of one core"
        share = speed.per_second / most
        if lanes <= JUDGED_UP_TO:
            yield at_least(name, share, TARGET, note=note, why_less=busy)
        else:
            yield reported(name, share, "×", f"{note}; {busy}")
