"""One sandbox process for these tests; each test opens its own office and company in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from deploy.sandbox.running import SandboxProcess
from tests.deploy.sandbox.callers import Company, Office

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess.start() as process:
        yield process


@pytest.fixture
def office(sandbox: SandboxProcess) -> Iterator[Office]:
    """A fresh office with three patients, and a caller with its keys."""
    key = f"office-{next(_numbers)}"
    sandbox.open_dental.add_office(key)
    sandbox.open_dental.add_patients(key, 3, seed=1)
    yield Office(sandbox.open_dental, key)
    sandbox.open_dental.clear_faults()


@pytest.fixture
def company(sandbox: SandboxProcess) -> Iterator[Company]:
    """A fresh company with the standard chart, and a caller with its access token."""
    realm = str(9_130_000_000_000_000 + next(_numbers))
    sandbox.quickbooks.add_company(realm)
    yield Company(sandbox.quickbooks, realm)
    sandbox.quickbooks.clear_faults()
