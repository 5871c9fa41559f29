"""Published adjustment codes as dated data: a new list is a new file, never new code (I-5).

The lists change three times a year, so a code that is not here may be real: it is stored and looked at by a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType

import msgspec


class CodeList(msgspec.Struct, frozen=True):
    """One list; a span is half-open, and None is without an end. Reads nothing; cheap."""

    spans: Mapping[str, tuple[date | None, date | None]]

    def knows(self, code: str, on: date) -> bool:
        """Whether a code was in use on a day."""
        span = self.spans.get(code)
        if span is None:
            return False
        begins, ends = span
        return (begins is None or begins <= on) and (ends is None or on < ends)


@cache
def reason_codes() -> CodeList:
    """CARC: why a claim was paid otherwise than it was charged. Read once from the package."""
    return _read("carc.csv")


@cache
def remark_codes() -> CodeList:
    """RARC: what a remittance says beside its adjustments. Read once from the package."""
    return _read("rarc.csv")


def _read(name: str) -> CodeList:
    return parse_codes((resources.files("schemas") / "codes" / name).read_text(encoding="ascii").splitlines())


def parse_codes(lines: Iterable[str]) -> CodeList:
    """The list of a file: comments, a heading `code,valid_from,valid_to`, then a line for each code. ValueError names
    the line that is none."""
    return CodeList(MappingProxyType(dict(_spans(lines))))


def _spans(lines: Iterable[str]) -> Iterator[tuple[str, tuple[date | None, date | None]]]:
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or line == "code,valid_from,valid_to":
            continue
        code, *days = line.split(",")
        if not code or code in seen or len(days) != 2:
            raise ValueError(f"line {number}: a code that is new, then valid_from and valid_to, or nothing for each")
        seen.add(code)
        begins, ends = (date.fromisoformat(day) if day else None for day in days)
        yield code, (begins, ends)
