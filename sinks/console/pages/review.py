"""Daily review: is everything of a day or a week in the books, against the payouts too; signed by whom."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from schemas.vocabulary import State, Target
from sinks.console.downloads import FileKind, file_kind, taken
from sinks.console.leads import lead, lead_of_line
from sinks.console.stretches import DAY, WEEK, Stretch, stretch_of
from sinks.console.visit import Visit, practice_page
from sinks.operations.acting import Action
from sinks.operations.actions.sign_day import sign_day
from sinks.operations.queries.sums import Money
from sinks.operations.reconcile.words import CAUSE_WORDS
from sinks.operations.review.export import csv_of
from sinks.operations.review.figures import DayStatus, Found, Line, Place, Review, states_at, version_of
from sinks.operations.review.load import review_day, review_week
from sinks.operations.review.pdf_review import pdf_bytes
from sinks.operations.roles import View
from sinks.operations.words.in_the_browser import in_the_browser
from streams.runtime.errors import ConfigurationError, Permanent

_FOUND: Final = {
    Found.SAME: "There as it was posted",
    Found.CHANGED: "Changed there since",
    Found.GONE: "Gone from there",
    Found.NOT_READ: "Not read since it was posted",
}
_COLUMNS: Final = (
    (Place.POSTED, "posted_minor"),
    (Place.BY_HAND, "by_hand_minor"),
    (Place.OPEN, "open_minor"),
    (Place.LEFT_OUT, "left_out_minor"),
)


@practice_page()
def review(visit: Visit) -> HttpResponse:
    """GET: the figures. POST: a signature, where the figures are still those that were shown."""
    asked = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    stretch = stretch_of(visit, asked)
    wrong, why = "", str(asked.get("why") or "").strip()
    if visit.request.method == "POST":
        wrong = _sign(visit, stretch, why, asked)
        if not wrong:
            messages.success(visit.request, f"You have signed {stretch.day:%A, %B %-d, %Y}.")
            return redirect(f"{reverse('review', args=[visit.practice_id])}?day={stretch.day}")
    found = _read(visit, stretch)
    return visit.shown(
        "review.html",
        status=422 if wrong else 200,
        review=found,
        stretch=stretch,
        lines=[_line(visit, stretch, each) for each in found.figures.lines],
        leads=_leads(visit, stretch),
        found=[(_FOUND[each.found], each) for each in found.found],
        causes=[(each, CAUSE_WORDS[each.cause]) for each in found.causes],
        seen=version_of(found.figures),
        signs=_may_sign(visit, stretch, found),
        exports=visit.rights.may(View.EXPORT, visit.practice_id),
        why=why,
        wrong=wrong,
    )


@practice_page(View.EXPORT)
def review_file(visit: Visit, kind: str) -> HttpResponse:
    """The same to print or to compute with."""
    chosen, stretch = file_kind(kind), stretch_of(visit, visit.request.GET)
    found = _read(visit, stretch)
    content = pdf_bytes(found) if chosen is FileKind.PDF else csv_of(found).encode()
    return taken(visit, visit.practice_id, f"review-{stretch.span}-{stretch.first}", chosen, content)


def _read(visit: Visit, stretch: Stretch) -> Review:
    read = review_week if stretch.is_week else review_day
    return read(visit.ledger, visit.practice_id, stretch.day)


def _may_sign(visit: Visit, stretch: Stretch, found: Review) -> bool:
    """Whether the form is shown: the operations judge again."""
    open_one = not stretch.is_week and stretch.day <= stretch.today and found.status is not DayStatus.SIGNED
    return open_one and visit.rights.may(Action.DAY_SIGN, visit.practice_id)


def _sign(visit: Visit, stretch: Stretch, why: str, asked: Any) -> str:
    """Why it is not signed; '' once it is."""
    if stretch.is_week:
        return "A week is signed day by day."
    if asked.get("compared") != "1":
        return "Say that you have compared the figures, then sign."
    if not why:
        return "Say what you compared it with: it is kept with your name."
    try:
        order = visit.order(why, apply=True)
        sign_day(visit.ledger, visit.practice_id, stretch.day, order, str(asked.get("seen") or ""))
    except (ConfigurationError, Permanent) as error:
        return in_the_browser(str(error), visit.practice_id).capitalize()
    return ""


def _line(visit: Visit, stretch: Stretch, line: Line) -> tuple[Line, str, list[tuple[int, str]]]:
    """With where it and each of its figures lead."""
    of = (visit.practice_id, stretch.day, stretch.span, line)
    return line, lead_of_line(*of), [(getattr(line, field), lead_of_line(*of, place)) for place, field in _COLUMNS]


def _leads(visit: Visit, stretch: Stretch) -> dict[str, Any]:
    """Where the other figures lead."""
    of = (visit.practice_id, stretch.day, stretch.span)
    booked = [each.value for each in states_at(Place.POSTED, Place.BY_HAND)]
    waiting = [each.value for each in State if each.value.startswith("AWAITING")]
    return {
        "settled": lead(*of, state=booked),
        "left": lead(*of, state=[each.value for each in states_at(Place.OPEN)]),
        "not_counted": lead(*of, state=[each.value for each in states_at(Place.LEFT_OUT)]),
        "bare": lead(*of, state=waiting, bare="1"),
        "booked": lead(*of, state=booked, target=Target.PMS.value, money=Money.PAYMENTS.value),
        "posted_there": lead(*of, state=[State.POSTED.value], target=Target.PMS.value, money=Money.PAYMENTS.value),
        "other": WEEK if stretch.span == DAY else DAY,
    }
