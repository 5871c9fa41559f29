"""A reconciliation as CSV for a spreadsheet: every difference, and no cell that it would compute (S-9). Pure."""

from __future__ import annotations

import csv
import io
from typing import Final

from schemas.bookkeeping.money import Money
from sinks.operations.reconcile.run import Reconciled

HEADINGS: Final = ("practice", "between", "cause", "about", "amount", "currency")
_COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""With what a spreadsheet begins to compute; ids come from upstream."""


def csv_of(found: Reconciled) -> str:
    """With a heading; amounts are decimal numbers, a minus before what lessens a figure."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for practice in found.practices:
        for each in practice.result.differences:
            amount = f"{Money(each.amount_minor, practice.currency).decimal():.2f}"
            texts = (practice.practice_id, each.joint.value, each.cause.value, each.about)
            writer.writerow([*map(safe_cell, texts), amount, practice.currency])
    return out.getvalue()


def safe_cell(text: str) -> str:
    """A text that a spreadsheet shows and never computes."""
    return f"'{text}" if text.lstrip(" ").startswith(_COMPUTED) else text
