"""Every alert says what, how bad and what to do; it asks for what is measured, and a case plays it both ways."""

from __future__ import annotations

from typing import Final

import pytest

from tests.deploy.monitoring.promql import faults
from tests.deploy.monitoring.rule_files import Alert, alerts, cases, expressions

SEVERITIES: Final = {"page", "ticket"}
LONGEST_SUMMARY: Final = 120
"""It is a subject line, or a message on a telephone."""


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_says_what_it_is_and_how_bad(alert: Alert) -> None:
    assert alert.labels.keys() == {"severity"}
    assert alert.labels["severity"] in SEVERITIES
    assert alert.annotations.keys() == {"summary", "description", "runbook_url"}
    assert len(alert.annotations["summary"]) <= LONGEST_SUMMARY
    assert alert.annotations["description"].endswith(".")


@pytest.mark.parametrize(("name", "query"), expressions().items())
def test_a_rule_asks_for_what_is_measured(name: str, query: str) -> None:
    """A metric that was renamed would leave its alert silent for ever."""
    recorded = {each for each in expressions() if ":" in each}
    assert list(faults(query, recorded)) == []


def test_names_are_different() -> None:
    names = [alert.name for alert in alerts()]
    assert len(names) == len(set(names)) > 40


def test_each_alert_is_played_both_ways() -> None:
    """In the file of its group: one case that fires, one that does not."""
    played = {(case.alert, case.fires, case.file) for case in cases()}
    assert played == {(alert.name, fires, alert.file) for alert in alerts() for fires in (True, False)}


def test_control_a_query_for_what_nobody_measures_is_found() -> None:
    found = list(
        faults(
            'sum(writeback_gone_total) + writeback_receipts_total{verdict="MAYBE"} + writeback_outbox_rows{x="y"}'
            ' + writeback:gone:rate5m + writeback_batch_seconds_bucket{role="x"}',
            set(),
        )
    )
    assert found == [
        "writeback_gone_total is no metric",
        "writeback_receipts_total never has verdict=MAYBE",
        "writeback_outbox_rows has no label x",
        "writeback:gone:rate5m is recorded by no rule",
        "writeback_batch_seconds_bucket never has role=x",
    ]
