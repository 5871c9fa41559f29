"""Whose metrics are read: named processes, those in a file, and nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sinks.operations.live.endpoints import MOST, Processes, named_endpoints
from sinks.operations.live.scrape import Endpoint
from streams.runtime.errors import ConfigurationError


def test_named_processes_are_read_where_they_are() -> None:
    found = Processes("rules=127.0.0.1:9464, poster=127.0.0.1:9465").endpoints()
    assert found == [Endpoint("127.0.0.1:9464", "rules", "0"), Endpoint("127.0.0.1:9465", "poster", "1")]


@pytest.mark.parametrize(
    "wrong", ["poster=", "poster=host", "=host:1", "poster=host:0", "poster=host:x", "poster=a:99999"]
)
def test_what_names_no_process_is_refused_with_the_setting(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="WRITEBACK_METRICS_TARGETS"):
        Processes(wrong)
    with pytest.raises(ConfigurationError, match="--target"):
        named_endpoints([wrong], "--target")


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    """Processes come and go; a file that is not there, or is something else, names nobody."""
    file = tmp_path / "targets.json"
    processes = Processes(str(file))
    assert processes
    assert processes.endpoints() == []
    file.write_text(json.dumps([{"targets": ["127.0.0.1:1"], "labels": {"component": "relay", "slot": "2"}}]))
    assert processes.endpoints() == [Endpoint("127.0.0.1:1", "relay", "2")]
    file.write_text("{")
    assert processes.endpoints() == []
    many = [{"targets": [f"127.0.0.1:{n}" for n in range(1, 1000)], "labels": {}}]
    file.write_text(json.dumps(many))
    assert len(processes.endpoints()) == MOST


def test_nobody_is_named() -> None:
    assert not Processes("")
    assert Processes("").endpoints() == []


def test_a_name_that_nobody_knows_is_kept_so_that_its_fault_is_seen() -> None:
    assert Processes("rules=no-such-host.invalid:1").endpoints() == [Endpoint("no-such-host.invalid:1", "rules", "0")]
