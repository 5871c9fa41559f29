"""A QuickBooks with its authorization server, and practices in a ledger that may be connected to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.running import CompanySandbox, SandboxProcess, running_sandbox
from tests.sinks.operations.quickbooks.practices import PRACTICE, Practices
from tests.sinks.poster.offices import Offices
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


@pytest.fixture
def offices(practices: Practices, tmp_path: Path) -> Iterator[Offices]:
    """A ledger that rules and intake feed, and posters on it."""
    opened = Offices(practices.world, practices.sandbox, tmp_path)
    yield opened
    opened.end()


@pytest.fixture
def company(practices: Practices, offices: Offices) -> CompanySandbox:
    """Of a practice that is connected and not mapped."""
    offices.database.add(PRACTICE, connected=False)
    made = practices.company(classes={"5": "North"}, departments={"8": "Main Street"})
    practices.connect(PRACTICE, made)
    return made
