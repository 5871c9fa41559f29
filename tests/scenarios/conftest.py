"""One sandbox for all scenarios of a worker, and one pipeline for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.running import SandboxProcess
from tests.scenarios.pipeline import Pipeline
from tests.worlds import World


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess.start() as process:
        yield process


@pytest.fixture
def pipeline(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Pipeline]:
    sandbox.open_dental.clear_faults()
    sandbox.nexhealth.clear_faults()
    sandbox.quickbooks.clear_faults()
    sandbox.connector.clear_faults()
    mine = Pipeline(world, sandbox, tmp_path)
    yield mine
    mine.close()
