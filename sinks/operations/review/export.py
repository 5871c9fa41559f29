"""A review as CSV for a spreadsheet, a line a figure, with no cell that it would compute (S-9). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from schemas.bookkeeping.money import Money
from sinks.operations.reconcile.export import safe_cell
from sinks.operations.review.figures import Review
from sinks.operations.roles import View
from sinks.operations.viewing import sees

HEADINGS: Final = ("practice", "from", "to", "section", "what", "kind", "tender", "entries", "amount", "currency")


@sees(View.EXPORT, practice="review.practice_id")
def csv_of(review: Review) -> str:
    """With a heading; amounts are decimal numbers, a minus before what lessens a figure."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for section, what, kind, tender, entries, minor in _rows(review):
        texts = (
            review.practice_id,
            review.from_day.isoformat(),
            review.to_day.isoformat(),
            section,
            what,
            kind,
            tender,
        )
        amount = "" if minor is None else f"{Money(minor, review.currency).decimal():.2f}"
        writer.writerow([*map(safe_cell, texts), entries, amount, review.currency])
    return out.getvalue()


def _rows(review: Review) -> Iterator[tuple[str, str, str, str, int | str, int | None]]:
    for line in review.figures.lines:
        name = (f"{line.target} {line.money}", line.payment_kind or "", line.tender or "")
        yield "posted", *name, line.entries, line.posted_minor
        yield "by hand", *name, "", line.by_hand_minor
        yield "not in the books", *name, "", line.open_minor
        yield "left out", *name, "", line.left_out_minor
    yield "without entries", "payments", "", "", review.figures.waiting_events, None
    for there in review.in_pms:
        yield (
            "in the system",
            there.kind,
            "ours" if there.ours else "typed there",
            "",
            there.entries,
            there.amount_minor,
        )
    for each in review.found:
        yield "read there", each.found.value, "", "", each.entries, each.there_minor
    for figure, minor in (
        ("booked in the system", review.pms_minor),
        ("reported", review.reported_minor),
        ("brought by payouts", review.bank_minor),
        ("collected and not in the bank yet", review.in_transit_minor),
    ):
        yield "bank", figure, "", "", "", minor
    for cause in review.causes:
        yield "bank", cause.cause.value, cause.joint.value, "", cause.differences, cause.amount_minor
    for day in review.days:
        yield "signatures", f"{day.day} {day.status} {day.signed_by or ''}".rstrip(), "", "", day.check.counted, None
