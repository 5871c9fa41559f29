"""P7: a second poster. Both must be at work, on few gates and on many, and no entry may be sent twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg

from schemas.practice_settings import Timing
from tests.benchmarks.contenders import Contender
from tests.benchmarks.due_entries import Filling, fill_due
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, Verdict, at_least
from tests.benchmarks.posting import poster
from tests.benchmarks.targets import BareTarget
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

GATES: Final = (16, 600)
IN_FLIGHT: Final = 64
"""Of each: at 200 ms an answer one poster makes 320 calls a second at most, far below what the machine can."""
CALLS: Final = 2_000
"""Watched of one poster; twice as many of two."""
WARM: Final = 400
WITHIN_S: Final = 120.0
LOOK_EVERY_S: Final = 0.1
LEAST_SHARE: Final = 0.25
"""Of the calls in flight: less is no work worth a process."""


class Watched(msgspec.Struct, frozen=True):
    per_second: float
    shares: dict[str, float]
    """Of the calls in flight, by the owner of their gates."""


def one_and_two_posters(world: World, folder: Path, target: BareTarget, gates: int) -> Iterator[Measure]:
    """The same ledger: one poster for some seconds, then two. `target` has seen nothing before; each payment has one
    entry, so a payment that it sees twice was doubled."""
    practices = practice_ids(gates)
    furnish(world.database_url, list(histories(practices, Timing.INSTANT)), target.base_url, patients=50)
    each = (3 * CALLS + 2 * WARM) * 3 // 2 // gates + 1
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        fill_due(connection, Filling(practices=practices, entries=each, lanes=min(each, 50)))
        one = _watch(connection, target, [poster(world, folder, calls=IN_FLIGHT)], CALLS)
        two = _watch(connection, target, [poster(world, folder, calls=IN_FLIGHT, slot=slot) for slot in (0, 1)], CALLS)
    sent = target.count()
    doubled = sent - len(target.seen())
    shares = sorted(two.shares.values(), reverse=True)
    told = " and ".join(f"{share:.0%}" for share in shares)
    yield at_least(
        f"P7 two posters / one, {gates} gates, {IN_FLIGHT} calls in flight each, target answers in 200 ms",
        two.per_second / one.per_second,
        1.5,
        note=f"{two.per_second:,.0f}/s beside {one.per_second:,.0f}/s; of the calls in flight {told}",
        why_less="two posters, Postgres and the target share two cores",
    )
    working = len(shares) == 2 and shares[-1] >= LEAST_SHARE
    yield Measure(
        name=f"P7 two posters, {gates} gates: both at work, no entry doubled",
        value=f"{doubled} doubled",
        number=doubled,
        target=f"0, and each ≥ {LEAST_SHARE:.0%} of the calls",
        verdict=Verdict.MET if working and doubled == 0 else Verdict.MISSED,
        why=f"{sent:,} requests at the target; of the calls in flight {told}",
    )


def _watch(connection: psycopg.Connection[Any], target: BareTarget, posters: list[Contender], calls: int) -> Watched:
    """No gate is due before all of them have started: the first one up would have them all."""
    begun, deadline = target.count(), time.monotonic() + WITHIN_S
    first: tuple[float, int] | None = None
    owners: Counter[str] = Counter()
    try:
        _until_started(connection, posters)
        while True:
            for each in posters:
                each.check()
            now, done = time.monotonic(), target.count() - begun
            if first is None and done >= WARM * len(posters):
                first = (now, done)
            if first is not None:
                owners.update(dict(connection.execute(_IN_FLIGHT).fetchall()))
                if done >= first[1] + calls * len(posters):
                    break
            if now > deadline:
                raise NotMeasuredError(f"{done} requests in {WITHIN_S:.0f} s: {posters[0].tail()}")
            time.sleep(LOOK_EVERY_S)
    finally:
        for each in posters:
            each.stop()
    total = sum(owners.values())
    shares = {owner: count / total for owner, count in owners.items()} if total else {}
    return Watched((done - first[1]) / (now - first[0]), shares)


def _until_started(connection: psycopg.Connection[Any], posters: list[Contender]) -> None:
    connection.execute("UPDATE gates SET not_before = 'infinity'")
    deadline = time.monotonic() + WITHIN_S
    while len(connection.execute(_STARTED).fetchall()) < len(posters):
        for each in posters:
            each.check()
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"{len(posters)} posters did not start in {WITHIN_S:.0f} s: {posters[-1].tail()}")
        time.sleep(LOOK_EVERY_S)
    connection.execute("UPDATE gates SET not_before = 'epoch'")


_STARTED: Final = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'writeback-poster-gates'"
)
_IN_FLIGHT: Final = (
    "SELECT g.owner, count(*) FROM work w JOIN gates g USING (practice_id, connection_id)"
    " WHERE w.state = 'SENDING' AND g.owner IS NOT NULL GROUP BY g.owner"
)
