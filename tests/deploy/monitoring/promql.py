"""What a query of Prometheus names: metrics of ours, recorded series, and the words that a label is compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from streams.runtime.metric_catalogue import CATALOGUE, Measured

_SELECTOR: Final = re.compile(r"\b(writeback[_:][a-z0-9_:]+)\b(?:\{([^}]*)\})?")
_MATCHER: Final = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
_SUFFIXES: Final = ("_bucket", "_sum", "_count")
OF_TARGETS: Final = frozenset({"component", "slot", "instance", "job", "le"})
"""Labels that the scrape gives, or the histogram."""


def named(query: str) -> set[str]:
    """Metrics and recorded series of ours that the query names."""
    return {name for name, _ in _SELECTOR.findall(query)}


def faults(query: str, recorded: set[str]) -> Iterator[str]:
    """What the query names that nobody measures: a metric, a label of it, a word that the label never has."""
    for name, matchers in _SELECTOR.findall(query):
        if ":" in name:
            if name not in recorded:
                yield f"{name} is recorded by no rule"
            continue
        rows = _rows(name)
        if not rows:
            yield f"{name} is no metric"
            continue
        for label, how, value in _MATCHER.findall(matchers):
            yield from _label_faults(rows, name, label, how, value)


def _rows(name: str) -> list[Measured]:
    bare = next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
    return [
        row for row in CATALOGUE if row.name == name or (row.kind == "histogram" and row.name == bare)
    ]  # fmt: skip


def _label_faults(rows: list[Measured], name: str, label: str, how: str, value: str) -> Iterator[str]:
    if label in OF_TARGETS:
        return
    if label not in rows[0].label_names:
        yield f"{name} has no label {label}"
        return
    at = rows[0].label_names.index(label)
    words = {series[at] for row in rows for role in row.roles for series in row.series(role)}
    if not words or "$" in value:
        return
    pattern = value if how in ("=~", "!~") else re.escape(value)
    if not any(re.fullmatch(pattern, word) for word in words):
        yield f"{name} never has {label}={value}"


def selectors(query: str) -> list[str]:
    """Each series of ours that the query selects, as a query of its own; without the time that it looks back."""
    return [f"{name}{{{matchers}}}" if matchers else name for name, matchers in _SELECTOR.findall(query)]
