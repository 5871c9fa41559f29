"""Groups of practices: the values that their practices inherit, which of them are locked, and changing that."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from sinks.console.visit import Visit, anybodys_page
from sinks.operations.acting import Order
from sinks.operations.actions.organisations import GroupChange, lock_values, set_values, unlock_values
from sinks.operations.queries.organisations import list_organisations, view_organisation
from sinks.operations.roles import Action
from sinks.operations.setup.settings_words import value_words
from streams.runtime.errors import ConfigurationError

MOST: Final = 200
"""Changes of practices that a preview lists; more are counted."""


class Deed(StrEnum):
    """What is done to one setting of the group."""

    SET = "set"
    UNSET = "unset"
    LOCK = "lock"
    UNLOCK = "unlock"


_ACTIONS: Final = {
    Deed.SET: Action.ORGANISATION_SET,
    Deed.UNSET: Action.ORGANISATION_SET,
    Deed.LOCK: Action.ORGANISATION_LOCK,
    Deed.UNLOCK: Action.ORGANISATION_UNLOCK,
}


class ShownChange(msgspec.Struct, frozen=True):
    """One setting of one practice, as people read it."""

    practice_id: str
    field: str
    was: str
    becomes: str
    problem: str


@anybodys_page
def organisations(visit: Visit) -> HttpResponse:
    found = [
        each for each in list_organisations(visit.ledger.connection) if visit.rights.may_see_group(each.organisation_id)
    ]
    return visit.shown("organisations.html", groups=found)


@anybodys_page
def organisation(visit: Visit, organisation_id: str) -> HttpResponse:
    """GET: the group. POST: what a change would do at each practice; with a reason, and as it was shown, that."""
    if not visit.rights.may_see_group(organisation_id):
        raise Http404
    try:
        group = view_organisation(visit.ledger, organisation_id)
    except ConfigurationError:
        raise Http404 from None
    values = [(name, value_words(name, value), name in group.locked) for name, value in sorted(group.fields.items())]
    values += [(name, "each practice's own", True) for name in group.locked if name not in group.fields]
    may = {deed.value for deed, action in _ACTIONS.items() if visit.rights.may_at_group(action, organisation_id)}
    page: dict[str, Any] = {"group": group, "values": values, "may": may}
    if visit.request.method != "POST":
        return visit.shown("organisation.html", **page)
    said = {name: (visit.request.POST.get(name) or "").strip() for name in ("deed", "field", "value", "why", "seen")}
    if said["deed"] not in may:
        raise Http404
    changes: Sequence[GroupChange] = ()
    wrong = seen = ""
    try:
        changes = _do(visit, organisation_id, said, visit.order(said["why"]))
        seen = sha256(msgspec.json.encode((said["deed"], said["field"], said["value"], changes))).hexdigest()[:32]
        if said["seen"] == seen and said["why"]:
            _do(visit, organisation_id, said, visit.order(said["why"], apply=True))
            messages.success(visit.request, f"{said['field']} is changed for the practices of {group.called}.")
            return redirect("organisation", organisation_id=organisation_id)
        if said["seen"]:
            wrong = (
                "Say why: the reason is kept with your name."
                if said["seen"] == seen
                else "Look at what would happen now."
            )
    except ConfigurationError as error:
        wrong = str(error)
    lines = _lines(changes)
    preview: dict[str, Any] = {
        "said": said,
        "seen": seen,
        "wrong": wrong,
        "lines": lines[:MOST],
        "more": max(0, len(lines) - MOST),
    }
    return visit.shown("organisation.html", status=422 if wrong else 200, **page, **preview)


def _do(visit: Visit, group: str, said: dict[str, str], order: Order) -> Sequence[GroupChange]:
    field, ledger = said["field"], visit.ledger
    match Deed(said["deed"]):
        case Deed.SET:
            return set_values(ledger, group, [f"{field}={said['value']}"], (), order)
        case Deed.UNSET:
            return set_values(ledger, group, (), [field], order)
        case Deed.LOCK:
            return lock_values(ledger, group, [field], order)
        case Deed.UNLOCK:
            return unlock_values(ledger, group, [field], order)


def _lines(changes: Sequence[GroupChange]) -> list[ShownChange]:
    return [
        ShownChange(
            change.practice_id,
            each.field,
            value_words(each.field, each.before),
            value_words(each.field, each.after),
            change.problem or "",
        )
        for change in changes
        for each in change.differences
    ]
