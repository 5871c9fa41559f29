"""Every metric is in the catalogue, with the words of its labels, and a role shows its own from the start."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Final

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from streams.runtime import metrics
from streams.runtime.errors import Role
from streams.runtime.metric_catalogue import CATALOGUE, Measured

MOST_SERIES: Final = 2_000
"""Of one process, histogram buckets among them: a scrape stays below half a megabyte."""
SHOWN: Final = """
import sys
from prometheus_client import generate_latest
from streams.runtime.errors import Role
from streams.runtime.metric_series import registry_of
sys.stdout.write(generate_latest(registry_of(Role(sys.argv[1]), int(sys.argv[2]))).decode())
"""


def shown(role: Role, slot: int = 0) -> dict[str, list[dict[str, str]]]:
    """What a process of that role shows before anything has happened: by sample the labels of its series."""
    done = subprocess.run(
        [sys.executable, "-c", SHOWN, role.value, str(slot)], capture_output=True, check=True, text=True
    )
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(done.stdout):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_every_metric_is_in_the_catalogue_and_nothing_else() -> None:
    declared = {each for each in vars(metrics).values() if isinstance(each, Counter | Gauge | Histogram)}
    assert declared == {row.metric for row in CATALOGUE}


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_labels_are_closed_words_or_the_row_says_when_they_appear(row: Measured) -> None:
    of_the_row = [name for name in row.label_names if name != "role"]
    if row.appears:
        assert not row.labels
    else:
        assert len(row.labels) == len(of_the_row)
        assert all(row.labels)


@pytest.mark.parametrize("role", Role)
def test_a_role_shows_its_own_metrics_with_every_series_from_the_start(role: Role) -> None:
    found = shown(role)
    ours = {name for name in found if name.startswith("writeback_")}
    for row in CATALOGUE:
        sample = row.name + ("_count" if row.kind == "histogram" else "")
        if role not in row.roles:
            others = {other.name for other in CATALOGUE if role in other.roles}
            assert sample not in ours or row.name in others, f"{role.value} shows {row.name}, and measures none"
            continue
        series = [dict(zip(row.label_names, values, strict=True)) for values in row.series(role)]
        for labels in series if row.label_names else [{}]:
            assert labels in found[sample], f"{sample}{labels} is not there from the start"
    assert sum(map(len, found.values())) < MOST_SERIES
    assert not [name for name in ours if name.endswith("_created")]


def test_only_the_first_intake_shows_the_ledger() -> None:
    """A 0 of an intake that does not measure would stand beside the true number."""
    assert "writeback_oldest_due_age_seconds" in shown(Role.INTAKE, 0)
    second = shown(Role.INTAKE, 1)
    assert "writeback_oldest_due_age_seconds" not in second
    assert "writeback_receipts_total" in second


def test_no_access_is_known_before_it_was_looked_for() -> None:
    """A 0 would say that one ends today."""
    assert math.isnan(metrics.TOKEN_DAYS._value.get()) or metrics.TOKEN_DAYS._value.get() == 0
    done = subprocess.run([sys.executable, "-c", SHOWN, "intake", "0"], capture_output=True, check=True, text=True)
    assert "writeback_quickbooks_token_days_left NaN" in done.stdout


def test_control_a_metric_that_a_role_does_not_measure_is_not_shown() -> None:
    """By itself the client would show every metric in every process."""
    everything = CollectorRegistry()
    everything.register(metrics.OUTBOX_ROWS)
    assert [family.name for family in everything.collect()] == ["writeback_outbox_rows"]
    assert "writeback_outbox_rows" not in shown(Role.POSTER)
