"""P2: the poster, whole, beside the same aiohttp calls without any ledger; interleaved rounds, one target process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import psycopg

from tests.benchmarks.contenders import Contender, Speed
from tests.benchmarks.ledgers import SECRET_TEXT
from tests.benchmarks.measures import Measure, NotMeasuredError, at_least, median_ratio, reported
from tests.benchmarks.targets import BareTarget, arrivals
from tests.worlds import World

IN_FLIGHT: Final = 64
ROUNDS: Final = 3
WARM: Final = 500
WITHIN_S: Final = 120.0


def poster_throughput(world: World, folder: Path, target: BareTarget, calls: int) -> Iterator[Measure]:
    """Posts what the ledger of `world` has due, `calls` in each round, then as many of the same requests bare."""
    _enough(world, ROUNDS * (WARM + calls))
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    posted: list[Speed] = []
    bare: list[Speed] = []
    for _ in range(ROUNDS):
        posted.append(run(poster(world, folder), target, calls=calls))
        bare.append(run(_bare(target, folder), target, calls=calls))
    yield at_least(
        f"P2 poster, whole / the same aiohttp calls without a ledger, {IN_FLIGHT} in flight, target answers at once",
        median_ratio([speed.per_second for speed in posted], [speed.per_second for speed in bare]),
        0.5,
        note=f"{median(s.per_second for s in posted):,.0f}/s beside {median(s.per_second for s in bare):,.0f}/s; CPU a "
        f"call {median(s.cpu_micros for s in posted):.0f} µs beside {median(s.cpu_micros for s in bare):.0f} µs",
        why_less="plan, mark, confirmation, attempts row and results row for each call; Postgres, poster and target "
        "share two cores",
    )
    yield reported("P2 poster, CPU a call (its own process)", median(s.cpu_micros for s in posted), "µs")


def run(contender: Contender, target: BareTarget, *, calls: int, warm: int = WARM) -> Speed:
    """Of `calls` requests after the first `warm`; then it is stopped."""
    try:
        return arrivals(target, contender, warm=warm, count=calls, within_s=WITHIN_S)
    finally:
        contender.stop()


def poster(world: World, folder: Path, *, calls: int = IN_FLIGHT, slot: int = 0) -> Contender:
    """A poster process on this ledger, with a state folder of its own."""
    settings = world.settings(
        poster_calls=calls,
        slot=slot,
        log_level="WARNING",
        secret_key=SECRET_TEXT,
        state_dir=folder / f"{world.database}-{slot}",
    )
    command = [sys.executable, "-m", "deploy.command", "poster"]
    return Contender(f"poster-{slot}", command, settings.to_environ(), folder)


def _bare(target: BareTarget, folder: Path) -> Contender:
    command = [sys.executable, "-m", "tests.benchmarks.bare_calls", target.root, str(IN_FLIGHT)]
    return Contender("bare calls", command, {}, folder)


def _enough(world: World, needed: int) -> None:
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM effects WHERE state = 'SCHEDULED' AND due_at <= now()"
        ).fetchone()
    if row is None or row[0] < needed:
        raise NotMeasuredError(f"the poster needs {needed} due effects and the ledger has {row[0] if row else 0}")
