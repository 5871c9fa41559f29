"""Where the roles of one machine serve their metrics: fixed ports, and the file by which Prometheus finds them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

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
}
"""Of the first process of each role among those ports. A new role takes the next one, and moves no other."""
FILE: Final = "prometheus-targets.json"
"""In the state folder, in the format of Prometheus' `file_sd_configs`."""


class ScrapeTarget(msgspec.Struct, frozen=True):
    """One address to scrape, and the labels that its series get."""

    targets: list[str]
    labels: dict[str, str]


def fixed_ports(first: int, counts: Mapping[Role, int]) -> dict[tuple[Role, int], int]:
    """A port for each role and slot. Slot 0 of a role always has the same, however many others run. Pure."""
    ports = {(role, 0): first + PLACES[role] for role, count in counts.items() if count}
    further = [(role, slot) for role, count in counts.items() for slot in range(1, count)]
    return ports | {place: first + FIRST_SLOTS + number for number, place in enumerate(further)}


def scrape_target(role: Role, slot: int, host: str, port: int) -> ScrapeTarget:
    """One process. `component` and `slot` are not the metrics' own labels, which keep their names so. Pure."""
    return ScrapeTarget([f"{host}:{port}"], {"component": role.value, "slot": str(slot)})


def write_targets(folder: Path, targets: Sequence[ScrapeTarget]) -> Path:
    """Write the file whole or not at all: Prometheus reads it whenever it changes. Answers where it is."""
    file, new = folder / FILE, folder / f"{FILE}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(targets), indent=2) + b"\n")
    os.replace(new, file)
    return file


def read_targets(folder: Path) -> list[ScrapeTarget]:
    """What the `writeback up` of that state folder serves now; empty where none runs. Raises msgspec.DecodeError for a
    file of somebody else's."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[ScrapeTarget])
    except FileNotFoundError:
        return []


def remove_targets(folder: Path) -> None:
    """Nothing is served any more."""
    (folder / FILE).unlink(missing_ok=True)
