"""The shipped alert rules at the pace of a rehearsal: a minute of a rule is a second, and nothing else is changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.monitoring.rule_files import RULES

TIMES_FASTER: Final = 60
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RANGE: Final = re.compile(r"\[(\d+)([smhd])\]")


def rehearsed(folder: Path) -> Path:
    """Write them into `folder`; answers the pattern by which Prometheus loads them."""
    folder.mkdir()
    for file in sorted(RULES.glob("*.yml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group["rules"] = [quickened(rule) for rule in group["rules"]]
        (folder / file.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder / "*.yml"


def quickened(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule with its `for` and the ranges of its query divided. Ages that it compares with are the ledger's own, and
    stay."""
    changed = rule | {"expr": _RANGE.sub(lambda found: f"[{_divided(found[1] + found[2])}]", rule["expr"])}
    return changed | {"for": _divided(rule["for"])} if "for" in rule else changed


def _divided(duration: str) -> str:
    seconds = int(duration[:-1]) * _UNIT_S[duration[-1]]
    return f"{max(1, seconds // TIMES_FASTER)}s"
