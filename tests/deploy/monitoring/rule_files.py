"""The rules that Prometheus loads, as records."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from deploy import monitoring

RULES: Final = Path(monitoring.__file__).parent / "rules"
CASES: Final = RULES / "cases"


class Alert(msgspec.Struct, frozen=True):
    """An alerting rule and the file that it stands in."""

    name: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    file: str


class Case(msgspec.Struct, frozen=True):
    """A test of a rule: what it is to fire with, or with nothing."""

    alert: str
    fires: bool
    file: str


def _documents(folder: Path) -> list[tuple[str, Any]]:
    return [(file.name, yaml.safe_load(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.yml"))]


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting, as it is written."""
    return [rule for _, document in _documents(RULES) for group in document["groups"] for rule in group["rules"]]


def alerts() -> list[Alert]:
    return [
        Alert(rule["alert"], rule["expr"], rule["labels"], rule["annotations"], name)
        for name, document in _documents(RULES)
        for group in document["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def cases() -> list[Case]:
    return [
        Case(check["alertname"], bool(check["exp_alerts"]), name)
        for name, document in _documents(CASES)
        for test in document["tests"]
        for check in test["alert_rule_test"]
    ]


def expressions() -> dict[str, str]:
    """The query of every rule by its name."""
    return {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()}
