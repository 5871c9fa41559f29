"""Prints what operations answer: tables, amounts, times, and one JSON document where --json asks for it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from sinks.operations.queries.open_entries import StateChange

APPLY_HINT: Final = "Nothing was changed. To do it, repeat the command with --yes --why TEXT"
"""The end of every preview."""


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    import msgspec

    print(visible_json(msgspec.json.encode(value).decode()))


def print_done_json(applied: bool, answer: Any) -> None:
    """What an action answered, with `dry_run` before it: true for a preview."""
    import msgspec

    print_json({"dry_run": not applied} | msgspec.to_builtins(answer))


def print_table(title: str, headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table that is as wide as the terminal; cells fold instead of losing text, also in a pipe. A tuple in a cell is
    shown line by line."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(visible(title)) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(each)) for each in row))
    piped = None if os.isatty(1) or "COLUMNS" in os.environ else 200
    Console(width=piped, file=raw_output()).print(table)


def _cell(content: object) -> str:
    if isinstance(content, tuple):
        return "\n".join(map(_cell, content))
    return "" if content is None else visible(str(content))


def print_moves(moves: Sequence[StateChange], applied: bool) -> None:
    """What an action set going at once, or in a preview would: how many entries are in which state."""
    from sinks.operations.queries.open_entries import REDECIDED

    entries = [f"{each.state} {each.before} -> {each.after}" for each in moves if each.state != REDECIDED]
    if entries:
        print(f"entries by state{'' if applied else ' would be'}: {', '.join(entries)}")
    for each in moves:
        if each.state == REDECIDED:
            print(f"{counted(each.after - each.before, 'waiting event')} {'' if applied else 'would be '}decided again")


def visible(text: str) -> str:
    """`text` with everything that a terminal would obey instead of showing (escapes, line ends, marks that turn the
    direction) written out: names and numbers come from practices and vendors."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def visible_json(document: str) -> str:
    """The same for a JSON document: what is not shown is escaped as JSON has it, so the document says the same."""
    return "".join(
        each if each.isprintable() or each == "\n" else "".join(f"\\u{unit:04x}" for unit in _utf16(each))
        for each in document
    )


def _utf16(character: str) -> list[int]:
    units = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]


class VisibleText(io.TextIOBase):
    """An output on which a terminal is asked to do nothing but show text; `raw` is the stream behind it.

    What is printed may hold names and words of practices and vendors. Line ends and tabs pass; what else a terminal
    would obey is written out. Tables go to `raw`: their cells are made visible one by one, and headings are styled.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def write(self, text: str) -> int:
        plain = text.replace("\n", "").isprintable()
        self.raw.write(text if plain else "".join(each if each in "\n\t" else visible(each) for each in text))
        return len(text)

    def flush(self) -> None:
        self.raw.flush()

    def fileno(self) -> int:
        return self.raw.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.raw.encoding


def raw_output(stream: TextIO | None = None) -> TextIO:
    """Standard output, or another stream, itself: for what makes its own text visible."""
    stream = stream or sys.stdout
    return stream.raw if isinstance(stream, VisibleText) else stream


def shown_at(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def shown_money(minor: int | None, currency: str | None) -> str:
    from schemas.bookkeeping.money import Money

    return "" if minor is None else str(Money(minor, currency or "USD"))


def shown_entered(planned: int, entered: int | None, currency: str) -> str:
    """A planned amount, and what a person entered instead with the difference, where it is another one."""
    shown = shown_money(planned, currency)
    if entered is None or entered == planned:
        return shown
    more = "more" if abs(entered) > abs(planned) else "less"
    difference = shown_money(abs(abs(entered) - abs(planned)), currency)
    return f"{shown}, entered {shown_money(entered, currency)} ({difference} {more})"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the unit that people would say. Pure."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
