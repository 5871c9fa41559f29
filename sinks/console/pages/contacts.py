"""Who is told: the practice's contacts with their channels, roles, quiet hours and escalation."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.actions.contacts import SecretAddress, remove_contact_of, set_contact
from sinks.operations.contact_form import CHANNELS, PREFERENCES, ShownContact, contact_shown, owner_of, wishes_typed
from sinks.operations.queries.contacts import list_contacts
from sinks.operations.roles import Action, View
from streams.runtime.errors import ConfigurationError

LONGEST: Final = 2_000
DIGITS: Final = 6
WORDS: Final = ("address", "channel", "name", "quiet", "zone", "escalate_after", "why", "step", "url", *PREFERENCES)


@practice_page(View.NOTICES)
def contacts(visit: Visit) -> HttpResponse:
    """GET: who is told; `?of=N` has the form filled with that contact. POST `set` and `remove`, each with a reason."""
    asked = visit.request.POST
    said: dict[str, Any] = {name: str(asked.get(name) or "").strip()[:LONGEST] for name in WORDS}
    said |= {"roles": asked.getlist("role"), "digest": asked.get("digest") == "on"}
    wrong = ""
    try:
        if said["step"] and not said["why"]:
            wrong = "Say why: the reason is kept with your name."
        elif said["step"] == "set":
            return _set(visit, said)
        elif said["step"] == "remove":
            order = visit.order(said["why"], apply=True)
            remove_contact_of(visit.ledger, owner_of(visit.practice_id), said["address"], order)
            messages.success(visit.request, "The contact is removed. What it was told stays.")
            return redirect("contacts", practice_id=visit.practice_id)
    except ConfigurationError as error:
        wrong = str(error)
    return _page(visit, said, wrong)


def _page(visit: Visit, said: dict[str, Any], wrong: str) -> HttpResponse:
    found = [contact_shown(each) for each in list_contacts(visit.ledger, owner_of(visit.practice_id))]
    return visit.shown(
        "contacts.html",
        status=422 if wrong else 200,
        found=found,
        chosen=_chosen(visit, found, said if wrong else None),
        channels=CHANNELS.items(),
        preferences=PREFERENCES.items(),
        wrong=wrong,
        why=said["why"],
        sets=visit.rights.may(Action.CONTACT_SET, visit.practice_id),
        removes=visit.rights.may(Action.CONTACT_REMOVE, visit.practice_id),
    )


def _chosen(visit: Visit, found: list[ShownContact], said: dict[str, Any] | None) -> dict[str, Any]:
    """What the form holds: what somebody typed, a contact, or what a new one begins with."""
    if said is not None:
        return said
    number = visit.request.GET.get("of") or ""
    own = [each for each in found if each.own]
    if number.isascii() and number.isdecimal() and len(number) <= DIGITS and int(number) < len(own):
        return own[int(number)].typed()
    return {"roles": [], "digest": True, "channel": "email"}


def _set(visit: Visit, said: dict[str, Any]) -> HttpResponse:
    shared = console()
    secret = None
    if said["url"]:
        secret = SecretAddress(url=said["url"], keys=shared.secrets.keys, loopback=shared.settings.notice_loopback)
    order = visit.order(said["why"], apply=True)
    done = set_contact(
        visit.ledger,
        owner_of(visit.practice_id),
        said["address"],
        said["channel"] or None,
        wishes_typed(said),
        order,
        secret,
    )
    if done.signing_key is None:
        messages.success(visit.request, "The contact is kept.")
        return redirect("contacts", practice_id=visit.practice_id)
    return visit.shown("signing_key.html", key=done.signing_key, address=said["address"])
