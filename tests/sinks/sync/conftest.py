"""One sandbox for the session, and practices to read on a fresh ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from tests.sinks.sync.readers import Readers
from tests.worlds import World


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture
def readers(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Readers]:
    opened = Readers(world, sandbox, tmp_path)
    yield opened
    opened.end()
    sandbox.open_dental.clear_faults()
    sandbox.nexhealth.clear_faults()
