"""`/metrics`, `/healthz` and `/readyz` of every role, while its database is there and while not."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlsplit

import pytest

from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import ALL_ROLES, Pipeline
from tests.scenarios.proxy import Proxy
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S

WITH_A_DATABASE = ("intake", "poster", "relay", "notifier", "sync")
OWN_WORK = {
    "rules": "writeback_rules_records_total{",
    "intake": 'writeback_receipts_total{verdict="FIRST"} 1.0',
    "poster": "writeback_target_calls_total{",
    "relay": "writeback_relayed_total{",
    "notifier": 'writeback_rehearsal_switches{role="notifier"} 1.0',
    "sync": 'writeback_sync_pages_total{kind="patients",outcome="read"} 1.0',
}
"""What each role has counted after one payment."""


def asked(role: Role, path: str) -> tuple[int, str]:
    """Status and body; (0, …) while nothing answers."""
    address = re.search(r"role starts url=(\S+)/metrics", role.text())
    if address is None:
        return 0, "not started"
    connection = http.client.HTTPConnection(urlsplit(address[1]).netloc, timeout=WITHIN_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError as error:
        return 0, type(error).__name__
    finally:
        connection.close()


@pytest.mark.stack
def test_every_role_is_ready_measured_and_alive(pipeline: Pipeline) -> None:
    """Each role with its broker and database is alive and ready and has metrics of its own work."""
    practice = pipeline.practice()
    roles = {name: pipeline.start(name) for name in (*ALL_ROLES, "sync")}
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=2)
    for name, role in roles.items():
        pipeline.until(lambda role=role: asked(role, "/readyz")[0] == 200, f"{name} is ready")
        pipeline.until(lambda role=role: asked(role, "/healthz") == (200, "ok\n"), f"{name} is alive")
        own = OWN_WORK[name]
        pipeline.until(lambda role=role, own=own: own in asked(role, "/metrics")[1], f"{name} counts its work: {own}")
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_a_role_without_its_database_is_alive_but_not_ready(pipeline: Pipeline) -> None:
    """At start and in the middle: not ready while the database is unreachable, ready and at work when it is back."""
    practice = pipeline.practice()
    with Proxy(pipeline.world.database_url, cut=True) as proxy:
        through = proxy.through(pipeline.world.database_url)
        pipeline.start("rules")
        roles = {name: pipeline.start(name, database_url=through) for name in WITH_A_DATABASE}
        for name, role in roles.items():
            role.until_said("OperationalError")
            _answers(pipeline, {name: role}, "/healthz", 200)
            _answers(pipeline, {name: role}, "/readyz", 503)
        proxy.restore()
        pipeline.send(payment(practice))
        pipeline.until_states(POSTED=2)
        _answers(pipeline, roles, "/readyz", 200)
        proxy.cut()
        _answers(pipeline, roles, "/readyz", 503)
        _answers(pipeline, roles, "/healthz", 200)
        proxy.restore()
        pipeline.send(payment(practice, "pt-2"))
        pipeline.until_states(POSTED=4)
        _answers(pipeline, roles, "/readyz", 200)
        pipeline.invariants(replay=False)


def _answers(pipeline: Pipeline, roles: dict[str, Role], path: str, status: int) -> None:
    """And to those who ask for metrics alone the same."""
    for name, role in roles.items():
        pipeline.until(lambda role=role: asked(role, path)[0] == status, f"{name} answers {status} to {path}")
        if path == "/readyz":
            as_metric = float(status == 200)
            pipeline.until(
                lambda role=role, value=as_metric: role.metric("writeback_ready") == value, f"{name}: {as_metric}"
            )
