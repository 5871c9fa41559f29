"""The practice's inbox: its notices and digests, each with its messages together."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.visit import Visit, practice_page
from sinks.operations.actions.acknowledge import acknowledge
from sinks.operations.queries.inbox import InboxIncident, InboxMessage, inbox_of
from sinks.operations.roles import Action, View
from streams.runtime.errors import Permanent

MOST: Final = 50
WHY: Final = "taken in the console"


@practice_page(View.NOTICES)
def inbox(visit: Visit) -> HttpResponse:
    every = visit.request.GET.get("all") == "1"
    found = inbox_of(visit.ledger, visit.practice_id, MOST, every=every)
    if visit.request.method == "POST":
        return _take(visit, inbox_of(visit.ledger, visit.practice_id, MOST))
    return visit.shown(
        "inbox.html",
        incidents=[_shown(each) for each in found],
        every=every,
        most=MOST,
        takes=visit.rights.may(Action.NOTICE_ACKNOWLEDGE, visit.practice_id),
    )


def _shown(each: InboxIncident) -> tuple[InboxIncident, str, InboxMessage, tuple[InboxMessage, ...]]:
    """With what it is called, its newest message, and those before it, the newest first."""
    *earlier, newest = each.messages
    return each, newest.subject.removeprefix("[Writeback] "), newest, tuple(reversed(earlier))


def _take(visit: Visit, open_ones: list[InboxIncident]) -> HttpResponse:
    """Say that this person sees to a notice of this practice."""
    reference = visit.request.POST.get("reference") or ""
    if reference not in {each.reference for each in open_ones if each.closed_at is None}:
        raise Permanent("this notice is not open any more: there is nothing left to see to")
    acknowledge(visit.ledger, reference, visit.order(WHY, apply=True))
    return redirect("inbox", practice_id=visit.practice_id)
