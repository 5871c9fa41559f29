"""Reads a review file that a spreadsheet may have saved: any delimiter of its country, heads in any order. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import Final

from sinks.operations.worklist.csv_sheet import plain_cell
from streams.runtime.errors import ConfigurationError

MOST: Final = 200_000


def review_lines(raw: bytes, needed: Collection[str], option: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by their lower-case heading. ConfigurationError names option and line, quoting no cell."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{option}: the file is not UTF-8: save it as CSV UTF-8") from None
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        heading = [each.strip().lower() for each in next(reader, [])]
        missing = [each for each in needed if each not in heading]
        if missing:
            raise ConfigurationError(f"{option}: the first line lacks {', '.join(missing)}")
        for cells in reader:
            if reader.line_num > MOST:
                raise ConfigurationError(f"{option}: a file has at most {MOST} lines")
            record = dict(zip(heading, (plain_cell(each).strip() for each in cells), strict=False))
            if any(record.values()):
                yield reader.line_num, record
    except csv.Error as error:
        raise ConfigurationError(f"{option}, line {reader.line_num}: the file is no CSV ({error})") from None
