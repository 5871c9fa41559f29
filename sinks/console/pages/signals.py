"""Signals: charts of the whole pipeline's golden signals, and every process as it is now."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse

from sinks.console.charts import HEIGHT, WIDTH, Chart, chart
from sinks.console.process import console
from sinks.console.visit import Visit, operators_page
from sinks.operations.live.signals import DESCRIBED, Described, Signal


class Drawn(msgspec.Struct, frozen=True):
    """One signal, with its chart where it was measured."""

    signal: Signal
    described: Described
    chart: Chart | None


@operators_page
def signals(visit: Visit) -> HttpResponse:
    watch = console().signals
    points = watch.points()
    drawn = [
        Drawn(signal, described, chart([(point.at, point.values[signal]) for point in points]))
        for signal, described in DESCRIBED.items()
    ]
    values: dict[str, Any] = {"drawn": drawn, "view": watch.latest, "watches": watch.watches}
    return visit.shown("signals.html", width=WIDTH, height=HEIGHT, **values)
