"""Sandbox offices, and a ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.offices import Offices
from tests.worlds import World


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture
def offices(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Offices]:
    opened = Offices(world, sandbox, tmp_path)
    yield opened
    opened.end()
    sandbox.open_dental.clear_faults()


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()
