"""Payouts: what reached the bank, against the books on both sides, to the cent; of a practice, or a group as one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import msgspec
from django.http import HttpResponse

from sinks.console.downloads import FileKind, file_kind, taken
from sinks.console.process import console
from sinks.console.stretches import day_named
from sinks.console.visit import Visit, group_page, practice_page
from sinks.operations.queries.calendar import calendar_of
from sinks.operations.queries.organisations import members_of
from sinks.operations.queries.payouts import list_payouts
from sinks.operations.reconcile.bridge import Cause, Joint
from sinks.operations.reconcile.export import csv_of
from sinks.operations.reconcile.pdf_report import pdf_bytes
from sinks.operations.reconcile.run import CauseSum, Reconciled, reconcile_group, reconcile_practice
from sinks.operations.reconcile.totals import Span
from sinks.operations.reconcile.words import CAUSE_WORDS
from sinks.operations.roles import View
from streams.runtime.errors import ConfigurationError

MOST: Final = 500
"""Payouts, and differences, of one page: the files have all of them."""
MOST_DAYS: Final = 400


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for: days, both ends included, and how totals are added up."""

    first: date
    last: date
    totals: Span


@practice_page()
def payouts(visit: Visit) -> HttpResponse:
    asked = visit.request.GET
    period = _period(asked, visit.calendar.day_of(visit.ledger.clock.now()))
    listed = list_payouts(visit.ledger.connection, visit.practice_id, period.first, period.last, MOST)
    return visit.shown(
        "payouts.html",
        listed=listed,
        more=len(listed) == MOST,
        exports=visit.rights.may(View.EXPORT, visit.practice_id),
        **_shown(_of_practice(visit, period), period, asked),
    )


@practice_page(View.EXPORT)
def payouts_file(visit: Visit, kind: str) -> HttpResponse:
    period = _period(visit.request.GET, visit.calendar.day_of(visit.ledger.clock.now()))
    return _file(visit, visit.practice_id, file_kind(kind), period, _of_practice(visit, period))


@group_page()
def group_payouts(visit: Visit, organisation_id: str) -> HttpResponse:
    asked = visit.request.GET
    period = _period(asked, _today_of_group(visit, organisation_id))
    return visit.shown(
        "payouts.html",
        group=organisation_id,
        exports=visit.rights.may(View.EXPORT, None, organisation_id),
        **_shown(_of_group(visit, organisation_id, period), period, asked),
    )


@group_page(View.EXPORT)
def group_payouts_file(visit: Visit, organisation_id: str, kind: str) -> HttpResponse:
    period = _period(visit.request.GET, _today_of_group(visit, organisation_id))
    return _file(visit, f"group {organisation_id}", file_kind(kind), period, _of_group(visit, organisation_id, period))


def _today_of_group(visit: Visit, organisation_id: str) -> date:
    """The day of its first practice's calendar."""
    members = members_of(visit.ledger, organisation_id)
    calendar = calendar_of(visit.ledger.connection, members[0]) if members else visit.calendar
    return calendar.day_of(visit.ledger.clock.now())


def _of_practice(visit: Visit, period: Period) -> Reconciled:
    with console().making_a_report():
        return reconcile_practice(visit.ledger, visit.practice_id, period.first, period.last, period.totals)


def _of_group(visit: Visit, organisation_id: str, period: Period) -> Reconciled:
    with console().making_a_report():
        return reconcile_group(visit.ledger, organisation_id, period.first, period.last, period.totals)


def _file(visit: Visit, whose: str, kind: FileKind, period: Period, found: Reconciled) -> HttpResponse:
    content = pdf_bytes(found) if kind is FileKind.PDF else csv_of(found).encode()
    return taken(visit, whose, f"payouts-{period.first}-to-{period.last}", kind, content)


def _period(asked: Any, today: date) -> Period:
    """This month so far where nothing is named. Raises ConfigurationError for days in no order, or too many."""
    last = day_named(asked.get("to") or "") or today
    first = day_named(asked.get("from") or "") or last.replace(day=1)
    if not first <= last or last - first > timedelta(days=MOST_DAYS):
        raise ConfigurationError(f"the first day comes before the last, and they are {MOST_DAYS} days apart at most")
    name = asked.get("totals") or ""
    return Period(first=first, last=last, totals=Span(name) if name in Span.__members__ else Span.MONTH)


def _shown(found: Reconciled, period: Period, asked: Any) -> dict[str, Any]:
    chosen, joint = asked.get("cause") or "", asked.get("joint") or ""
    differences = [
        (practice.practice_id, each)
        for practice in found.practices
        for each in practice.result.differences
        if chosen in ("", each.cause.value) and joint in ("", each.joint.value)
    ]
    return {
        "found": found,
        "period": period,
        "spans": list(Span),
        "figures": _figures(found),
        "differences": [(practice, each, CAUSE_WORDS[each.cause]) for practice, each in differences[:MOST]],
        "left": max(0, len(differences) - MOST),
        "chosen": chosen if chosen in Cause.__members__ else "",
    }


def _figures(found: Reconciled) -> list[tuple[str, int, list[tuple[CauseSum, str]]]]:
    """The four figures, each with the causes that lead from it to the next."""
    named = (
        ("Booked in the practice management system", found.pms_minor, Joint.PMS_TO_REPORTED),
        ("Reported as collected", found.reported_minor, Joint.REPORTED_TO_BANK),
        ("Brought by payouts", found.bank_minor, Joint.BANK_TO_QUICKBOOKS),
        ("In QuickBooks", found.quickbooks_minor, None),
    )
    return [
        (name, minor, [(each, CAUSE_WORDS[each.cause]) for each in found.causes if each.joint is joint])
        for name, minor, joint in named
    ]
