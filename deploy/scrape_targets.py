"""Where the roles of one machine serve their metrics: fixed ports, and the file by which Prometheus finds them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from sinks.operations.live.endpoints import ScrapeTarget
from streams.runtime.errors import Role

FIRST_PORT: Final = 30240
"""Of `writeback up`, where WRITEBACK_METRICS_PORT names no other: what scrapes it need not be told anew."""
FIRST_SLOTS: Final = 16
"""Ports for the first process of each role, with room for roles to come; further processes have those behind them."""
PLACES: Final = {
    Role.RULES: 0,
    Role.INTAKE: 1,
    Role.POSTER: 2,
    Role.RELAY: 3,
    Role.NOTIFIER: 4,
    Role.SYNC: 5,
    Role.AGENTS: 6,
    Role.WEBHOOKS: 7,
    Role.HEALTH: 8,
    Role.CONSOLE: 9,
}
"""Of the first process of each role among those ports. A new role takes the next one, and moves no other."""
FILE: Final = "prometheus-targets.json"
"""In the state folder, in the format of Prometheus' `file_sd_configs`."""


def fixed_ports(first: int, counts: Mapping[Role, int]) -> dict[tuple[Role, int], int]:
    """A port for each role and slot. Slot 0 of a role always has the same, however many others run. Pure."""
    ports = {(role, 0): first + PLACES[role] for role, count in counts.items() if count}
    further = [(role, slot) for role, count in counts.items() for slot in range(1, count)]
    return ports | {place: first + FIRST_SLOTS + number for number, place in enumerate(further)}


def taken_ports(host: str, ports: Iterable[int]) -> list[int]:
    """Those that another program listens at already. Blocks for no time."""
    return [port for port in ports if not _can_listen(host, port)]


def _can_listen(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the roles do: what just ended is not there
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def scrape_target(role: Role, slot: int, host: str, port: int) -> ScrapeTarget:
    """One process. `component` and `slot` are not the metrics' own labels, which keep their names so. Pure."""
    return ScrapeTarget([f"{host}:{port}"], {"component": role.value, "slot": str(slot)})


def write_targets(folder: Path, targets: Sequence[ScrapeTarget]) -> Path:
    """Write the file whole or not at all: Prometheus reads it whenever it changes. Answers where it is."""
    file, new = folder / FILE, folder / f"{FILE}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(targets), indent=2) + b"\n")
    os.replace(new, file)
    return file


def remove_targets(folder: Path) -> None:
    """Nothing is served any more."""
    (folder / FILE).unlink(missing_ok=True)
