"""P3: many practices on two routes at a target that takes its time, and what one of them that is slow or dead costs the
others: runs with it and without it in turn, over the same ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
import psycopg

from schemas.practice_settings import Timing
from tests.benchmarks.contenders import Speed
from tests.benchmarks.due_entries import Filling, fill_due
from tests.benchmarks.ledgers import connector, furnish, open_dental
from tests.benchmarks.measures import Measure, NotMeasuredError, at_least, at_most, median_ratio
from tests.benchmarks.posting import WITHIN_S, poster
from tests.benchmarks.slow_target import ANSWERS_AFTER_S, IN_FLIGHT, SECONDS, WARM_S
from tests.benchmarks.targets import BareTarget, arrivals, bare_target
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

PRACTICES: Final = 200
LANES: Final = 2
"""Of each practice, below what its target takes at once: lanes alone limit it."""
ROUNDS: Final = 2
LITTLE: Final = 0.95
UNCHANGED: Final = 0.95
"""A practice in trouble may cost the others so little of their rate."""
MOST_MB: Final = 150
NEVER_S: Final = 3_600.0
LEAST_ON_A_ROUTE: Final = 0.3


class Trouble(StrEnum):
    """What one further practice is like. Times are a rehearsal's: a call that nobody answers ends after 2 s, and the
    practice is tried again within 5."""

    NONE = "none"
    SLOW = "one practice at 1 request/s"
    DEAD = "one practice whose server never answers"


class Run(msgspec.Struct, frozen=True):
    speed: Speed
    resident_mb: float
    troubled: int
    """Requests of the practice in trouble at its own target."""


def two_routes(world: World, folder: Path, target: BareTarget) -> Iterator[Measure]:
    """Half of the practices over Open Dental, half over a connector. `target` answers after ANSWERS_AFTER_S."""
    *practices, slow, dead = practice_ids(PRACTICES + 2)
    troubled = {Trouble.SLOW: slow, Trouble.DEAD: dead}
    connections = {name: connector(target.root, name) for name in practices[::2]}
    connections[slow] = open_dental(target.base_url, min_interval_s=1.0)
    furnish(
        world.database_url,
        list(histories([*practices, slow, dead], Timing.INSTANT)),
        target.base_url,
        patients=50,
        connections=connections,
    )
    lanes = PRACTICES * LANES
    most = lanes / ANSWERS_AFTER_S
    warm, count = int(most * WARM_S), int(most * SECONDS)
    runs: dict[Trouble, list[Run]] = {trouble: [] for trouble in Trouble}
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        each = int((warm + count) * 1.2 * ROUNDS * len(Trouble) / PRACTICES) + LANES
        fill_due(connection, Filling(practices=practices, entries=each, lanes=LANES))
        fill_due(connection, Filling(practices=[slow, dead], entries=500, lanes=50))
        for number in range(ROUNDS):
            # There and back: a machine that grows slower meanwhile is no practice's fault.
            for trouble in list(Trouble)[:: -1 if number % 2 else 1]:
                prepared = _Prepared(connection, world, folder, troubled.get(trouble), list(troubled.values()))
                runs[trouble].append(_run(prepared, target, trouble, warm, count))
    shares = _shares(target, connections.keys() - {slow})
    plain = [run.speed.per_second for run in runs[Trouble.NONE]]
    busy = median(run.speed.per_second * run.speed.cpu_micros for run in runs[Trouble.NONE]) / 1e6
    name = f"P3 {lanes} busy lanes over {PRACTICES} practices on two routes, target answers in 200 ms"
    yield at_least(
        f"{name} / Little's law",
        median(plain) / most,
        LITTLE,
        note=f"{median(plain):,.0f}/s of {most:,.0f}/s; {shares}",
        why_less=f"the poster's process was busy for {busy:.0%} of one core",
    )
    yield at_most(
        f"{name}: the poster's largest resident memory",
        max(run.resident_mb for some in runs.values() for run in some),
        MOST_MB,
        unit="MB",
    )
    for trouble in troubled:
        rates = [run.speed.per_second for run in runs[trouble]]
        asked = sum(run.troubled for run in runs[trouble])
        yield at_least(
            f"{name}: rate of the others beside {trouble} / without it",
            median_ratio(rates, plain),
            UNCHANGED,
            note=f"{median(rates):,.0f}/s beside {median(plain):,.0f}/s, {ROUNDS} runs each, in turn; "
            f"{asked} requests of that practice",
            why_less="places or time of the poster that the practice in trouble takes",
        )


class _Prepared(msgspec.Struct, frozen=True):
    """The ledger before a run: of the practices in trouble at most one is due."""

    connection: psycopg.Connection[Any]
    world: World
    folder: Path
    chosen: str | None
    all_troubled: list[str]

    def apply(self, base_url: str) -> None:
        """Every connection is open and healthy, as far as anybody knows; the chosen practice's target is there."""
        others = [name for name in self.all_troubled if name != self.chosen]
        self.connection.execute("UPDATE connections SET not_before = 'epoch', breaker = NULL, closed_reason = NULL")
        self.connection.execute(
            "UPDATE connections SET base_url = %s, changed_at = now() WHERE home_practice_id = %s",
            (base_url, self.chosen),
        )
        self.connection.execute(
            "UPDATE gates SET not_before = CASE WHEN practice_id = ANY(%s) THEN 'infinity'::timestamptz"
            " ELSE 'epoch' END, breaker = NULL, closed_reason = NULL",
            (others,),
        )
        # Its place in the queue moved when its connection was closed.
        self.connection.execute(
            "UPDATE gates g SET next_due_at = (SELECT min(w.due_at) FROM work w WHERE w.practice_id = g.practice_id"
            " AND w.state = 'SCHEDULED') WHERE g.practice_id = %s",
            (self.chosen,),
        )


def _run(prepared: _Prepared, target: BareTarget, trouble: Trouble, warm: int, count: int) -> Run:
    """One poster from its start. The target of the practice in trouble ends before the poster, which otherwise waits
    for its answers."""
    with ExitStack() as poster_ends, ExitStack() as target_ends:
        answers_after_s = NEVER_S if trouble is Trouble.DEAD else 0.0
        beside = target_ends.enter_context(bare_target(answers_after_s))
        prepared.apply(beside.base_url)
        contender = poster(prepared.world, prepared.folder, calls=IN_FLIGHT)
        poster_ends.callback(contender.stop)
        speed = arrivals(target, contender, warm=warm, count=count, within_s=WITHIN_S)
        asked = beside.count()
        if (asked > 0) is not (trouble is not Trouble.NONE):
            raise NotMeasuredError(f"{trouble}: {asked} requests of the practice in trouble")
        return Run(speed, contender.resident_mb(), asked)


def _shares(target: BareTarget, over_connector: set[str]) -> str:
    """How the payments are spread over the routes; NotMeasuredError where one of them was not at work."""
    seen = [payment.removeprefix("pay-").rpartition("-")[0] for payment in target.seen()]
    share = sum(practice in over_connector for practice in seen) / max(1, len(seen))
    if not LEAST_ON_A_ROUTE <= share <= 1 - LEAST_ON_A_ROUTE:
        raise NotMeasuredError(f"{share:.0%} of the payments went over the connector")
    return f"{share:.0%} of {len(seen):,} payments over the connector, {target.count() - len(seen)} doubled"
