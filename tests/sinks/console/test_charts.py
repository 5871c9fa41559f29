"""Charts: what is measured stands where it belongs, and what was not measured is a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sinks.console.charts import HEIGHT, WIDTH, Sample, chart

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def every_minute(*values: float | None) -> list[Sample]:
    return [(BEGIN + timedelta(minutes=n), value) for n, value in enumerate(values)]


def places(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, _, y in (each.partition(",") for each in line.split())]


def test_the_oldest_stands_left_and_the_largest_on_top() -> None:
    found = chart(every_minute(0, 5, 10))
    assert found is not None
    assert places(found.lines[0]) == [(0, HEIGHT), (WIDTH / 2, HEIGHT / 2), (WIDTH, 0)]
    assert (found.smallest, found.largest, found.latest) == (0, 10, 10)


def test_zero_is_the_ground_where_nothing_is_below_it() -> None:
    found = chart(every_minute(100, 50))
    assert found is not None
    assert [y for _, y in places(found.lines[0])] == [0, HEIGHT / 2]


def test_what_nobody_measured_is_a_gap() -> None:
    found = chart(every_minute(1, 1, None, 1, 1))
    assert found is not None
    assert len(found.lines) == 2
    assert chart(every_minute(None, None)) is None
    assert chart([]) is None


def test_a_long_pause_is_a_gap_too() -> None:
    """The console stood still: no line says that it went on as before."""
    late = [(BEGIN + timedelta(hours=3), 1.0), (BEGIN + timedelta(hours=3, minutes=1), 1.0)]
    found = chart([*every_minute(*[1.0] * 20), *late])
    assert found is not None
    assert len(found.lines) == 2


def test_what_is_always_the_same_is_a_line_and_one_sample_a_dot() -> None:
    assert chart(every_minute(0, 0)) is not None
    single = chart(every_minute(7))
    assert single is not None
    assert len(places(single.lines[0])) == 2, "one place twice: a line of no length has a round end"
