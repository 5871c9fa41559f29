"""The bookkeeper's page is what the worked cases say now."""

from __future__ import annotations

from tests.vectors.reading import cases
from tests.vectors.table import FILE, markdown


def test_the_page_is_current() -> None:
    """Written anew with `python -m tests.vectors.table`."""
    assert FILE.read_text(encoding="utf-8") == markdown()


def test_debits_are_credits() -> None:
    """Every document of the worked cases adds up: the bank's line and the others, to the cent (P-1)."""
    for case in cases():
        for act in case.acts:
            bank: int | None = None
            lines = 0
            for row in (*act.expected, None):
                if row is None or row.kind == "books":
                    assert bank is None or bank == lines, f"{case.name}: the bank {bank}, the lines {lines}"
                    bank, lines = (row.amount or 0) if row is not None else None, 0
                elif row.kind in ("dr", "cr"):
                    lines += (row.amount or 0) * (1 if row.kind == "cr" else -1)
