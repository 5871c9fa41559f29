"""The table is honest, and keeps to its marks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.benchmarks.measures import NotMeasuredError, Verdict, at_least, at_most, median_ratio, percentile
from tests.benchmarks.report import END, README, RESULTS, START, Results, markdown, write_block


def test_a_missed_target_is_marked_and_says_why() -> None:
    """A number below its target is MISSED, with its reason in the table."""
    missed = at_least("speed", 0.5, 0.85, why_less="one core", note="beside 10/s")
    results = Results(day="2026-03-01", machine="a machine", full=False, seconds=61, measures=[missed])
    assert missed.verdict is Verdict.MISSED
    assert "| speed | 0.50 × | ≥ 0.85 × | **MISSED** | one core; beside 10/s |" in markdown(results)


def test_a_met_target_needs_no_excuse() -> None:
    """What was reached is told without the reason for less."""
    met = at_most("delay", 12.0, 40, unit="ms", why_more="slow disk", note="p50")
    assert (met.verdict, met.why) == (Verdict.MET, "p50")


def test_the_readme_keeps_everything_outside_the_marks(tmp_path: Path) -> None:
    """Only what stands between the marks is written anew; without marks they are added at the end."""
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n\nText.\n", encoding="utf-8")
    write_block(readme, "first")
    readme.write_text(readme.read_text(encoding="utf-8") + "\nAfter.\n", encoding="utf-8")
    write_block(readme, "second")
    assert readme.read_text(encoding="utf-8") == f"# Title\n\nText.\n\n{START}\nsecond\n{END}\n\nAfter.\n"


def test_what_was_not_measured_is_no_number() -> None:
    """Incomplete rounds and empty samples raise instead of passing for a result."""
    with pytest.raises(NotMeasuredError):
        median_ratio([1.0], [])
    with pytest.raises(NotMeasuredError):
        percentile([], 0.5)


def test_the_page_shows_the_stored_results() -> None:
    """Nobody edits the table by hand."""
    results = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    assert f"{START}\n{markdown(results)}\n{END}" in README.read_text(encoding="utf-8")
