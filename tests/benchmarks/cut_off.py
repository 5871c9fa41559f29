"""P6: very many entries due at one cut-off: memory of every role, order of gates, and the rate beside a small run's."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg

from schemas.practice_settings import Timing
from streams.kafka.topics import ensure_topics
from tests.benchmarks.contenders import Contender
from tests.benchmarks.due_entries import Filling, fill_due
from tests.benchmarks.ledgers import SECRET_TEXT, furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, Verdict, at_least, at_most
from tests.benchmarks.targets import BareTarget
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

ROLES: Final = ("rules", "intake", "poster", "relay", "notifier")
OF_A_PRACTICE: Final = 50
LANES: Final = 10
SMALL: Final = 10_000
USUAL: Final = 100_000
FULL: Final = 1_000_000
LARGE_PRACTICE: Final = 1_000
"""Entries of the practice that is due first: twice what a gate may start before it goes to the back of the queue."""
SPREAD_S: Final = 30.0
"""The gates of one cut-off are due one after the other (law 24); all of them are when the poster starts."""
LIMIT_MB: Final = 150.0
NEAR: Final = 0.8
"""Of the small run's rate."""
GATES: Final = 200
"""That one poster owns at most (`poster_gates`): so far may a gate come before an older one."""
SLOWEST_PER_S: Final = 60
LOOK_EVERY_S: Final = 0.25


class Run(msgspec.Struct, frozen=True):
    per_second: float
    cpu_micros: float
    """Of the poster, an entry."""
    most_mb: dict[str, float]


def entries_of_a_cut_off(world: World, folder: Path, target: BareTarget, *, full: bool) -> Iterator[Measure]:
    """A small run, the large one, and the small one again; every role runs, the ledger keeps what was posted."""
    count = FULL if full else USUAL
    practices = practice_ids((count + 2 * SMALL) // OF_A_PRACTICE)
    furnish(world.database_url, list(histories(practices, Timing.DAILY)), target.base_url, patients=LANES)
    ensure_topics(world.settings())
    few = SMALL // OF_A_PRACTICE
    before = _run(world, folder, target, practices[:few], 0)
    run = _run(world, folder, target, practices[few:-few], LARGE_PRACTICE)
    displaced, out_of_order, unserved = _order(world, practices[few:-few])
    after = _run(world, folder, target, practices[-few:], 0)
    name = f"P6 {count:,} entries due at one cut-off over {len(practices) - 2 * few:,} practices"
    yield _memory(name, run, full)
    small = (before.per_second + after.per_second) / 2
    yield at_least(
        f"{name}: rate / that of {SMALL:,}",
        run.per_second / small,
        NEAR,
        note=f"{run.per_second:,.0f}/s beside {before.per_second:,.0f}/s before and {after.per_second:,.0f}/s after; "
        f"the poster's CPU an entry {run.cpu_micros:.0f} µs beside {(before.cpu_micros + after.cpu_micros) / 2:.0f} µs",
    )
    yield at_most(
        f"{name}: oldest first, the most gates that an older one was served behind",
        displaced,
        GATES,
        unit="gates",
        note=f"{out_of_order} entries were marked before an earlier one of their lane",
    )
    yield Measure(
        name=f"{name}: practices that were not served, or out of the order of a lane",
        value=f"{unserved + out_of_order}",
        number=unserved + out_of_order,
        target="0",
        verdict=Verdict.MET if unserved + out_of_order == 0 else Verdict.MISSED,
        why=f"the practice that was due first has {LARGE_PRACTICE:,} entries, and kept nobody waiting",
    )


def _memory(name: str, run: Run, full: bool) -> Measure:
    worst = max(run.most_mb, key=lambda role: run.most_mb[role])
    most = run.most_mb[worst]
    scaled = "" if full else f"; scaled down from {FULL:,}: `make bench FULL=1` has them all"
    return Measure(
        name=f"{name}: largest resident memory of a role",
        value=f"{most:.0f} MB ({worst})",
        number=round(most, 1),
        target=f"≤ {LIMIT_MB:.0f} MB",
        verdict=Verdict.MET if most <= LIMIT_MB else Verdict.MISSED,
        why=", ".join(f"{role} {mb:.0f}" for role, mb in run.most_mb.items()) + scaled,
    )


def _run(world: World, folder: Path, target: BareTarget, practices: list[str], large: int) -> Run:
    """From the tenth part of them to the end of the last; every role beside it, started anew."""
    count = len(practices) * OF_A_PRACTICE
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        row = connection.execute("SELECT now() - make_interval(secs => %s)", (2 * SPREAD_S,)).fetchone()
        due_at = row[0] if row else None
        filling = Filling(practices=practices, entries=OF_A_PRACTICE, lanes=LANES, due_at=due_at, spread_s=SPREAD_S)
        fill_due(connection, filling)
        if large:
            more = msgspec.structs.replace(
                filling, practices=practices[:1], entries=large - OF_A_PRACTICE, first=OF_A_PRACTICE + 1, spread_s=0.0
            )
            fill_due(connection, more)
            count += large - OF_A_PRACTICE
        connection.execute("CHECKPOINT")
    begun, most_mb = target.count(), dict.fromkeys(ROLES, 0.0)
    with ExitStack() as running:
        roles = {role: _role(world, folder, role) for role in ROLES}
        for contender in roles.values():
            running.callback(contender.stop)
        deadline = time.monotonic() + 60 + count / SLOWEST_PER_S
        first: tuple[float, float, int] | None = None
        while (done := target.count() - begun) < count:
            now, cpu = time.monotonic(), roles["poster"].cpu_s()
            if first is None and done >= count // 10:
                first = (now, cpu, done)
            for role, contender in roles.items():
                contender.check()
                most_mb[role] = max(most_mb[role], contender.resident_mb())
            if now > deadline:
                raise NotMeasuredError(f"{done} of {count} entries were posted: {roles['poster'].tail()}")
            time.sleep(LOOK_EVERY_S)
        if first is None:
            raise NotMeasuredError("the entries were posted before they could be watched")
        watched, ended, cpu = done - first[2], time.monotonic(), roles["poster"].cpu_s()
        return Run(watched / (ended - first[0]), (cpu - first[1]) / watched * 1e6, most_mb)


def _role(world: World, folder: Path, role: str) -> Contender:
    settings = world.settings(
        log_level="WARNING",
        secret_key=SECRET_TEXT,
        smtp_url="smtp://127.0.0.1:9",
        state_dir=folder / f"{world.database}-{role}",
        poster_gates=GATES,
    )
    return Contender(role, [sys.executable, "-m", "deploy.command", role], settings.to_environ(), folder)


def _order(world: World, practices: list[str]) -> tuple[int, int, int]:
    """Gates that one was served behind at most, entries before an earlier one of their lane, practices not served."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        return (
            _number(connection, _DISPLACED, practices),
            _number(connection, _OUT_OF_ORDER, practices),
            len(practices) - _number(connection, _SERVED, practices),
        )


def _number(connection: psycopg.Connection[Any], query: str, practices: list[str]) -> int:
    row = connection.execute(query.encode(), {"practices": practices}).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


_SENT: Final = (
    "SELECT o.practice_id, o.effect_id, e.lane, o.sent_at FROM outcomes o JOIN entries e USING (practice_id, effect_id)"
    " WHERE o.practice_id = ANY(%(practices)s)"
)
_DISPLACED: Final = (
    "WITH served AS (SELECT nr, rank() OVER (ORDER BY min(o.sent_at)) AS turn"
    " FROM unnest(%(practices)s::text[]) WITH ORDINALITY AS p(id, nr) JOIN outcomes o ON o.practice_id = p.id"
    " GROUP BY nr)"
    " SELECT max(turn - nr) FROM served"
)
_OUT_OF_ORDER: Final = (
    "SELECT count(*) FROM (SELECT sent_at < lag(sent_at) OVER (PARTITION BY practice_id, lane ORDER BY effect_id)"
    f" AS early FROM ({_SENT}) s) x WHERE early"
)
_SERVED: Final = (
    "SELECT count(*) FROM unnest(%(practices)s::text[]) p(id) WHERE NOT EXISTS"
    " (SELECT FROM work w WHERE w.practice_id = p.id AND w.state <> 'SENDING')"
    " AND EXISTS (SELECT FROM outcomes o WHERE o.practice_id = p.id)"
)
