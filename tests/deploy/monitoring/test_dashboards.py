"""Dashboards ask for what is measured, and the files that Grafana loads are those of the code."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
import yaml

from deploy.monitoring.dashboards.build import FOLDER, json_of
from deploy.monitoring.dashboards.catalogue import DASHBOARDS
from deploy.monitoring.dashboards.panels import Dashboard
from tests.deploy.monitoring.promql import faults
from tests.deploy.monitoring.rule_files import expressions

_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")


def queries() -> list[tuple[str, str, str]]:
    return [
        (f"{dashboard.name}: {panel.title}", query.expr, query.legend)
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries
    ]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_a_file_is_as_generated(dashboard: Dashboard) -> None:
    """`python -m deploy.monitoring.dashboards.build` writes them anew."""
    assert (FOLDER / f"{dashboard.name}.json").read_text(encoding="utf-8") == json_of(dashboard)


def test_there_is_no_file_of_a_dashboard_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == {dashboard.name for dashboard in DASHBOARDS}


@pytest.mark.parametrize(("where", "expr", "legend"), queries())
def test_a_panel_asks_for_what_is_measured(where: str, expr: str, legend: str) -> None:
    """And its legend names labels that the query keeps."""
    recorded = {each for each in expressions() if ":" in each}
    assert list(faults(expr, recorded)) == []
    if "by (" in expr:
        kept = {name for names in re.findall(r"by \(([^)]*)\)", expr) for name in re.split(r",\s*", names)}
        assert set(_LABEL.findall(legend)) <= kept


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_grafana_gets_every_query_and_choice(dashboard: Dashboard) -> None:
    """In the JSON itself, at a place of its own for each panel."""
    document: dict[str, Any] = json.loads((FOLDER / f"{dashboard.name}.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in document["panels"] for target in panel.get("targets", ())]
    assert asked == [query.expr for panel in dashboard.panels for query in panel.queries]
    assert [each["name"] for each in document["templating"]["list"]][1:] == [each.name for each in dashboard.choices]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in document["panels"]]
    assert len(set(places)) == len(places)
    numbers = [panel["id"] for panel in document["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert document["uid"] == dashboard.name


def test_every_choice_is_used_and_every_panel_explained() -> None:
    for dashboard in DASHBOARDS:
        text = " ".join(query.expr for panel in dashboard.panels for query in panel.queries)
        assert all(f"${choice.name}" in text for choice in dashboard.choices)
        titles = [panel.title for panel in dashboard.panels]
        assert len(set(titles)) == len(titles)
        assert all(panel.about.endswith(".") for panel in dashboard.panels)


@pytest.mark.parametrize("file", sorted(FOLDER.parent.glob("*.yaml")), ids=lambda file: file.name)
def test_grafanas_provisioning_can_be_read(file: Any) -> None:
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["apiVersion"] == 1
