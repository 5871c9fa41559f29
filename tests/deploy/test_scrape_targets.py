"""Fixed ports of metrics, and the file by which Prometheus finds them."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.scrape_targets import (
    FILE,
    FIRST_SLOTS,
    PLACES,
    fixed_ports,
    remove_targets,
    scrape_target,
    write_targets,
)
from sinks.operations.live.endpoints import read_targets
from streams.runtime.errors import Role


def test_the_first_process_of_a_role_always_has_the_same_port() -> None:
    """More posters, or no relay, move nobody else: what scrapes a port goes on scraping the same role."""
    every = fixed_ports(30_240, dict.fromkeys(Role, 1))
    some = fixed_ports(30_240, {Role.INTAKE: 1, Role.POSTER: 4, Role.RELAY: 0})
    assert some[Role.INTAKE, 0] == every[Role.INTAKE, 0]
    assert some[Role.POSTER, 0] == every[Role.POSTER, 0]
    assert (Role.RELAY, 0) not in some
    assert len(set(some.values())) == len(some) == 5


def test_there_is_room_for_every_role_and_slot() -> None:
    ports = fixed_ports(30_240, dict.fromkeys(Role, 64))
    assert len(set(ports.values())) == 64 * len(Role)
    assert PLACES.keys() == set(Role)
    assert sorted(PLACES.values()) == list(range(len(Role)))
    assert len(Role) <= FIRST_SLOTS
    assert max(ports.values()) < 32_768, "above this the system gives ports to anybody"


def test_the_file_is_what_prometheus_reads(tmp_path: Path) -> None:
    """A list of objects with `targets` and `labels` of texts alone."""
    targets = [scrape_target(Role.RULES, 0, "127.0.0.1", 30_240), scrape_target(Role.POSTER, 1, "127.0.0.1", 30_257)]
    file = write_targets(tmp_path, targets)
    assert json.loads(file.read_text()) == [
        {"targets": ["127.0.0.1:30240"], "labels": {"component": "rules", "slot": "0"}},
        {"targets": ["127.0.0.1:30257"], "labels": {"component": "poster", "slot": "1"}},
    ]
    assert read_targets(tmp_path / FILE) == targets
    remove_targets(tmp_path)
    assert read_targets(tmp_path / FILE) == []
    assert not list(tmp_path.glob(f"{FILE}*"))
