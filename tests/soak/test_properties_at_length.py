"""The properties of money, allocation, time and lanes, tried as often as a night allows instead of a hundred times."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.lengths import tell

pytestmark = pytest.mark.soak

TESTS = Path(__file__).parents[1]
PROPERTIES = (
    "processors/test_amounts.py",
    "processors/test_decide.py",
    "processors/test_timing.py",
    "schemas/test_codec.py",
    "schemas/test_identity.py",
    "schemas/test_validation.py",
    "sinks/ledger/test_deciding.py",
    "sinks/ledger/test_resolving.py",
    "sinks/poster/test_deciding.py",
    "sinks/quickbooks/test_documents.py",
    "sinks/quickbooks/test_faults.py",
)
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
    tell(
        part="properties",
        file=file,
        properties=len(set(re.findall(r"^(tests\S+::\S+):$", ended.stdout, re.M))),
        examples=sum(examples),
    )
    assert examples
