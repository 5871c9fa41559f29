"""The properties of money, allocation, time and lanes, tried as often as a night allows instead of a hundred times."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.run_length import print_figures

pytestmark = pytest.mark.soak

TESTS = Path(__file__).parents[1]
PROPERTIES = sorted(
    file.relative_to(TESTS).as_posix()
    for file in TESTS.rglob("test_*.py")
    if file.parent.name != "soak" and "\n@given" in file.read_text(encoding="utf-8")
)
"""Every file with a property, so that none is forgotten."""
LONGEST_S = 3000.0


@pytest.mark.parametrize("file", PROPERTIES)
def test_properties_hold_at_length(file: str) -> None:
    """With the profile `long` (SOAK_EXAMPLES of each, 2,000 by default) no property finds a counter-example."""
    command = [sys.executable, "-m", "pytest", str(TESTS / file), "-m", "hypothesis", "-q", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [*command, "--hypothesis-profile", "long", "--hypothesis-show-statistics", "--timeout", str(LONGEST_S)],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    examples = [int(count) for count in re.findall(r"(\d+) passing,", ended.stdout)]
    print_figures(
        part="properties",
        file=file,
        properties=len(set(re.findall(r"^(tests\S+::\S+):$", ended.stdout, re.M))),
        examples=sum(examples),
    )
    assert examples
