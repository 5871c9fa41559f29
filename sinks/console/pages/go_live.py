"""Go live: the checklist, the test post with its reversal, and the master switch."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.acting import Order
from sinks.operations.actions.golive import GoliveCheck
from sinks.operations.actions.golive_checklist import Checklist
from sinks.operations.actions.practices import entitle_practice
from sinks.operations.open_targets import adapter_context
from sinks.operations.queries.settings_views import view_settings
from sinks.operations.roles import Action, View
from streams.runtime.errors import Transient, WritebackError

LONGEST: Final = 100


@practice_page(View.SETTINGS)
def go_live(visit: Visit) -> HttpResponse:
    """GET: where the practice stands. POST `look`: the checklist, nothing is written anywhere; `post`, with a reason:
    the test post and what takes it back; `entitle`: for who runs Writeback."""
    asked = visit.request.POST
    said = {name: str(asked.get(name) or "").strip()[:LONGEST] for name in ("patient", "again", "switch_on")}
    why, step = str(asked.get("why") or "").strip(), asked.get("step")
    shown: dict[str, Any] = {}
    try:
        if step in ("post", "entitle") and not why:
            shown["wrong"] = "Say why: the reason is kept with your name."
        elif step == "entitle":
            entitle_practice(visit.ledger, visit.practice_id, visit.order(why, apply=True))
            messages.success(visit.request, "The practice is entitled to write-back.")
            return redirect("go_live", practice_id=visit.practice_id)
        elif step in ("look", "post"):
            with console().asking_other_systems():
                order = visit.order(why, apply=step == "post")
                shown["done"], shown["posted"] = asyncio.run(_check(visit, said, order)), step == "post"
    except (WritebackError, Transient) as error:
        shown["wrong"] = str(error)
    return visit.shown(
        "go_live.html",
        status=422 if "wrong" in shown else 200,
        view=view_settings(visit.ledger, visit.practice_id),
        said=said | ({} if visit.request.method == "POST" else {"switch_on": "on"}),
        why=why,
        proves=visit.rights.may(Action.GOLIVE_CHECK, visit.practice_id),
        entitles=visit.rights.may(Action.PRACTICE_ENTITLE, visit.practice_id),
        **shown,
    )


async def _check(visit: Visit, said: dict[str, str], order: Order) -> Checklist:
    context = adapter_context(console().settings, "golive")
    checking = GoliveCheck(visit.ledger, visit.practice_id, context, order)
    return await checking.run(said["patient"] or None, again=bool(said["again"]), switch_on=bool(said["switch_on"]))
