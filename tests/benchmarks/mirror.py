"""The role that reads practices' systems: very many patients of one office in bounded memory, over real HTTP."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import psycopg

from deploy.sandbox.demonstration import open_dental_keys
from deploy.sandbox.running import SandboxClients, running_sandbox
from schemas.practice_settings import Timing
from sinks.targets.credentials import KeyRing
from tests.benchmarks.contenders import LOOK_EVERY_S, Contender
from tests.benchmarks.ledgers import SECRET, SECRET_TEXT, furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, at_most, reported
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

FULL_PATIENTS: Final = 200_000
PATIENTS: Final = 20_000
FEW: Final = 1_000
"""What memory is compared with: the same program after a small practice."""
ADDED_AT_ONCE: Final = 5_000
GROWTH_MB: Final = 20.0
WITHIN_S: Final = 900.0
KEY: Final = "bench-office"


def mirror_of_patients(world: World, folder: Path, *, full: bool) -> Iterator[Measure]:
    """First a small office, then one with very many patients, each by a process of its own."""
    many = FULL_PATIENTS if full else PATIENTS
    with running_sandbox() as sandbox:
        few_mb, _ = _read(world, folder, sandbox, practice_ids(2)[0], f"{KEY}-few", FEW)
        many_mb, took_s = _read(world, folder, sandbox, practice_ids(2)[1], f"{KEY}-many", many)
    yield at_most(
        f"SYNC, resident memory with {many:,} patients above that with {FEW:,}",
        max(0.0, many_mb - few_mb),
        GROWTH_MB,
        unit="MB",
        note=f"{many_mb:.0f} MB beside {few_mb:.0f} MB, pages of 100",
    )
    yield reported(
        "SYNC, patients a second from one office (LOCAL)", many / took_s, "/s", "one practice, one page at a time"
    )


def _read(
    world: World, folder: Path, sandbox: SandboxClients, practice_id: str, key: str, patients: int
) -> tuple[float, float]:
    """The largest resident memory of the role in MB, and how many seconds until all were read."""
    sandbox.open_dental.add_office(key)
    for start in range(0, patients, ADDED_AT_ONCE):
        sandbox.open_dental.add_patients(key, min(ADDED_AT_ONCE, patients - start), seed=start)
    history = [each for each in histories(practice_ids(2), Timing.INSTANT) if each.practice_id == practice_id]
    furnish(world.database_url, history, sandbox.open_dental.url, patients=1)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        secret = msgspec.json.encode(open_dental_keys(sandbox, key))
        connection_id = f"{practice_id}-PMS"
        connection.execute(
            "UPDATE connections SET secret = %s, account_fingerprint = %s WHERE home_practice_id = %s"
            " AND connection_id = %s",
            (KeyRing(SECRET).seal(practice_id, connection_id, secret), key, practice_id, connection_id),
        )
        settings = world.settings(secret_key=SECRET_TEXT, log_level="WARNING")
        command = [sys.executable, "-m", "deploy.command", "sync"]
        reader = Contender("sync", command, settings.to_environ(), folder)
        began, most = time.monotonic(), 0.0
        try:
            while not _is_read(connection, practice_id, patients):
                reader.check()
                most = max(most, reader.resident_mb())
                if time.monotonic() - began > WITHIN_S:
                    raise NotMeasuredError(f"{patients:,} patients were not read in {WITHIN_S:.0f} s")
                time.sleep(LOOK_EVERY_S)
            return max(most, reader.resident_mb()), time.monotonic() - began
        finally:
            reader.stop()


def _is_read(connection: psycopg.Connection, practice_id: str, patients: int) -> bool:
    found = connection.execute(
        "SELECT rows FROM mirror_reads WHERE practice_id = %s AND kind = 'patients' AND read_at IS NOT NULL",
        (practice_id,),
    ).fetchone()
    if found is not None and found[0] != patients:
        raise NotMeasuredError(f"{found[0]} of {patients} patients were read")
    return found is not None
