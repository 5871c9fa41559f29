"""Users of a practice: who has which role, added, given, taken and removed; sign-in given and reset."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.accounts import Accounts, Given
from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.acting import Order
from sinks.operations.actions.practice_staff import add_staff, remove_staff
from sinks.operations.actions.sign_in_account import SignInChange, order_sign_in
from sinks.operations.actions.users import Where, change_roles
from sinks.operations.queries.users import list_users
from sinks.operations.role_words import ROLE_WORDS
from sinks.operations.roles import Action, Role, View, may_be_given, role_named
from streams.runtime.errors import ConfigurationError, Permanent

FIELDS: Final = ("name", "full_name", "email", "role", "why", "step")
LONGEST: Final = 200


@practice_page(View.USERS)
def users(visit: Visit) -> HttpResponse:
    """GET: who may do what here. POST, each with a reason: `add`, `give`, `take`, `remove`, `sign_in`, `reset`. A
    password is on the page that answers, once, and nowhere else."""
    asked = visit.request.POST
    said = {name: str(asked.get(name) or "").strip()[:LONGEST] for name in FIELDS}
    shown: dict[str, Any] = {}
    try:
        if said["step"] and not said["why"]:
            shown["wrong"] = "Say why: the reason is kept with your name."
        elif said["step"]:
            shown["given"] = _done(visit, said, [str(each) for each in asked.getlist("roles")])
            if shown["given"] is None:
                return redirect("users", practice_id=visit.practice_id)
    except (ConfigurationError, Permanent) as error:
        shown["wrong"] = str(error)
    found = list_users(visit.ledger.connection, visit.practice_id)
    accounts = {each.name: each for each in Accounts(None).listed([each.user.name for each in found])}
    administers = visit.rights.may(Action.USER_GRANT, visit.practice_id)
    return visit.shown(
        "users.html",
        status=422 if "wrong" in shown else 200,
        found=[(each, accounts.get(each.user.name)) for each in found],
        said=said if "wrong" in shown else {},
        roles=[(each, ROLE_WORDS[each]) for each in may_be_given(visit.rights.actor.grants, visit.practice_id)],
        words=ROLE_WORDS,
        administers=administers,
        **shown,
    )


def _done(visit: Visit, said: dict[str, str], roles: list[str]) -> Given | None:
    """What was handed over, where something was."""
    order, practice_id, name = visit.order(said["why"], apply=True), visit.practice_id, said["name"]
    match said["step"]:
        case "add":
            return _add(visit, said, [role_named(each) for each in roles], order)
        case "give" | "take":
            role = [role_named(said["role"])]
            changed = {"give": role} if said["step"] == "give" else {"take": role}
            signs_in = bool(Accounts(None).listed([name]))
            change_roles(visit.ledger, name, Where(practice_id=practice_id), order, signs_in=signs_in, **changed)
            messages.success(visit.request, f"The roles of {name} are changed.")
        case "remove":
            remove_staff(visit.ledger, practice_id, name, order)
            messages.success(visit.request, f"{name} may do nothing here any more. What they did stays.")
        case "sign_in":
            return _sign_in(visit, SignInChange.ADDED, said)
        case "reset":
            return _sign_in(visit, SignInChange.RESET, said)
        case _:
            raise ConfigurationError("this page does no such thing")
    return None


def _add(visit: Visit, said: dict[str, str], roles: list[Role], order: Order) -> Given | None:
    """That a person became known stands in the trail of the whole ledger, which the practice's connection never adds
    to. Who works elsewhere too may have a role here, and not be given a password by who administers this practice."""
    name, details = said["name"], (said["full_name"] or None, said["email"] or None)
    signs_in = bool(Accounts(None).listed([name]))
    with console().pool.ledger() as own:
        add_staff(own, visit.practice_id, name, roles, order, *details, signs_in=signs_in)
    if signs_in:
        messages.success(visit.request, f"{name} has the role, and signs in as before.")
        return None
    try:
        return _sign_in(visit, SignInChange.ADDED, said)
    except Permanent as error:
        messages.warning(visit.request, f"{name} has the role, and no way to sign in yet: {error}.")
        return None


def _sign_in(visit: Visit, change: SignInChange, said: dict[str, str]) -> Given:
    """Kept first that it was ordered, in the trail of sign-ins; then done."""
    order, accounts = visit.order(said["why"], apply=True), Accounts(None)
    do = accounts.add if change is SignInChange.ADDED else accounts.reset
    do(said["name"], apply=False)
    with console().pool.ledger() as own:
        order_sign_in(own, change, said["name"], order, visit.practice_id)
    return do(said["name"], apply=True)
