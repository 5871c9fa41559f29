"""`make bench`: starts its own stack, measures, shows, and writes the table in its README.md.

`python -m tests.benchmarks [--full] [--only GROUP ...] [--no-readme]`. Exit code 1 when something could not be
measured; a target that is missed is marked and is no failure. All traffic stays on loopback.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import psycopg
from confluent_kafka import KafkaException
from rich.console import Console

from deploy.local import LocalStackError, cache_folder
from deploy.local.keeper import start_in_background, stop_in_background
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import SUPERUSER
from deploy.local.postgres import url as postgres_url
from deploy.local.stack import Ports
from streams.runtime.errors import WritebackError
from tests.benchmarks.bytes_written import bytes_written
from tests.benchmarks.claiming import claim_times
from tests.benchmarks.cut_off import entries_of_a_cut_off
from tests.benchmarks.decisions import decision_rates
from tests.benchmarks.flat import flat_costs
from tests.benchmarks.intake import intake_throughput
from tests.benchmarks.linking import links_decided, search_of_patients
from tests.benchmarks.listing import listing_times
from tests.benchmarks.measures import Measure, NotMeasuredError, Verdict, not_measured
from tests.benchmarks.mirror import mirror_of_patients
from tests.benchmarks.pipeline import FULL_EVENTS, pipeline
from tests.benchmarks.posting import poster_throughput
from tests.benchmarks.quix import environment
from tests.benchmarks.report import Results, show, store
from tests.benchmarks.rules import rules_throughput
from tests.benchmarks.slow_target import ANSWERS_AFTER_S, calls_at_a_slow_target
from tests.benchmarks.stored import stored_cost
from tests.benchmarks.targets import bare_target
from tests.benchmarks.two_posters import GATES, one_and_two_posters
from tests.benchmarks.two_routes import two_routes
from tests.worlds import Stack, fresh_world

RULES_RECORDS: Final = 40_000
INTAKE_RECORDS: Final = 12_000
POSTER_CALLS: Final = 5_000
DECISIONS: Final = 20_000
SIZES: Final = (1_000, 100_000)
"""Of what is stored, or waits."""
FULL_SIZES: Final = (*SIZES, 1_000_000)
PIPELINE_EVENTS: Final = 20_000
QUIET: Final = 1.0
"""Load before the start: above this others use the machine, and the table says so."""

Group = Callable[["Bench"], Iterator[Measure]]


class Bench(msgspec.Struct, frozen=True):
    """What every group of measurements needs."""

    stack: Stack
    folder: Path
    full: bool
    say: Callable[[str], None]


def rules(bench: Bench) -> Iterator[Measure]:
    try:
        quix = environment.python(cache_folder())
    except environment.NotInstalledError as error:
        bench.say(f"without Quix Streams: {error}")
        quix = None
    yield from decision_rates(DECISIONS)
    with fresh_world(bench.stack) as world:
        yield from rules_throughput(world, bench.folder, quix, RULES_RECORDS)


def ledger(bench: Bench) -> Iterator[Measure]:
    """The poster posts what the intake stored."""
    with bare_target() as target, fresh_world(bench.stack) as world:
        yield from intake_throughput(world, bench.folder, target.base_url, INTAKE_RECORDS)
        yield from poster_throughput(world, bench.folder, target, POSTER_CALLS)


def written(bench: Bench) -> Iterator[Measure]:
    with bare_target() as target, fresh_world(bench.stack) as world:
        yield from bytes_written(world, bench.folder, target)


def slow(bench: Bench) -> Iterator[Measure]:
    with bare_target(ANSWERS_AFTER_S) as target, fresh_world(bench.stack) as world:
        yield from calls_at_a_slow_target(world, bench.folder, target)


def routes(bench: Bench) -> Iterator[Measure]:
    with bare_target(ANSWERS_AFTER_S) as target, fresh_world(bench.stack) as world:
        yield from two_routes(world, bench.folder, target)


def posters(bench: Bench) -> Iterator[Measure]:
    for gates in GATES:
        with bare_target(ANSWERS_AFTER_S) as target, fresh_world(bench.stack) as world:
            yield from one_and_two_posters(world, bench.folder, target, gates)


def cut_off(bench: Bench) -> Iterator[Measure]:
    with bare_target() as target, fresh_world(bench.stack) as world:
        yield from entries_of_a_cut_off(world, bench.folder, target, full=bench.full)


def flat(bench: Bench) -> Iterator[Measure]:
    with fresh_world(bench.stack) as world:
        yield from flat_costs(world, full=bench.full)


def claims(bench: Bench) -> Iterator[Measure]:
    with fresh_world(bench.stack) as world:
        yield from claim_times(world, FULL_SIZES if bench.full else SIZES)


def stored(bench: Bench) -> Iterator[Measure]:
    with fresh_world(bench.stack) as world:
        yield from stored_cost(world, FULL_SIZES if bench.full else SIZES)


def mirror(bench: Bench) -> Iterator[Measure]:
    with fresh_world(bench.stack) as world:
        yield from mirror_of_patients(world, bench.folder, full=bench.full)


def linking(bench: Bench) -> Iterator[Measure]:
    yield from links_decided()
    with fresh_world(bench.stack) as world:
        yield from search_of_patients(world)


def listing(bench: Bench) -> Iterator[Measure]:
    with fresh_world(bench.stack) as world:
        yield from listing_times(world, full=bench.full)


def whole(bench: Bench) -> Iterator[Measure]:
    with bare_target() as target, fresh_world(bench.stack) as world:
        yield from pipeline(world, bench.folder, target, FULL_EVENTS if bench.full else PIPELINE_EVENTS)


GROUPS: Final[dict[str, Group]] = {
    "rules": rules,
    "ledger": ledger,
    "written": written,
    "stored": stored,
    "claims": claims,
    "flat": flat,
    "slow": slow,
    "routes": routes,
    "posters": posters,
    "cut-off": cut_off,
    "mirror": mirror,
    "linking": linking,
    "listing": listing,
    "pipeline": whole,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--full", action="store_true", help="1,000,000 events for the memory row (about an hour)")
    parser.add_argument("--only", nargs="+", choices=sorted(GROUPS), default=list(GROUPS))
    parser.add_argument("--no-readme", action="store_true", help="only show the table")
    chosen = parser.parse_args(arguments)
    console = Console()
    for name in [name for name in os.environ if name.startswith("WRITEBACK_")]:
        del os.environ[name]  # a developer's own settings decide no measurement
    load, began = os.getloadavg()[0], time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="writeback-bench-"))
    folder.chmod(0o711)  # Postgres may run as another user and has to pass through
    try:
        measures = _measured(folder, chosen.only, chosen.full, console)
    except LocalStackError as error:
        console.print(f"error: the local stack did not start: {error}", markup=False)
        return 1
    finally:
        stop_in_background(folder / "stack")
        shutil.rmtree(folder, ignore_errors=True)
    show(measures, console)
    results = Results(
        day=datetime.now(UTC).date().isoformat(),
        machine=_machine(load),
        full=chosen.full,
        seconds=round(time.monotonic() - began),
        measures=measures,
    )
    if not chosen.no_readme and chosen.only == list(GROUPS):
        store(results)
        console.print("written: tests/benchmarks/README.md (between the marks) and tests/benchmarks/results.json")
    return 1 if any(measure.verdict is Verdict.NOT_MEASURED for measure in measures) else 0


def _measured(folder: Path, only: list[str], full: bool, console: Console) -> list[Measure]:
    """Every group on a stack of its own that keeps its data safe (fsync), as a practice's would."""
    state, logs = folder / "stack", folder / "logs"
    for made in (state, logs):
        made.mkdir()
        made.chmod(0o711)
    console.print("starting Kafka and Postgres")
    start_in_background(state, cache_folder(), until_pid=os.getpid(), open_broker=True)
    ports = msgspec.json.decode((state / "ports.json").read_bytes(), type=Ports)
    stack = Stack(f"{LOOPBACK}:{ports.kafka}", postgres_url(state / "postgres", ports.postgres, SUPERUSER))
    bench = Bench(stack, logs, full, lambda line: console.print(line, markup=False))
    measures: list[Measure] = []
    for name in only:
        began = time.monotonic()
        console.print(f"measuring: {name}")
        try:
            for measure in GROUPS[name](bench):
                measures.append(measure)
                console.print(f"  {measure.name}: {measure.value} {measure.verdict} ({measure.why})", markup=False)
        except (NotMeasuredError, KafkaException, psycopg.Error, OSError, WritebackError) as error:
            measures.append(not_measured(name, f"{type(error).__name__}: {str(error)[:300]}"))
            console.print(f"  not measured: {error}", markup=False)
        console.print(f"  {time.monotonic() - began:.0f} s")
    return measures


def _machine(load: float) -> str:
    busy = f"; others were using it (load {load:.1f} at the start)" if load > QUIET else ""
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}{busy}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
