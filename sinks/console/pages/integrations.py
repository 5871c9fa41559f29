"""Integrations: which system the practice uses, what is connected, and how it is connected, tested and proven."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.actions.connect_target import ConnectionWanted, connect_target
from sinks.operations.actions.practice_details import change_details
from sinks.operations.queries.connections import test_connection
from sinks.operations.queries.settings_views import view_settings
from sinks.operations.queries.sync_status import sync_status
from sinks.operations.queries.systems import route_name, show_practice, shown_systems
from sinks.operations.quickbooks.status import QuickBooksStatus, quickbooks_status
from sinks.operations.roles import Action, View
from sinks.operations.setup.connection_draft import form_of
from streams.runtime.errors import ConfigurationError, Transient, WritebackError

LONGEST: Final = 100
BY_HAND: Final = "worklist"


@practice_page(View.SETTINGS)
def integrations(visit: Visit) -> HttpResponse:
    """GET: what is connected. POST `system`: which one the practice uses; `by_hand`: people enter everything; `test`:
    a connection and its mapping are proven at the system, and nothing is posted."""
    asked = visit.request.POST
    said = {name: str(asked.get(name) or "").strip()[:LONGEST] for name in ("system", "system_name", "why", "route")}
    shown: dict[str, Any] = {}
    try:
        match asked.get("step"):
            case "system":
                return _uses(visit, said)
            case "by_hand":
                return _by_hand(visit, said["why"])
            case "test":
                with console().asking_other_systems():
                    reading = test_connection(visit.ledger, console().settings, visit.practice_id, said["route"])
                    shown["report"], shown["tested"] = asyncio.run(reading), said["route"]
    except (WritebackError, Transient) as error:
        shown["wrong"] = str(error)
    return _page(visit, said, shown)


def _page(visit: Visit, said: dict[str, str], shown: dict[str, Any]) -> HttpResponse:
    found = show_practice(visit.ledger, visit.practice_id)
    pms = next((each for each in found.connections if each.target == "PMS"), None)
    view = view_settings(visit.ledger, visit.practice_id)
    return visit.shown(
        "integrations.html",
        status=422 if "wrong" in shown else 200,
        found=found,
        pms=pms,
        maps=pms is not None and _has_form(pms.route),
        serving=None if pms is None else route_name(pms.route),
        routes=[]
        if found.system is None
        else [(each, route_name(each)) for each in found.system.served_by if _has_form(each)],
        systems=shown_systems(),
        said=said,
        reads=sync_status(visit.ledger, visit.practice_id, 1),
        quickbooks=_quickbooks(visit),
        passed=view.golive_passed,
        master=view.in_force is not None and view.in_force.settings.master,
        changes=visit.rights.may(Action.PRACTICE_SET, visit.practice_id),
        connects=visit.rights.may(Action.CONNECTION_SAVE, visit.practice_id),
        proves=visit.rights.may(Action.GOLIVE_CHECK, visit.practice_id),
        **shown,
    )


def _has_form(route: str) -> bool:
    try:
        form_of(route)
    except ConfigurationError:
        return False
    return True


def _quickbooks(visit: Visit) -> QuickBooksStatus | None:
    """None where no company was ever connected."""
    try:
        return quickbooks_status(visit.ledger, visit.practice_id, console().secrets.keys)
    except ConfigurationError:
        return None


def _uses(visit: Visit, said: dict[str, str]) -> HttpResponse:
    order = visit.order(said["why"] or "chosen in the console", apply=True)
    done = change_details(
        visit.ledger,
        visit.practice_id,
        order,
        system=said["system"],
        system_name=said["system_name"] or None,
    )
    if done.after.system_name:
        words = (
            f"{done.after.system_name} is asked for: whoever runs Writeback sees who wants it. Until it is listed, the "
            "work list serves you."
        )
    else:
        words = "Kept. Connect it below."
    messages.success(visit.request, words)
    return redirect("integrations", practice_id=visit.practice_id)


def _by_hand(visit: Visit, why: str) -> HttpResponse:
    """No program posts: there is nothing to type."""
    if not why:
        raise ConfigurationError("say why: the reason is kept with your name")
    wanted = ConnectionWanted(
        practice_id=visit.practice_id, system=BY_HAND, base_url=None, config=b"{}", secret=None, same_account=False
    )
    connect_target(visit.ledger, wanted, console().secrets.keys, visit.order(why, apply=True))
    messages.success(visit.request, "People enter everything from the work list now.")
    return redirect("integrations", practice_id=visit.practice_id)
