"""The form of a dashboard: rows of panels, each with its queries. Plain records, which anything can be made from."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Unit(StrEnum):
    """How a number is shown, in Grafana's own words."""

    NUMBER = "short"
    SECONDS = "s"
    BYTES = "bytes"
    RATE = "ops"
    SHARE = "percentunit"
    CENTS = "none"
    DAYS = "d"


class Kind(StrEnum):
    """How a panel shows its queries: over time, as one number now, or as a table now."""

    LINES = "timeseries"
    NUMBER = "stat"
    TABLE = "table"


class Query(msgspec.Struct, frozen=True):
    """PromQL, and how its series are named: text with `{{label}}` in it."""

    expr: str
    legend: str = "__auto"


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    about: str
    """What it says and what is normal: shown when somebody points at the title."""
    queries: tuple[Query, ...]
    unit: Unit = Unit.NUMBER
    kind: Kind = Kind.LINES
    red_from: float | None = None
    """A number from which it is shown in red."""


class Row(msgspec.Struct, frozen=True):
    title: str
    panels: tuple[Panel, ...]


class Choice(msgspec.Struct, frozen=True):
    """What a person chooses at the top: the values of a label."""

    name: str
    label: str
    query: str


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is its file and its address in Grafana: links to it stay."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)
