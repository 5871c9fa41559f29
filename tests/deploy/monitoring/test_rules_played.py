"""promtool reads the rules and plays their cases."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.deploy.monitoring.rule_files import CASES, RULES

pytestmark = pytest.mark.machine
WITHIN_S = 300


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=WITHIN_S
    )


def test_the_rules_can_be_loaded() -> None:
    done = promtool("check", "rules", *sorted(RULES.glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(CASES.glob("*.yml")), ids=lambda file: file.stem)
def test_each_alert_fires_when_it_should_and_not_otherwise(file: Path) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_control_a_threshold_that_is_gone_fails_its_case(tmp_path: Path) -> None:
    """The cases can fail: with another threshold the quiet one fires."""
    (tmp_path / "cases").mkdir()
    for file in RULES.glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        changed = text.replace(
            "max(writeback_outbox_oldest_age_seconds) > 120", "max(writeback_outbox_oldest_age_seconds) > 0"
        )
        (tmp_path / file.name).write_text(changed, encoding="utf-8")
    case = tmp_path / "cases" / "kafka.yml"
    case.write_text((CASES / "kafka.yml").read_text(encoding="utf-8"), encoding="utf-8")
    done = promtool("test", "rules", case)
    assert done.returncode != 0
    assert "RelayBehind" in done.stdout + done.stderr


def test_the_configuration_can_be_loaded() -> None:
    """As it stands here, beside its rules."""
    done = promtool("check", "config", "--syntax-only", RULES.parent / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
