"""`/metrics`, `/healthz` and `/readyz` answer what is so."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from streams.runtime import metrics
from streams.runtime.endpoints import Health, TelemetryServer
from streams.runtime.errors import ConfigurationError
from tests.scenarios.waiting import WITHIN_S


class Endpoint:
    def __init__(self, health: Health) -> None:
        self.health = health
        self.server = TelemetryServer("127.0.0.1", 0, health)

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=WITHIN_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint(Health(beat_within_s=3600))
    made.server.start()
    yield made
    made.server.stop()


def test_ready_is_what_the_role_says(endpoint: Endpoint) -> None:
    """503 with the reason until the role can work, and again when it cannot."""
    assert endpoint.get("/readyz") == (503, "starting\n")
    endpoint.health.ready(False, "waiting for settings")
    assert endpoint.get("/readyz") == (503, "waiting for settings\n")
    endpoint.health.ready(True)
    assert endpoint.get("/readyz") == (200, "ok\n")
    assert endpoint.get("/healthz") == (200, "ok\n")


def test_the_endpoint_does_not_say_what_it_is_made_of(endpoint: Endpoint) -> None:
    """H-2: which Python it is would only help who looks for a way in."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.server.port, timeout=WITHIN_S)
    connection.request("GET", "/metrics")
    assert (connection.getresponse().getheader("Server") or "").strip() == "writeback"
    connection.close()


def test_a_stuck_loop_is_neither_alive_nor_ready() -> None:
    """The endpoint answers from a thread of its own, and says that the loop does not come round."""
    stuck = Endpoint(Health(beat_within_s=-1))
    stuck.server.start()
    stuck.health.ready(True)
    for path in ("/healthz", "/readyz"):
        status, why = stuck.get(path)
        assert status == 503
        assert why.startswith("the loop has not iterated")
    stuck.server.stop()


def test_metrics_can_be_scraped(endpoint: Endpoint) -> None:
    """The answer is what Prometheus parses, and an unknown path says what there is."""
    metrics.REHEARSAL.labels("poster").set(2)
    status, text = endpoint.get("/metrics")
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["writeback_rehearsal_switches"].samples[0].value == 2
    assert endpoint.get("/other")[0] == 404


def test_a_taken_port_is_said(endpoint: Endpoint) -> None:
    """The error names the setting that chooses another."""
    with pytest.raises(ConfigurationError, match="WRITEBACK_METRICS_PORT"):
        TelemetryServer("127.0.0.1", endpoint.server.port, Health())


def test_metric_names_follow_the_conventions() -> None:
    """One prefix, base units, no label that could hold a patient (H-1)."""
    ours = [family for family in REGISTRY.collect() if family.name.startswith("writeback_")]
    assert len(ours) > 40
    for family in ours:
        assert family.documentation
        assert not family.name.endswith(("_ms", "_milliseconds", "_minutes", "_total"))
    labels = {name for metric in vars(metrics).values() for name in getattr(metric, "_labelnames", ())}
    allowed = {
        *("role", "version", "category", "consequence", "topic", "partition", "kind", "outcome", "target"),
        *("reason", "stage", "verdict", "state", "from_state", "to_state", "age", "currency"),
        *("operation", "since", "timing", "practice_id", "cause", "channel", "step"),
        *("answer", "status", "route", "within", "what"),
    }
    assert labels <= allowed


def test_a_loop_that_waits_for_a_server_that_hangs_is_not_ready(endpoint: Endpoint) -> None:
    """Long before it counts as stuck; with the first iteration afterwards it is ready again."""
    waiting = Health(beat_within_s=3600, ready_within_s=0.0)
    waiting.ready(True)
    assert waiting.is_alive()[0]
    ready, why = waiting.is_ready()
    assert not ready
    assert "does the database or the broker hang?" in why
    endpoint.health.ready(True)
    assert endpoint.get("/readyz") == (200, "ok\n")


def test_what_a_role_depends_on_says_so_beside_its_loop(endpoint: Endpoint) -> None:
    """A loop that finds no work cannot tell an idle broker from one that hangs."""
    endpoint.health.ready(True)
    endpoint.health.depends("broker", "the broker does not answer")
    assert endpoint.get("/readyz") == (503, "the broker does not answer\n")
    assert endpoint.get("/healthz") == (200, "ok\n")
    endpoint.health.depends("broker")
    assert endpoint.get("/readyz") == (200, "ok\n")
