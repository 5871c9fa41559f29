"""The pace of the rehearsal: rules are quicker by one number, and nothing else of them is changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from tests.deploy.monitoring.rule_files import rules
from tests.gameday.game_day import zone_at_noon
from tests.gameday.rehearsed_rules import quickened, rehearsed


def test_a_minute_of_a_rule_is_a_second() -> None:
    rule = {"alert": "A", "expr": "sum(increase(x_total[15m])) / y_age_seconds > 300", "for": "4h", "labels": {}}
    assert quickened(rule) == rule | {"expr": "sum(increase(x_total[15s])) / y_age_seconds > 300", "for": "240s"}
    assert quickened({"record": "b", "expr": "rate(x_total[5m])"}) == {"record": "b", "expr": "rate(x_total[5s])"}


def test_every_rule_is_rehearsed(tmp_path: Path) -> None:
    """None is left out, and none keeps a range in minutes."""
    pattern = rehearsed(tmp_path / "rules")
    written = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in pattern.parent.glob(pattern.name)]
    found = [rule for document in written for group in document["groups"] for rule in group["rules"]]
    assert sorted(map(yaml.safe_dump, found)) == sorted(yaml.safe_dump(quickened(rule)) for rule in rules())
    assert not any(unit in rule["expr"] for rule in found for unit in ("m]", "h]", "d]"))


@pytest.mark.parametrize("hour", range(24))
def test_it_is_noon_where_the_practices_are(hour: int) -> None:
    """At whatever hour the game day is played."""
    now = datetime(2026, 3, 4, hour, 30, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(zone_at_noon(now))).hour == 12
