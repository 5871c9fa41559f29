"""One request for one page: who asks, for which practice, with the ledger open for as long as it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sinks.console.actors import Rights, groups_of, rights_of
from sinks.console.process import console
from sinks.operations.acting import Order
from sinks.operations.ledger import Ledger
from sinks.operations.queries.calendar import Calendar, calendar_of
from sinks.operations.queries.practices import ListedPractice, practice_shown
from sinks.operations.roles import View
from streams.runtime.errors import ConfigurationError

Page = Callable[..., HttpResponse]


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is given."""

    request: HttpRequest
    rights: Rights
    ledger: Ledger
    calendar: Calendar = Calendar()
    practice: ListedPractice | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Of the practice's own clock; UTC on a page of no practice."""
        return ZoneInfo(self.calendar.zone)

    @property
    def practice_id(self) -> str:
        """Of the practice that the address names. Raises Http404 on a page of no practice."""
        if self.practice is None:
            raise Http404
        return self.practice.practice_id

    def order(self, reason: str = "", *, apply: bool = False) -> Order:
        return self.rights.order(reason, apply=apply)

    def shown(self, template: str, status: int = 200, **values: Any) -> HttpResponse:
        """The page. Times in it are those of `zone`."""
        sees_audit = self.practice is not None and self.rights.may(View.AUDIT, self.practice.practice_id)
        known = {
            "visit": self,
            "sees_audit": sees_audit,
            "practice": self.practice,
            "rights": self.rights,
            "zone": self.zone,
        }
        return render(self.request, f"console/{template}", known | values, status=status)


def practice_page(view: View = View.TRANSACTIONS) -> Callable[[Page], Page]:
    """A page of the practice in its address, for who may see this there. Everybody else is told what is told of a
    practice that is not there."""

    def of_practice(page: Page) -> Page:
        def answer(request: HttpRequest, practice_id: str, **where: Any) -> HttpResponse:
            with console().pool.ledger() as ledger:
                rights = rights_of(ledger.connection, request.user)
                if not rights.may(view, practice_id):
                    raise Http404
                with console().pool.serving(ledger, rights.actor, practice_id):
                    try:
                        practice = practice_shown(ledger.connection, practice_id)
                    except ConfigurationError:
                        raise Http404 from None
                    calendar = calendar_of(ledger.connection, practice_id)
                    visit = Visit(request=request, rights=rights, ledger=ledger, calendar=calendar, practice=practice)
                    return page(visit, **where)

        return answer

    return of_practice


def group_page(view: View = View.TRANSACTIONS) -> Callable[[Page], Page]:
    """A page of the group in its address, for who may see this at all of its practices. Everybody else is told what is
    told of a group that is not there."""

    def of_group(page: Page) -> Page:
        def answer(request: HttpRequest, organisation_id: str, **where: Any) -> HttpResponse:
            with console().pool.ledger() as ledger:
                rights = rights_of(ledger.connection, request.user)
                with console().pool.serving(ledger, rights.actor):
                    if organisation_id not in {each.organisation_id for each in groups_of(ledger, rights)}:
                        raise Http404
                    if not rights.may(view, None, organisation_id):
                        raise Http404
                    visit = Visit(request=request, rights=rights, ledger=ledger)
                    return page(visit, organisation_id=organisation_id, **where)

        return answer

    return of_group


def operators_page(page: Page) -> Page:
    """A page for who may see how every practice does; for everybody else it is not there."""

    def answer(request: HttpRequest, **where: Any) -> HttpResponse:
        with console().pool.ledger() as ledger:
            rights = rights_of(ledger.connection, request.user)
            if not rights.sees_health:
                raise Http404
            with console().pool.serving(ledger, rights.actor):
                return page(Visit(request=request, rights=rights, ledger=ledger), **where)

    return answer


def anybodys_page(page: Page) -> Page:
    """A page for every account that is signed in."""

    def answer(request: HttpRequest, **where: Any) -> HttpResponse:
        with console().pool.ledger() as ledger:
            rights = rights_of(ledger.connection, request.user)
            with console().pool.serving(ledger, rights.actor):
                return page(Visit(request=request, rights=rights, ledger=ledger), **where)

    return answer
