"""Audit trail: what people did at a practice, for who may see that there."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.utils.http import urlencode

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries.audit_search import TrailWanted, search_trail
from sinks.operations.roles import Action, View
from sinks.operations.sign_in_trail import SignIn

MOST: Final = 50
LONGEST: Final = 200


@practice_page(View.AUDIT)
def audit(visit: Visit) -> HttpResponse:
    """Who read it is kept, in another trail."""
    asked = visit.request.GET
    since, until = _day(asked.get("since")), _day(asked.get("until"))
    words = {name: (asked.get(name) or "")[:LONGEST].strip() for name in ("action", "actor", "about")}
    before = asked.get("before") or ""
    wanted = TrailWanted(
        trail=visit.practice_id,
        since=_begin(visit, since),
        until=_begin(visit, until + timedelta(days=1) if until and until < date.max else until),
        before=int(before) if before.isdecimal() and len(before) < LONGEST // 11 else None,
        most=MOST,
        **words,
    )
    found = search_trail(visit.ledger, wanted, visit.rights.actor)
    console().note_sign_in(SignIn.READ_TRAIL, visit.rights.name, subject=visit.practice_id)
    kept = {name: value for name, value in words.items() if value}
    kept |= {name: day.isoformat() for name, day in (("since", since), ("until", until)) if day}
    further = f"?{urlencode(kept | {'before': found.further})}" if found.further else ""
    values: dict[str, Any] = {"since": since, "until": until, **words}
    return visit.shown("audit.html", found=found, further=further, actions=sorted(Action), **values)


def _day(text: str | None) -> date | None:
    """None for what is no day: the field of a browser sends nothing else."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _begin(visit: Visit, day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), tzinfo=visit.zone)
