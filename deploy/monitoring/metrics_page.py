"""Writes METRICS.md, the table of every metric, from the catalogue: `python -m deploy.monitoring.metrics_page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.runtime.errors import Role
from streams.runtime.metric_catalogue import CATALOGUE, Measured

PAGE: Final = Path(__file__).with_name("METRICS.md")

_HEAD: Final = """\
# Metrics

Generated from `streams/runtime/metric_catalogue.py` by `python -m deploy.monitoring.metrics_page`; a test fails where
it is older.

A role shows what it measures itself, and every series from its start unless the table says when it appears. Ages and
lengths are seconds, sizes bytes, money minor units (cents). No label holds a patient or a payment. Slot 0 of INTAKE
alone measures the ledger, once a minute; every process of its role measures dead letters, notices and the outbox: take
the maximum there, not the sum. Beside these each process shows the usual `process_…` and `python_…` metrics.

| metric | kind | labels | measured by | what |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page. Pure."""
    return _HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    by_name: dict[str, list[Measured]] = {}
    for row in CATALOGUE:
        by_name.setdefault(row.name, []).append(row)
    for name, rows in sorted(by_name.items()):
        first = rows[0]
        roles = [role for role in Role if any(role in row.roles for row in rows)]
        who = "every role" if len(roles) == len(Role) else ", ".join(role.value for role in roles)
        what = first.help if not first.appears else f"{first.help} Appears {first.appears}."
        labels = ", ".join(f"`{label}`" for label in first.label_names)
        yield f"`{name}`", first.kind, labels, who + (", slot 0" if first.first_slot else ""), what


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
