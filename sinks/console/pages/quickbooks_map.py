"""Map a company's accounts: proposed with reasons, with the very document that a payout would be; and a payout's
documents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.quickbooks.map_accounts import Mapped, MapWanted, map_accounts
from sinks.operations.quickbooks.mapping_form import account_fields, changes_of, field_names
from sinks.operations.quickbooks.preview import PayoutPreview, newest_payout, preview_payout
from sinks.operations.roles import Action, View
from sinks.operations.setup.settings_form import settings_form
from streams.runtime.errors import ConfigurationError, Transient, WritebackError

LONGEST: Final = 100


@practice_page(View.SETTINGS)
def map_quickbooks(visit: Visit) -> HttpResponse:
    """GET: what stands and what is proposed. POST `try`: what was chosen, with the document of the practice's newest
    payout by it; `save`, with a reason: it is stored."""
    if not visit.rights.may(Action.QUICKBOOKS_MAP, visit.practice_id):
        raise Http404
    asked = visit.request.POST
    typed = {name: str(asked[name]).strip()[:LONGEST] for name in field_names() if name in asked}
    why = str(asked.get("why") or "").strip()
    shown: dict[str, Any] = {"typed": typed, "why": why}
    try:
        with console().asking_other_systems():
            shown |= asyncio.run(_looked(visit, typed, why))
            if asked.get("step") == "save" and shown["complete"]:
                if why:
                    done = asyncio.run(_mapped(visit, typed, why, apply=True))
                    words = f" Documents that are due again: {done.released}." if done.released else ""
                    messages.success(visit.request, f"The accounts are mapped.{words}")
                    return redirect("quickbooks", practice_id=visit.practice_id)
                shown["wrong"] = "Say why: the reason is kept with your name."
    except (WritebackError, Transient) as error:
        shown["wrong"] = str(error)
    return visit.shown("quickbooks_map.html", status=422 if "wrong" in shown else 200, **shown)


async def _looked(visit: Visit, typed: dict[str, str], why: str) -> dict[str, Any]:
    """A mapping that cannot be is said, and the form shows what stands."""
    wrong: dict[str, Any] = {}
    try:
        mapped = await _mapped(visit, typed, why, apply=False)
    except ConfigurationError as error:
        wrong = {"wrong": str(error)}
        mapped = await _mapped(visit, {}, "", apply=False)
    fields = account_fields(mapped)
    complete = not wrong and mapped.config is not None and not any(each.problem for each in fields)
    payout = newest_payout(visit.ledger.connection, visit.practice_id)
    found = None
    if complete and payout is not None:
        found = await preview_payout(visit.ledger, console().settings, visit.practice_id, payout, mapped.config)
    return wrong | {
        "fields": fields,
        "mapped": mapped,
        "complete": complete,
        "payout": payout,
        "documents": _documents(found),
    }


async def _mapped(visit: Visit, typed: dict[str, str], why: str, *, apply: bool) -> Mapped:
    shared = console()
    form = settings_form(visit.ledger, visit.practice_id)
    wanted = MapWanted(
        practice_id=visit.practice_id,
        changes=changes_of(typed),
        currency="USD" if form is None else form.standing.currency,
    )
    order = visit.order(why, apply=apply)
    return await map_accounts(visit.ledger, shared.settings, wanted, shared.secrets.keys, order)


@practice_page(View.SETTINGS)
def quickbooks_document(visit: Visit, payout_id: str) -> HttpResponse:
    """Each document of a payout exactly as it went out, or would."""
    with console().asking_other_systems():
        found = asyncio.run(preview_payout(visit.ledger, console().settings, visit.practice_id, payout_id))
    return visit.shown("quickbooks_document.html", payout=payout_id, documents=_documents(found))


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document as a page shows it."""

    entry: str
    kind: str
    state: str
    sent: bool
    request: str
    body: str
    accounts: Sequence[str]
    """The accounts that it names, by number and name."""
    refused: str
    field: str


def _documents(found: PayoutPreview | None) -> list[Document]:
    if found is None:
        return []
    return [
        Document(
            entry=each.entry,
            kind=each.entry_kind,
            state=each.state.value,
            sent=each.sent,
            request=f"{each.method or ''} {each.path or ''}".strip(),
            body="" if each.body is None else msgspec.json.format(each.body, indent=2).decode(),
            accounts=[
                f"{number}: {name}"
                for number, name in sorted(found.account_names.items())
                if each.body is not None and f'"value":"{number}"' in each.body.decode()
            ],
            refused=each.refused_reason or "",
            field=each.refused_field or "",
        )
        for each in found.documents
    ]
