"""What a benchmark says: a value beside its target, and why where it is less."""

from __future__ import annotations

from enum import StrEnum
from statistics import median

import msgspec


class Verdict(StrEnum):
    MET = "met"
    MISSED = "MISSED"
    REPORTED = "reported"
    """There is no target; the number is for the reader."""
    NOT_MEASURED = "NOT MEASURED"


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `value` and `target` are ready to read; `number` is for machines."""

    name: str
    value: str
    number: float | None = None
    target: str = ""
    verdict: Verdict = Verdict.REPORTED
    why: str = ""


class NotMeasuredError(RuntimeError):
    """A number could not be had; the run then ends with exit code 1. The message says why."""


def at_least(
    name: str, number: float, target: float, *, unit: str = "×", why_less: str = "", note: str = ""
) -> Measure:
    met = number >= target
    return Measure(
        name=name,
        value=f"{number:.2f} {unit}",
        number=round(number, 4),
        target=f"≥ {target} {unit}",
        verdict=Verdict.MET if met else Verdict.MISSED,
        why=note if met else "; ".join(part for part in (why_less, note) if part),
    )


def at_most(name: str, number: float, target: float, *, unit: str, why_more: str = "", note: str = "") -> Measure:
    met = number <= target
    return Measure(
        name=name,
        value=f"{number:.2f} {unit}" if number < 10 else f"{number:.0f} {unit}",
        number=round(number, 4),
        target=f"≤ {target:g} {unit}",
        verdict=Verdict.MET if met else Verdict.MISSED,
        why=note if met else "; ".join(part for part in (why_more, note) if part),
    )


def reported(name: str, number: float, unit: str, note: str = "") -> Measure:
    shown = f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
    return Measure(name=name, value=f"{shown} {unit}", number=round(number, 4), why=note)


def not_measured(name: str, why: str) -> Measure:
    return Measure(name=name, value="—", verdict=Verdict.NOT_MEASURED, why=why)


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over rounds of ours / theirs: the machine's speed moves, within one round it mostly does not."""
    if not ours or len(ours) != len(theirs):
        raise NotMeasuredError("the rounds are not complete")
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile; `share` in 0 to 1."""
    if not values:
        raise NotMeasuredError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
