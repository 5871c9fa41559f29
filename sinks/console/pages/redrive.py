"""Redrive: what of the dead letters would go on its way again, then, with a reason, that."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, operators_page
from sinks.operations.actions.redrive import redrive as redrive_planned
from sinks.operations.actions.redrive_plan import Fate, plan_redrive
from sinks.operations.actions.republish import Republisher
from sinks.operations.queries.dead_letters import DeadWanted
from streams.runtime.errors import ConfigurationError
from streams.runtime.lifecycle import Stop

MOST: Final = 100
"""Of one go: a person waits for the answer."""
PER_SECOND: Final = 50.0


@operators_page
def redrive(visit: Visit) -> HttpResponse:
    asked = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    chosen = {name: str(asked.get(name) or "").strip() or None for name in ("practice", "reason", "target")}
    if not any(chosen.values()):
        raise ConfigurationError("choose what to redrive: a practice, a reason or a system")
    wanted = DeadWanted(practice_id=chosen["practice"], reason=chosen["reason"], target=chosen["target"], most=MOST)
    planned = plan_redrive(visit.ledger.connection, wanted)
    why = str(asked.get("why") or "").strip()
    wrong = ""
    if visit.request.method == "POST":
        if why:
            order = visit.order(why, apply=True)
            republisher = Republisher(console().settings)
            done = redrive_planned(visit.ledger, planned, republisher, order, per_second=PER_SECOND, stop=Stop())
            if done is not None:
                messages.success(
                    visit.request,
                    f"{done.released} entries are due again, {done.republished} records were sent again, "
                    f"{done.refused} refused, {done.gone} were no longer dead.",
                )
            return redirect("operations")
        wrong = "Say why: the reason is kept with your name."
    counts = [(fate, len(planned.of(fate))) for fate in Fate]
    return visit.shown(
        "redrive.html", status=422 if wrong else 200, planned=planned, counts=counts, chosen=chosen, wrong=wrong
    )
