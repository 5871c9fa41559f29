"""Makes Grafana's JSON of the dashboards: `python -m deploy.monitoring.dashboards.build` writes the files.

The only module that needs grafana-foundation-sdk, which a development environment has and a running one does not need.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as built
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.monitoring.dashboards.catalogue import DASHBOARDS
from deploy.monitoring.dashboards.panels import Choice, Dashboard, Kind, Panel

FOLDER: Final = Path(__file__).parents[1] / "grafana" / "dashboards"
TAG: Final = "writeback"
HEIGHT: Final = 7
WIDTH: Final = 8
"""Three in a row of 24."""
_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
_BUILDERS: Final[dict[Kind, Callable[[], Any]]] = {
    Kind.LINES: timeseries.Panel,
    Kind.NUMBER: stat.Panel,
    Kind.TABLE: table.Panel,
}


def json_of(dashboard: Dashboard) -> str:
    """As Grafana's provisioning reads it. Pure."""
    board = (
        built.Dashboard(dashboard.title)
        .uid(dashboard.name)
        .description(dashboard.about)
        .tags([TAG])
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("browser")
        .link(built.DashboardLink("Writeback").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True))
        .with_variable(built.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for choice in dashboard.choices:
        board = board.with_variable(_variable(choice))
    numbers = itertools.count(1)
    for row in dashboard.rows:
        board = board.with_row(built.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            board = board.with_panel(_panel(panel).id(next(numbers)))
    return json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _variable(choice: Choice) -> built.QueryVariable:
    return (
        built.QueryVariable(choice.name)
        .label(choice.label)
        .query(choice.query)
        .datasource(_SOURCE)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _panel(panel: Panel) -> Any:
    made = _BUILDERS[panel.kind]()
    made = made.title(panel.title).description(panel.about).unit(panel.unit.value)
    made = made.datasource(_SOURCE).height(HEIGHT).span(WIDTH)
    if panel.red_from is not None:
        steps = [Threshold(color="green", value=None), Threshold(color="red", value=panel.red_from)]
        made = made.thresholds(built.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for number, query in enumerate(panel.queries):
        asked = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(chr(ord("A") + number))
        if panel.kind is Kind.TABLE:
            asked = asked.instant().format(PromQueryFormat.TABLE)
        made = made.with_target(asked)
    return made


def write(folder: Path = FOLDER) -> None:
    """Write each dashboard's file. Blocks."""
    for dashboard in DASHBOARDS:
        (folder / f"{dashboard.name}.json").write_text(json_of(dashboard), encoding="utf-8")


if __name__ == "__main__":
    write()
