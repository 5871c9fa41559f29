"""The series that a process shows: those of its role, from the start, and set together by one measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Gauge,
    disable_created_metrics,
)

from streams.runtime.errors import Role
from streams.runtime.metric_catalogue import CATALOGUE, MEASURING_SLOT, Metric
from streams.runtime.metrics import TOKEN_DAYS

_beyond: dict[Gauge, set[tuple[str, ...]]] = {}
"""Series that were set and are not in the catalogue: removed once they have no value any more."""


def registry_of(role: Role, slot: int) -> CollectorRegistry:
    """What a process of that role and slot shows: its own metrics, each with its series, and the process itself.

    To be called once, at the start. Creation times are left out: as series of their own they would double the number.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=False)
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        registry.register(collector)
    TOKEN_DAYS.set(math.nan)
    shown: set[Metric] = set()
    for row in CATALOGUE:
        if role not in row.roles or (row.first_slot and slot != MEASURING_SLOT):
            continue
        for values in row.series(role):
            row.metric.labels(*values)
        if row.metric not in shown:
            shown.add(row.metric)
            registry.register(row.metric)
    return registry


def set_all(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    """Set each series of a gauge; one of the catalogue that has no value is set to 0, any other is removed.

    A scrape at the same time sees each series before or after, and none missing. One thread for each gauge.
    """
    given = {tuple(str(word) for word in key): value for key, value in values.items()}
    declared = _declared(gauge)
    for key in declared | given.keys():
        gauge.labels(*key).set(given.get(key, 0.0))
    beyond = given.keys() - declared
    for key in _beyond.get(gauge, set()) - beyond:
        gauge.remove(*key)
    _beyond[gauge] = set(beyond)


@cache
def _declared(gauge: Gauge) -> frozenset[tuple[str, ...]]:
    rows = [row for row in CATALOGUE if row.metric is gauge]
    return frozenset(series for row in rows for role in row.roles for series in row.series(role))
