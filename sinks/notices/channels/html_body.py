"""A message's text as HTML, for mail programs that show it: the same words, paragraphs and lists. Pure."""

from __future__ import annotations

from html import escape
from typing import Final

LABELS: Final = (
    "What happened:",
    "Practice:",
    "Open since:",
    "Since:",
    "Answer by:",
    "Why:",
    "What to do:",
    "What happens then:",
    "Reference for support:",
)
"""What begins a paragraph of a letter and is set in bold."""
_STYLE: Final = "font-family:sans-serif;font-size:15px;line-height:1.45;color:#1a1a1a;max-width:40em"


def html_body(subject: str, body: str) -> str:
    """A page without pictures, links, scripts or anything else that is fetched: opening it tells nobody."""
    parts = "\n".join(_part(each) for each in body.strip().split("\n\n"))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head>\n'
        f'<body style="{_STYLE}">\n{parts}\n</body></html>\n'
    )


def _part(paragraph: str) -> str:
    """A paragraph; lines that begin with a dash are a list below it."""
    lines = paragraph.split("\n")
    said = [line for line in lines if not line.startswith("- ")]
    listed = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    text = "<br>\n".join(_labelled(line) for line in said)
    items = "".join(f"<li>{escape(line)}</li>" for line in listed)
    return (f"<p>{text}</p>" if said else "") + (f"<ul>{items}</ul>" if items else "")


def _labelled(line: str) -> str:
    label = next((each for each in LABELS if line.startswith(f"{each} ")), None)
    return escape(line) if label is None else f"<strong>{label}</strong>{escape(line.removeprefix(label))}"
