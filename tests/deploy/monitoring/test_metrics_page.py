"""The table of metrics is that of the catalogue."""

from __future__ import annotations

from deploy.monitoring.metrics_page import PAGE, page
from streams.runtime.metric_catalogue import CATALOGUE


def test_the_page_is_as_generated() -> None:
    """`python -m deploy.monitoring.metrics_page` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_metric_has_one_row() -> None:
    names = [line.split("`")[1] for line in page().splitlines() if line.startswith("| `")]
    assert sorted(names) == sorted({row.name for row in CATALOGUE})
