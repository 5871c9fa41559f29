"""Numbers and dates of a target become values in one place each, which bounds them first (law 29)."""

from __future__ import annotations

import ast
import base64
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sinks.targets
from sinks.targets.foreign_values import (
    YEARS,
    bounded_seconds,
    parsed_day,
    parsed_instant,
    parsed_offset,
    parsed_wall_clock,
)
from sinks.targets.nexhealth.tokens import DEFAULT_LIFE_S, LONGEST_LIFE_S, life_s

FOLDER: Final = Path(sinks.targets.__file__).parent
CONVERSIONS: Final = frozenset(
    {"Decimal", "float", "fromisoformat", "strptime", "fromtimestamp", "utcfromtimestamp", "quantize", "fromordinal"}
)
BOUNDED_BEFORE: Final[dict[str, frozenset[str]]] = {
    "foreign_values.py": frozenset({"fromisoformat", "float"}),
    "http_call.py": frozenset({"float"}),  # Retry-After: at most nine digits
    "nexhealth/request_text.py": frozenset({"Decimal"}),  # our own minor units
}
"""Where such a conversion may stand, because what is converted has been bounded on the lines before."""
INTS_BOUNDED_BEFORE: Final = frozenset(
    {
        "foreign_values.py",  # parsed_offset: two digits each
        "nexhealth/request_text.py",  # id_of: at most ten digits
        "nexhealth/balances.py",  # numbers that id_of took
        "open_dental/accounts.py",  # number_of: at most 19 digits
        "open_dental/balances.py",  # numbers that number_of took
        "open_dental/mirror_pages.py",  # _offset: at most nine digits
        "open_dental/choices.py",  # numbers that number_of took
        "quickbooks/tokens.py",  # _LIFE: at most eight digits
    }
)


def _called(path: Path) -> set[str]:
    """The last names of all calls of a module."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return {each.attr if isinstance(each, ast.Attribute) else each.id for each in calls if isinstance(each, NAMES)}


NAMES: Final = (ast.Attribute, ast.Name)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_adapter_converts_a_foreign_number_or_date_by_itself(path: Path) -> None:
    """Amounts by `parse_decimal`, days and instants by `foreign_values`, ids by a check of their digits."""
    name = str(path.relative_to(FOLDER))
    called = _called(path)
    assert called & CONVERSIONS <= BOUNDED_BEFORE.get(name, frozenset()), name
    assert "int" not in called or name in INTS_BOUNDED_BEFORE, name


def _token(**claims: Any) -> str:
    middle = base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
    return f"a.{middle}.c"


@pytest.mark.parametrize(
    ("ends", "made"),
    [(msgspec.Raw(b"9" * 400), 1.5), (1.5, msgspec.Raw(b"9" * 400)), (msgspec.Raw(b"9" * 4_200), 1), (1e308, 1e-308)],
)
def test_an_absurd_life_of_a_token_is_the_usual_one(ends: Any, made: Any) -> None:
    """Numbers of 400 digits minus a fraction raised, in the middle of every call of that key."""
    assert life_s(_token(exp=ends, iat=made)) == DEFAULT_LIFE_S


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none()), st.floats(1, 1e12))
def test_seconds_are_a_number_within_their_bound(value: Any, most: float) -> None:
    found = bounded_seconds(value, most)
    assert found is None or 0 < found <= most


def test_a_life_is_taken_from_the_tokens_own_clock() -> None:
    assert life_s(_token(exp=1_900_000_600, iat=1_900_000_000)) == 600.0
    assert life_s(_token(exp=LONGEST_LIFE_S * 3, iat=1)) == DEFAULT_LIFE_S


@given(
    st.one_of(
        st.text(max_size=60),
        st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
        st.from_regex(
            r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:00[+-][0-2][0-9]:[0-5][0-9]", fullmatch=True
        ),
    )
)
def test_no_date_raises(text: str) -> None:
    """`0001-01-01T00:00:00+23:59` is an instant that no arithmetic takes."""
    instant = parsed_instant(text)
    assert instant is None or (instant.tzinfo is UTC and YEARS.start - 1 <= instant.year <= YEARS.stop)
    assert isinstance(parsed_day(text), date | None)


def test_days_and_instants_as_targets_write_them() -> None:
    at = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
    assert parsed_instant("2026-03-04T12:00:00-05:00") == at
    assert parsed_instant("2026-03-04T17:00:00") == at
    assert parsed_instant("2026-03-04T17:00:00", without_zone=None) is None
    assert parsed_day("2026-03-04T23:00:00-05:00") == date(2026, 3, 4)
    assert parsed_day("9999-12-31") == date(9999, 12, 31)
    for absurd in ("0000-99", "9" * 900, "2026-03-04" + " " * 40, None, 7):
        assert (parsed_instant(absurd), parsed_day(absurd)) == (None, None)


@pytest.mark.parametrize("text", ["+24:00", "-99:59", "+5:00", "05:00", "+05:60", "+\u0660\u0665:00", None, 5])
def test_what_is_no_zone_is_none(text: object) -> None:
    """A zone of 24 hours raised, in the middle of a page."""
    assert parsed_offset(text) is None


def test_a_zone_is_its_offset() -> None:
    at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert [at.astimezone(parsed_offset(text)).hour for text in ("-05:00", "+15:00")] == [7, 3]


@given(st.one_of(st.text(), st.none(), st.integers(), st.datetimes().map(str)))
def test_a_clock_on_the_wall_has_no_zone_and_a_usual_year(text: object) -> None:
    found = parsed_wall_clock(text)
    assert found is None or (found.tzinfo is None and found.year in YEARS)
