"""Connect the practice's system: credentials once, then each field of the mapping from what the system itself lists."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.acting import Order
from sinks.operations.actions.describe_target import describe_target
from sinks.operations.queries.connections import test_connection
from sinks.operations.roles import Action, View
from sinks.operations.setup.connection_draft import form_of, keep_draft
from sinks.operations.setup.mapping_form import MappingForm, mapping_form, save_mapping
from streams.runtime.errors import ConfigurationError, Transient, WritebackError

LONGEST: Final = 2_000
BEGIN: Final = "to connect the practice's system"


def _asked(visit: Visit) -> dict[str, str]:
    return {name: str(value).strip()[:LONGEST] for name, value in visit.request.POST.items()}


def _may(visit: Visit) -> None:
    if not visit.rights.may(Action.CONNECTION_SAVE, visit.practice_id):
        raise Http404


@practice_page(View.SETTINGS)
def connect(visit: Visit, system: str) -> HttpResponse:
    """GET: the form. POST: what was typed is checked and kept sealed; a refusal shows all but the credentials again."""
    _may(visit)
    try:
        route, form = form_of(system)
    except ConfigurationError:
        raise Http404 from None
    typed, wrong = _asked(visit), ""
    if visit.request.method == "POST":
        order = visit.order(BEGIN, apply=True)
        address = typed.get("base_url") or None
        shared = console()
        try:
            keep_draft(
                visit.ledger,
                shared.settings,
                shared.secrets.keys,
                visit.practice_id,
                system,
                typed,
                order,
                base_url=address,
            )
            return redirect("map_system", practice_id=visit.practice_id, system=system)
        except ConfigurationError as error:
            wrong = str(error).replace("base_url", "address", 1)
    secret = {each.name for each in form.credentials}
    return visit.shown(
        "connect.html",
        status=422 if wrong else 200,
        route=route,
        form=form,
        typed={name: value for name, value in typed.items() if name not in secret},
        wrong=wrong,
    )


@practice_page(View.SETTINGS)
def map_system(visit: Visit, system: str) -> HttpResponse:
    """GET: each field with what can be chosen, read from the system. POST `try`: what saving would do; `save`, with a
    reason: it is stored, the system says what it can do, and the connection is tested."""
    _may(visit)
    typed = _asked(visit)
    why = typed.get("why", "")
    shown: dict[str, Any] = {"typed": typed, "why": why, "system": system}
    try:
        with console().asking_other_systems():
            form = asyncio.run(_form(visit, system))
    except (WritebackError, Transient) as error:
        return visit.shown("map.html", status=422, form=None, wrong=str(error), **shown)
    if visit.request.method == "POST":
        chosen = {each.name: typed[each.name] for each in form.fields if each.name in typed}
        chosen |= {each.name: typed[each.name] for each, _ in form.also if each.name in typed}
        account = {f"{which}_account": typed.get("account") == which for which in ("same", "other")}
        try:
            shown["preview"] = _save(visit, system, chosen, visit.order(why), account)
            if typed.get("step") == "save":
                if why:
                    return _saved(visit, system, chosen, visit.order(why, apply=True), account)
                shown["wrong"] = "Say why: the reason is kept with your name."
        except ConfigurationError as error:
            shown["wrong"] = str(error)
    return visit.shown("map.html", status=422 if "wrong" in shown else 200, form=form, **shown)


async def _form(visit: Visit, system: str) -> MappingForm:
    shared = console()
    return await mapping_form(
        visit.ledger, shared.settings, shared.secrets.keys, visit.practice_id, system, visit.order()
    )


def _save(visit: Visit, system: str, chosen: dict[str, str], order: Order, account: dict[str, bool]) -> Any:
    """On a connection that sees every practice: whether another one already uses the account is asked of all."""
    shared = console()
    with shared.pool.ledger() as own:
        return save_mapping(
            own, shared.settings, shared.secrets.keys, visit.practice_id, system, chosen, order, **account
        )


def _saved(visit: Visit, system: str, chosen: dict[str, str], order: Order, account: dict[str, bool]) -> HttpResponse:
    _save(visit, system, chosen, order, account)
    messages.success(visit.request, "The connection is stored.")
    try:
        with console().asking_other_systems():
            asyncio.run(_proven(visit, system, order))
    except (WritebackError, Transient) as error:
        messages.warning(visit.request, f"It could not be tested: {error}. Test it again below.")
    return redirect("integrations", practice_id=visit.practice_id)


async def _proven(visit: Visit, system: str, order: Order) -> None:
    settings = console().settings
    await describe_target(visit.ledger, settings, visit.practice_id, system, order)
    report = await test_connection(visit.ledger, settings, visit.practice_id, system)
    if report.ok:
        messages.success(visit.request, "It was tested: the system answers and has everything that was chosen.")
    for what, passed, advice in report.checks:
        if not passed:
            messages.error(visit.request, f"{what}: {advice}")
