"""Reads the roles' `/metrics` and `/readyz`, each within a deadline and a number of bytes."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

WITHIN_S: Final = 2.0
"""A role answers from a thread of its own, also while it is busy."""
LARGEST: Final = 8 * 1024 * 1024
"""A role shows some 100 KiB; what is larger is none of ours."""
AT_ONCE: Final = 16
WHY_BYTES: Final = 300

Labels = frozenset[tuple[str, str]]


class Endpoint(msgspec.Struct, frozen=True):
    """Where one process serves its metrics, and what it is."""

    address: str
    """`host:port`."""
    component: str
    """The role."""
    slot: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one process said at one moment."""

    endpoint: Endpoint
    at: float
    """Monotonic seconds."""
    fault: str | None = None
    """Why it could not be read; then it has no samples."""
    ready: bool = False
    why: str = ""
    """What it waits for, in its own fixed words."""
    samples: Mapping[str, Mapping[Labels, float]] = {}

    def values(self, name: str, **labels: str) -> dict[Labels, float]:
        """The series of a sample that have these labels."""
        wanted = set(labels.items())
        return {key: value for key, value in self.samples.get(name, {}).items() if wanted <= key}

    def total(self, name: str, **labels: str) -> float | None:
        """Their sum; None where the process has none."""
        found = self.values(name, **labels)
        return sum(found.values()) if found else None


def scrape(endpoints: Sequence[Endpoint]) -> list[Reading]:
    """All of them at once, in their order. Blocks for two deadlines at most; a process that does not answer, or answers
    what is no metrics, has its fault said and hides no other."""
    if not endpoints:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(endpoints))) as pool:
        return list(pool.map(_read, endpoints))


def _read(endpoint: Endpoint) -> Reading:
    at = time.monotonic()
    try:
        _, body = _get(endpoint.address, "/metrics", LARGEST)
        samples = _parsed(body)
        status, why = _get(endpoint.address, "/readyz", WHY_BYTES)
    except (OSError, http.client.HTTPException) as error:
        return Reading(endpoint=endpoint, at=at, fault=f"does not answer ({type(error).__name__})")
    except ValueError:
        return Reading(endpoint=endpoint, at=at, fault="does not answer with metrics")
    return Reading(
        endpoint=endpoint,
        at=at,
        ready=status == http.HTTPStatus.OK,
        why=why.decode(errors="replace").strip(),
        samples=samples,
    )


def _get(address: str, path: str, most: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, timeout=WITHIN_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(most + 1)
        if len(body) > most:
            raise ValueError("too long")
        return answer.status, body
    finally:
        connection.close()


def _parsed(body: bytes) -> dict[str, dict[Labels, float]]:
    """Raises ValueError for what is no exposition format."""
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found
