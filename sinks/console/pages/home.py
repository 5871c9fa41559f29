"""Where somebody begins: the one practice that they have, or the list of those that they may open."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.actors import groups_of, practices_of
from sinks.console.visit import Visit, anybodys_page
from sinks.operations.roles import Action

MOST: Final = 1_000


@anybodys_page
def home(visit: Visit) -> HttpResponse:
    practices = practices_of(visit.ledger, visit.rights, MOST)
    if len(practices) == 1 and not visit.rights.sees_health:
        return redirect("to_do", practice_id=practices[0].practice_id)
    return visit.shown(
        "home.html",
        practices=practices,
        groups=groups_of(visit.ledger, visit.rights),
        most=MOST,
        adds=visit.rights.may(Action.PRACTICE_ADD),
    )
