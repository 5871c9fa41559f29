"""Gauges that are set together: none is missing while they change, and none outlives its value."""

from __future__ import annotations

from prometheus_client import REGISTRY

from streams.runtime.metric_series import set_all
from streams.runtime.metrics import OLDEST_DUE, PRACTICE_DEAD


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_what_has_no_value_any_more_is_0() -> None:
    set_all(OLDEST_DUE, {("PMS",): 7.0, ("QUICKBOOKS",): 3.0})
    set_all(OLDEST_DUE, {("PMS",): 5.0})
    assert value("writeback_oldest_due_age_seconds", target="PMS") == 5
    assert value("writeback_oldest_due_age_seconds", target="QUICKBOOKS") == 0


def test_a_series_beyond_the_catalogue_goes_with_its_value() -> None:
    """Practices come and go: a gauge of theirs does not grow for ever."""
    set_all(PRACTICE_DEAD, {("p-1",): 2.0, ("p-2",): 1.0})
    set_all(PRACTICE_DEAD, {("p-2",): 4.0})
    assert value("writeback_practice_dead_effects", practice_id="p-1") is None
    assert value("writeback_practice_dead_effects", practice_id="p-2") == 4
    set_all(PRACTICE_DEAD, {})
    assert value("writeback_practice_dead_effects", practice_id="p-2") is None
