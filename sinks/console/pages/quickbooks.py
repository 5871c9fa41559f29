"""QuickBooks: connect a company, see how it stands, disconnect it. The same service as the command line's."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from sinks.console.process import console
from sinks.console.visit import Visit, anybodys_page, practice_page
from sinks.operations.quickbooks.begin_connect import ConnectBegun, ConnectWanted, begin_connect
from sinks.operations.quickbooks.disconnect import disconnect_quickbooks
from sinks.operations.quickbooks.finish_connect import finish_connect
from sinks.operations.quickbooks.status import QuickBooksStatus, quickbooks_status
from sinks.operations.roles import Action, View
from sinks.operations.setup.connection_draft import refuse_this_machine
from streams.runtime.errors import ConfigurationError, Transient, WritebackError

LONGEST: Final = 500
BEGUN: Final = "console_quickbooks"
"""In the session of who began: for which practice, why, and whether another company may be meant."""


@practice_page(View.SETTINGS)
def quickbooks(visit: Visit) -> HttpResponse:
    """GET: how it stands. POST `connect`, with a reason: where to go on; `disconnect`: what would happen; `end`, with a
    reason: the access ends."""
    asked = visit.request.POST
    why, step = str(asked.get("why") or "").strip(), asked.get("step")
    shown: dict[str, Any] = {}
    try:
        if step in ("connect", "end") and not why:
            shown["wrong"] = "Say why: the reason is kept with your name."
        elif step == "connect":
            shown["begun"] = _begin(visit, why)
        elif step == "disconnect":
            shown["ends"] = asyncio.run(
                disconnect_quickbooks(visit.ledger, console().settings, visit.practice_id, visit.order())
            )
        elif step == "end":
            return _end(visit, why)
    except (WritebackError, Transient) as error:
        shown["wrong"] = str(error)
    return visit.shown(
        "quickbooks.html",
        status=422 if "wrong" in shown else 200,
        found=_status(visit),
        callback=_callback(visit),
        why=why,
        connects=visit.rights.may(Action.QUICKBOOKS_CONNECT, visit.practice_id),
        maps=visit.rights.may(Action.QUICKBOOKS_MAP, visit.practice_id),
        disconnects=visit.rights.may(Action.QUICKBOOKS_DISCONNECT, visit.practice_id),
        base_url=str(asked.get("base_url") or ""),
        **shown,
    )


@anybodys_page
def quickbooks_callback(visit: Visit) -> HttpResponse:
    """Where QuickBooks sends the browser back to: the answer is exchanged once, and leaves the address at once.

    On a connection that sees every practice: whether another one uses the company decides what is refused and ended.
    """
    begun = visit.request.session.pop(BEGUN, None)
    if not isinstance(begun, dict):
        raise Http404
    practice_id = str(begun["practice_id"])
    order = visit.order(str(begun["why"]), apply=True)
    try:
        with console().asking_other_systems(), console().pool.ledger() as own:
            done = asyncio.run(
                finish_connect(
                    own,
                    practice_id,
                    visit.request.META.get("QUERY_STRING", ""),
                    console().secrets.keys,
                    order,
                    other_company=bool(begun["other_company"]),
                )
            )
    except (WritebackError, Transient) as error:
        messages.error(visit.request, str(error))
        return redirect("quickbooks", practice_id=practice_id)
    messages.success(visit.request, f"Connected to {done.company_name or done.realm_id}.")
    if done.replaced is not None:
        messages.warning(visit.request, "It is another company than before: what was written there stays there.")
    return redirect("quickbooks" if done.mapped else "map_quickbooks", practice_id=practice_id)


def _begin(visit: Visit, why: str) -> ConnectBegun:
    """Kept in the session, so that the answer's address needs to name no practice."""
    asked, shared = visit.request.POST, console()
    client = {name: str(asked.get(name) or "").strip()[:LONGEST] for name in ("client_id", "client_secret")}
    base_url = str(asked.get("base_url") or "").strip()[:LONGEST] or None
    refuse_this_machine(shared.settings, base_url)
    wanted = ConnectWanted(
        practice_id=visit.practice_id,
        base_url=base_url,
        client=msgspec.json.encode(client) if any(client.values()) else None,
        redirect_uri=_callback(visit),
    )
    with shared.asking_other_systems():
        begun = asyncio.run(
            begin_connect(visit.ledger, shared.settings, wanted, shared.secrets.keys, visit.order(why, apply=True))
        )
    visit.request.session[BEGUN] = {
        "practice_id": visit.practice_id,
        "why": why,
        "other_company": asked.get("other_company") == "on",
    }
    return begun


def _callback(visit: Visit) -> str:
    """The console's own address, as the app has to have it registered."""
    path = reverse("quickbooks_callback")
    public = console().settings.console_url
    return f"{public}{path}" if public else str(visit.request.build_absolute_uri(path))


def _status(visit: Visit) -> QuickBooksStatus | None:
    """None where no company was ever connected."""
    try:
        return quickbooks_status(visit.ledger, visit.practice_id, console().secrets.keys)
    except ConfigurationError:
        return None


def _end(visit: Visit, why: str) -> HttpResponse:
    with console().asking_other_systems():
        ending = disconnect_quickbooks(
            visit.ledger, console().settings, visit.practice_id, visit.order(why, apply=True)
        )
        done = asyncio.run(ending)
    messages.success(visit.request, f"Disconnected from {done.company_name or done.realm_id}. What was written stays.")
    return redirect("quickbooks", practice_id=visit.practice_id)
