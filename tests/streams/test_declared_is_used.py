"""What the lists of metrics, controls and crash points declare is used by the program: a list may not promise more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from streams.fault_injection import Control, CrashPoint
from streams.runtime import metrics

ROOT = Path(__file__).resolve().parents[2]
DECLARING = {"metrics.py", "controls.py", "crash_points.py"}
PRODUCT = "\n".join(
    file.read_text(encoding="utf-8")
    for folder in ("schemas", "streams", "processors", "sinks", "deploy")
    for file in (ROOT / folder).rglob("*.py")
    if file.name not in DECLARING
)
TESTS = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize(
    "name", [name for name, each in vars(metrics).items() if isinstance(each, Counter | Gauge | Histogram)]
)
def test_every_metric_is_written_by_some_role(name: str) -> None:
    assert re.search(rf"\b{name}\b", PRODUCT), f"{name} is declared and never set"


@pytest.mark.parametrize("control", Control)
def test_every_control_takes_a_device_away_and_a_test_uses_it(control: Control) -> None:
    """PROTOCOL section 1: each safety device has a control that makes its test fail."""
    assert f"Control.{control.name}" in PRODUCT, f"{control} takes nothing away"
    used = f"Control.{control.name}" in TESTS or re.search(rf"[\"',]{control.value}[\"',]", TESTS)
    # This one is a parameter of the statement under test.
    assert used or control is Control.OUTER_STATE_TEST, f"no test uses {control}"


@pytest.mark.parametrize("point", CrashPoint)
def test_every_crash_point_is_reached_somewhere(point: CrashPoint) -> None:
    assert f"CrashPoint.{point.name}" in PRODUCT
