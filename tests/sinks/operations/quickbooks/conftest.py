"""A QuickBooks with its authorization server, and practices in a ledger that may be connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from tests.sinks.operations.quickbooks.practices import Practices
from tests.worlds import World


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture
def practices(world: World, sandbox: SandboxProcess) -> Iterator[Practices]:
    opened = Practices(world, sandbox)
    yield opened
    opened.close()
    sandbox.quickbooks.clear_faults()
    sandbox.quickbooks.change_authorization()
