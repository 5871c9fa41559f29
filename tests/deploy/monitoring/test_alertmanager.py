"""Alertmanager's configuration: it names alerts that exist, and each severity has its receiver."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy.monitoring.rule_files import RULES, alerts

CONFIG: Final[Path] = RULES.parent / "alertmanager.yml"
RECEIVER: Final = {"page": "pages", "ticket": "tickets"}
WITHIN_S: Final = 60


def config() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return found


def matched(matchers: list[str]) -> set[str]:
    """Names of alerts that the matchers name."""
    compared = [pair for text in matchers for pair in re.findall(r'(\w+)=~?"([^"]+)"', text)]
    return {name for label, value in compared if label == "alertname" for name in value.split("|")}


def test_what_is_left_out_names_alerts_that_exist() -> None:
    known = {alert.name for alert in alerts()}
    for rule in config()["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            assert matched(rule[side])
            assert matched(rule[side]) <= known


def test_no_alert_is_left_out_for_itself() -> None:
    for rule in config()["inhibit_rules"]:
        assert not matched(rule["source_matchers"]) & matched(rule["target_matchers"])


@pytest.mark.machine
def test_alertmanager_takes_it() -> None:
    done = subprocess.run(
        ["amtool", "check-config", CONFIG], capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.machine
@pytest.mark.parametrize("severity", sorted({alert.labels["severity"] for alert in alerts()}))
def test_a_severity_has_its_receiver(severity: str) -> None:
    command = ["amtool", "config", "routes", "test", f"--config.file={CONFIG}", f"severity={severity}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN_S)
    assert done.stdout.split() == [RECEIVER[severity]], done.stderr
