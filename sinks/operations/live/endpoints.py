"""Whose metrics are read: processes that are named, or those in a file of Prometheus' `file_sd_configs`."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from sinks.operations.live.scrape import Endpoint
from streams.runtime.errors import ConfigurationError

MOST: Final = 200
"""Processes that are read; a larger installation has Prometheus."""
LARGEST_FILE: Final = 1024 * 1024


class ScrapeTarget(msgspec.Struct, frozen=True):
    """Addresses to scrape, and the labels that their series get."""

    targets: list[str]
    labels: dict[str, str]


def read_targets(file: Path) -> list[ScrapeTarget]:
    """What the file names now; nothing where it is not there. Raises msgspec.DecodeError for another kind of file."""
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(LARGEST_FILE), type=list[ScrapeTarget])
    except FileNotFoundError:
        return []


def endpoints_in(targets: Iterable[ScrapeTarget]) -> list[Endpoint]:
    """One for each address, with its role and slot as the labels say. Pure."""
    return [
        Endpoint(address, each.labels.get("component", "?"), each.labels.get("slot", "?"))
        for each in targets
        for address in each.targets
    ]


def named_endpoints(texts: Sequence[str], setting: str) -> list[Endpoint]:
    """From ROLE=HOST:PORT each. Pure. ConfigurationError names `setting`, where one is written otherwise."""
    return [_named(text, number, setting) for number, text in enumerate(texts)]


def _named(text: str, number: int, setting: str) -> Endpoint:
    role, equals, address = text.strip().partition("=")
    host, colon, port = address.rpartition(":")
    if not (role and equals and host and colon and port.isdigit() and 0 < int(port) < 65_536):
        raise ConfigurationError(f"{setting} {text!r}: write ROLE=HOST:PORT, as in poster=127.0.0.1:30242")
    return Endpoint(address, role, str(number))


class Processes:
    """The processes that a setting names, found anew at each question: they come and go."""

    def __init__(self, setting: str) -> None:
        """`setting`: a file's path, or ROLE=HOST:PORT with commas between; empty: nobody. Raises ConfigurationError."""
        self._file = Path(setting) if setting and "=" not in setting else None
        self.named = named_endpoints(setting.split(","), "WRITEBACK_METRICS_TARGETS") if "=" in setting else []

    def __bool__(self) -> bool:
        return self._file is not None or bool(self.named)

    def endpoints(self) -> list[Endpoint]:
        """Of a host name with several addresses, one for each: the replicas of a role. Blocks for look-ups of names.
        A file that cannot be read names nobody."""
        if self._file is not None:
            try:
                return endpoints_in(read_targets(self._file))[:MOST]
            except (OSError, msgspec.DecodeError):
                return []
        return [found for each in self.named for found in _addresses(each)][:MOST]


def _addresses(endpoint: Endpoint) -> list[Endpoint]:
    host, _, port = endpoint.address.rpartition(":")
    try:
        found = sorted({str(each[4][0]) for each in socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)})
    except OSError:
        return [endpoint]  # its fault is said when it is read
    if len(found) < 2:
        return [endpoint]
    return [
        Endpoint(f"[{a}]:{port}" if ":" in a else f"{a}:{port}", endpoint.component, str(n))
        for n, a in enumerate(found)
    ]
