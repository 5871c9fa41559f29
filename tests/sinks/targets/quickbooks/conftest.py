"""A sandbox and a ledger for the tests of this package, and a company for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy.sandbox.running import SandboxProcess, running_sandbox
from sinks.ledger.schema.migrate import migrate
from tests.sinks.targets.quickbooks.companies import Company, a_company
from tests.worlds import Stack, fresh_world


@pytest.fixture(scope="package")
def ledger(stack: Stack) -> Iterator[str]:
    """The URL of a migrated database."""
    with fresh_world(stack) as mine:
        migrate(mine.database_url)
        yield mine.database_url


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest_asyncio.fixture
async def company(sandbox: SandboxProcess, ledger: str) -> AsyncIterator[Company]:
    """A company of one's own, connected; what was opened on it is closed afterwards."""
    sandbox.quickbooks.clear_faults()
    found = a_company(sandbox, ledger)
    yield found
    await asyncio.gather(*(target.close() for target in found.opened))
    sandbox.quickbooks.clear_faults()
