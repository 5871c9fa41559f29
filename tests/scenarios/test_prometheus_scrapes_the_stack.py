"""A real Prometheus scrapes every role of a running stack: rules are evaluated, and every query has data."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import pytest

from deploy.monitoring.dashboards.catalogue import DASHBOARDS
from sinks.operations.live.endpoints import ScrapeTarget
from streams.runtime.errors import Role as Roles
from tests.deploy.monitoring.promql import selectors
from tests.deploy.monitoring.rule_files import expressions
from tests.deploy.monitoring.running_prometheus import RunningPrometheus, running_prometheus
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import ALL_ROLES, Pipeline
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until

pytestmark = [pytest.mark.machine, pytest.mark.stack]

CALLED: Final = {"connector serve": "agents", "webhooks": "webhooks"}
CHOSEN: Final = {"$role": [role.value for role in Roles], "$practice": ["p2"]}
"""What a person may choose: a panel has data for one of them at least."""


def target(role: Role) -> ScrapeTarget:
    found = re.search(r"role starts url=(\S+)/metrics", role.text())
    assert found is not None, role.text()
    component = CALLED.get(role.name, role.name)
    return ScrapeTarget([urlsplit(found[1]).netloc], {"component": component, "slot": "0"})


@pytest.fixture
def roles(pipeline: Pipeline) -> list[Role]:
    """All roles at work: one payment posted, and one refused because its patient is gone."""
    good = pipeline.practice("p1", quickbooks=True)
    bad = pipeline.practice("p2", patients=("pt-1",))
    pipeline.link(bad, "pt-gone", "99999999")
    ports = {"agents_port": "0", "webhooks_port": "0"}
    started = [pipeline.start(name, **ports) for name in (*ALL_ROLES, "health", "sync", *CALLED)]
    pipeline.send(payment(good), payment(bad, "pt-gone"))
    pipeline.until_states(POSTED=2, REJECTED=1, SCHEDULED=1)
    for role in started:
        pipeline.until(lambda role=role: "role starts" in role.text(), f"{role.name} serves its metrics")
    return started


def test_rules_and_panels_have_data(pipeline: Pipeline, roles: list[Role]) -> None:
    """Every target is up, every rule healthy; each series that a rule or a panel asks for is there."""
    with running_prometheus(pipeline.folder / "prometheus", [target(role) for role in roles]) as prometheus:
        pipeline.until(lambda: not prometheus.unhealthy(), "every target is up and every rule evaluated")
        queries = panel_queries() | rule_selectors()
        until(
            lambda: not without_data(prometheus, queries),
            "every query has data",
            show=lambda: "\n".join(without_data(prometheus, queries)),
        )
        assert without_data(prometheus, {"control": ["writeback_outbox_rows{component='nobody'}"]}) == ["control"]
        assert "RoleMissing" not in prometheus.firing()
        assert prometheus.ask('writeback_practice_dead_effects{practice_id="p2"}')[0]["value"][1] == "1"


def test_a_role_that_is_killed_is_an_alert(pipeline: Pipeline, roles: list[Role]) -> None:
    """From outside: what would tell an operator is pending at once, and names the role."""
    with running_prometheus(pipeline.folder / "prometheus", [target(role) for role in roles]) as prometheus:
        pipeline.until(lambda: not prometheus.unhealthy(), "every target is up")
        next(role for role in roles if role.name == "relay").kill()
        missing = 'ALERTS{alertname="RoleMissing", role="relay"}'
        pipeline.until(lambda: prometheus.ask(missing), "the relay is missed")
        down = 'ALERTS{alertname="RoleDown", component="relay"}'
        pipeline.until(lambda: prometheus.ask(down), "its process is down")


def panel_queries() -> dict[str, list[str]]:
    """The whole query of each panel, with each that a person could choose; by where it stands."""
    return {
        f"{dashboard.name}: {panel.title}: {query.expr}": chosen(query.expr)
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries
    }


def chosen(expr: str) -> list[str]:
    for choice, values in CHOSEN.items():
        if choice in expr:
            return [expr.replace(choice, value) for value in values]
    return [expr]


def rule_selectors() -> dict[str, list[str]]:
    """Each series that a rule selects: an alert by itself has no data while all is well."""
    return {f"{name}: {each}": [each] for name, expr in expressions().items() for each in selectors(expr)}


def without_data(prometheus: RunningPrometheus, queries: dict[str, list[str]]) -> list[str]:
    return [where for where, texts in queries.items() if not any(prometheus.ask(text) for text in texts)]
