"""A review as lines to read, and as a page to print or file. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from schemas.bookkeeping.money import Money
from sinks.operations.reconcile.words import CAUSE_WORDS
from sinks.operations.review.figures import DayStatus, Found, Line, Review
from sinks.operations.roles import View
from sinks.operations.typewriter_pdf import LETTERS, typewriter_pdf
from sinks.operations.viewing import sees

_LINE: Final = "{0:<40}{1:>8}{2:>15}{3:>15}{4:>15}{5:>15}"
_FOUND: Final = {
    Found.SAME: "as posted",
    Found.CHANGED: "CHANGED there since",
    Found.GONE: "GONE from there",
    Found.NOT_READ: "not read since it was posted",
}


@sees(View.EXPORT, practice="review.practice_id")
def pdf_bytes(review: Review) -> bytes:
    """The whole review. Blocks for the writing alone."""
    lines = [part for each in lines_of_review(review) for part in wrap(each, LETTERS, subsequent_indent="    ") or [""]]
    return typewriter_pdf(lines, f"{review.practice_id}  {_days(review)}")


def lines_of_review(review: Review) -> Iterator[str]:
    """What is in the books, the practice's own system, the bank, and who signed."""
    check = review.check
    verdict = "complete" if check.complete and not review.figures.waiting_events else "NOT complete"
    yield f"{review.practice_id}, {_days(review)} ({review.zone}), in {review.currency}"
    yield f"{verdict}: {check.settled} of {check.counted} in the books, {check.not_counted} not to be posted"
    if review.figures.waiting_events:
        yield f"reported and without an entry yet: {review.figures.waiting_events}"
    yield ""
    yield _LINE.format("what", "entries", "posted", "by hand", "not there yet", "left out")
    for line in review.figures.lines:
        amounts = (line.posted_minor, line.by_hand_minor, line.open_minor, line.left_out_minor)
        yield _LINE.format(_name(line), line.entries, *(_money(each, line.currency) for each in amounts))
    yield ""
    yield from _in_pms(review)
    yield ""
    yield from _bank(review)
    yield ""
    yield from _signed(review)


def _in_pms(review: Review) -> Iterator[str]:
    when = "never read" if review.read_at is None else f"last read {review.read_at:%Y-%m-%d %H:%M} UTC"
    yield f"in the practice's own system, {when}"
    for each in review.in_pms:
        who = "by this program" if each.ours else "typed in there"
        yield f"  {each.kind + ', ' + who:<38}{each.entries:>8}{_money(each.amount_minor, review.currency):>15}"
    yield "of what was posted"
    for found in review.found:
        yield f"  {_FOUND[found.found]:<38}{found.entries:>8}{_money(found.posted_minor, review.currency):>15}"


def _bank(review: Review) -> Iterator[str]:
    for name, amount in (
        ("booked in the system", review.pms_minor),
        ("reported as collected", review.reported_minor),
        ("brought by payouts", review.bank_minor),
        ("collected and not in the bank yet", review.in_transit_minor),
    ):
        yield f"{name:<48}{_money(amount, review.currency):>15}"
    for each in review.causes:
        yield f"  {each.cause.value:<16}{_money(each.amount_minor, review.currency):>15}  {CAUSE_WORDS[each.cause]}"


def _signed(review: Review) -> Iterator[str]:
    for day in review.days:
        by = f" by {day.signed_by}" if day.signed_by else ""
        yield f"{day.day}  {day.status.value:<9}{by}  {day.check.settled} of {day.check.counted} in the books"
    if review.signed is not None:
        open_then = "" if review.signed.complete else ", NOT complete"
        yield f"signed by {review.signed.signed_by} at {review.signed.signed_at:%Y-%m-%d %H:%M} UTC{open_then}"
    elif not review.days:
        yield "not signed"
    if review.status is DayStatus.REOPENED:
        yield "REOPENED: it is not the same as when it was signed"
    yield from (f"  {each}" for each in review.changes)


def _days(review: Review) -> str:
    return str(review.from_day) if review.from_day == review.to_day else f"{review.from_day} to {review.to_day}"


def _name(line: Line) -> str:
    return " ".join(part for part in (line.target, line.money.value, line.payment_kind, line.tender) if part)


def _money(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal():,.2f}"
