"""Published adjustment codes as dated data; a new list is a new file and no new code (I-5).

The lists change three times a year, so an unknown code may be real: it is stored and reviewed by a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

import msgspec

_COLUMNS: Final = "code,start,stop"

Span = tuple[date | None, date | None]


class CodeStatus(StrEnum):
    """Whether a code may be used on a day."""

    IN_USE = "IN_USE"
    STOPPED = "STOPPED"
    """No original remittance may name it any more; a reversal does, as its original did (wpc-edi.com on "Stop")."""
    NOT_YET = "NOT_YET"
    UNKNOWN = "UNKNOWN"
    """Newer than the list, or no code at all."""
    MALFORMED = "MALFORMED"
    """Not of the form of a code."""


class CodeList(msgspec.Struct, frozen=True):
    """One list: the first and the last day of each code; None is not recorded, or no end. Reads nothing; cheap."""

    spans: Mapping[str, Span]
    shape: re.Pattern[str]

    def status(self, code: str, on: date) -> CodeStatus:
        """The status of a code in a remittance of that day."""
        span = self.spans.get(code)
        if span is None:
            return CodeStatus.UNKNOWN if self.shape.fullmatch(code) else CodeStatus.MALFORMED
        start, stop = span
        if start is not None and on < start:
            return CodeStatus.NOT_YET
        return CodeStatus.IN_USE if stop is None or on <= stop else CodeStatus.STOPPED

    def stopped(self, code: str) -> date | None:
        """The last day of a code that was stopped."""
        return self.spans.get(code, (None, None))[1]


@cache
def reason_codes() -> CodeList:
    """CARC: why a claim was paid otherwise than it was charged. Read once from the package."""
    return _read("carc.csv", "[A-Z]?[0-9]{1,3}")


@cache
def remark_codes() -> CodeList:
    """RARC: what a remittance says beside its adjustments. Read once from the package."""
    return _read("rarc.csv", "(M|MA|N)[0-9]{1,4}")


def _read(name: str, shape: str) -> CodeList:
    lines = (resources.files("schemas.bookkeeping") / "codes" / name).read_text(encoding="ascii").splitlines()
    return CodeList(parse_codes(lines), re.compile(shape))


def parse_codes(lines: Iterable[str]) -> Mapping[str, Span]:
    """The codes of a file: comments, a heading `code,start,stop`, then a line for each code. ValueError names a line
    that is wrong."""
    return MappingProxyType(dict(_spans(lines)))


def _spans(lines: Iterable[str]) -> Iterator[tuple[str, Span]]:
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or line == _COLUMNS:
            continue
        code, *days = line.split(",")
        if not code or code in seen or len(days) != 2:
            raise ValueError(f"line {number}: a code that is new, then its first and its last day, or nothing for each")
        seen.add(code)
        start, stop = (date.fromisoformat(day) if day else None for day in days)
        if start is not None and stop is not None and stop < start:
            raise ValueError(f"line {number}: a code cannot be stopped before it began")
        yield code, (start, stop)
