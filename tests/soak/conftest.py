"""A sandbox for the soak alone, and the length of this run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from tests.soak.run_length import FIGURES, Length, length, print_figures


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture(scope="session")
def lasting() -> Length:
    """How long and how much; said once, so that a failing run can be repeated."""
    chosen = length()
    print_figures(seed=chosen.seed, events=chosen.events, seconds=chosen.seconds, effects=chosen.effects)
    return chosen


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The soak's results, whether it passed or not."""
    if FIGURES:
        terminalreporter.write_sep("=", "soak")
    for line in FIGURES:
        terminalreporter.write_line(line)
