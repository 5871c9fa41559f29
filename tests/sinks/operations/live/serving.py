"""Endpoints of a test, served by the real telemetry server from registries of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge

from sinks.operations.live.scrape import Endpoint
from streams.runtime.endpoints import Health, TelemetryServer


class Served:
    """One process as the view sees it; a test moves its numbers."""

    def __init__(self, component: str, slot: str = "0") -> None:
        self.registry = CollectorRegistry()
        self.health = Health()
        self.health.ready(True)
        self.server = TelemetryServer("127.0.0.1", 0, self.health, self.registry)
        self.endpoint = Endpoint(f"127.0.0.1:{self.server.port}", component, slot)

    def counter(self, name: str, **labels: str) -> Counter:
        counter = Counter(name, "of a test", list(labels), registry=self.registry)
        return counter.labels(**labels) if labels else counter

    def gauge(self, name: str, value: float, **labels: str) -> None:
        gauge = Gauge(name, "of a test", list(labels), registry=self.registry)
        (gauge.labels(**labels) if labels else gauge).set(value)


@contextmanager
def served(*components: str) -> Iterator[list[Served]]:
    processes = [Served(component, str(number)) for number, component in enumerate(components)]
    for each in processes:
        each.server.start()
    try:
        yield processes
    finally:
        for each in processes:
            each.server.stop()
