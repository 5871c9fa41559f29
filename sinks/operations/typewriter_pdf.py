"""Lines of text as a PDF to print, on A4 or Letter. The same lines, always the same bytes. Pure but for the writing.

Typewriter letters of the PDF itself: nothing is embedded, and amounts stand under one another. What those letters do
not have is shown as a question mark; ids and amounts are ASCII.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Final

import pydyf

WIDTH, HEIGHT = 595, 792
"""Points: as narrow as A4, as short as Letter."""
MARGIN: Final = 36
SIZE: Final = 8
LEADING: Final = 11
LINES: Final = (HEIGHT - 2 * MARGIN) // LEADING - 2
"""On a page, without its foot."""
LETTERS: Final = int((WIDTH - 2 * MARGIN) / (SIZE * 0.6))
"""In a line: a letter is 0.6 of the size."""


def typewriter_pdf(lines: Sequence[str], foot: str) -> bytes:
    """All lines, page by page, each page with `foot` and its number. Blocks for the writing alone."""
    pages = list(_pages(lines))
    document = pydyf.PDF()
    font = pydyf.Dictionary(
        {"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Courier", "Encoding": "/WinAnsiEncoding"}
    )
    document.add_object(font)
    for number, on_page in enumerate(pages, 1):
        _add_page(document, font, on_page, f"{foot}  page {number} of {len(pages)}")
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def _add_page(document: pydyf.PDF, font: pydyf.Dictionary, lines: Sequence[str], foot: str) -> None:
    stream = pydyf.Stream()
    stream.begin_text()
    stream.set_font_size("F1", SIZE)
    stream.set_text_matrix(1, 0, 0, 1, MARGIN, HEIGHT - MARGIN - SIZE)
    for line in (*lines, *[""] * (LINES + 1 - len(lines)), foot):
        stream.show_text_string(line[:LETTERS].encode("cp1252", "replace"))
        stream.move_text_to(0, -LEADING)
    stream.end_text()
    document.add_object(stream)
    document.add_page(
        pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": document.pages.reference,
                "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
                "Contents": stream.reference,
                "Resources": pydyf.Dictionary({"Font": pydyf.Dictionary({"F1": font.reference})}),
            }
        )
    )


def _pages(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(lines), LINES):
        yield lines[begin : begin + LINES]
