"""Credentials that somebody has typed and whose mapping is not chosen yet: kept sealed, for an hour, until the lists of
the system were read with them (S-1, S-6)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from sinks.ledger.practices.connect_attempts import begin_attempt, end_attempt, forget_ended, pending_attempt
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.actions.connect_target import refuse_other_system
from sinks.operations.ledger import Ledger
from sinks.targets.catalogue import route_named
from sinks.targets.connect_form import AskedField, ConnectForm
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from sinks.targets.route import Route
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback
from streams.runtime.times import Profile
from streams.settings import ProgramSettings

DRAFT_S: Final = 3600
"""How long a person has to choose the mapping."""
ENVELOPE: Final = "target/draft"
"""What a draft is sealed for: no connection's secrets open it."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed. Never printed."""

    base_url: str | None
    where: dict[str, Any]
    secret: bytes

    def __repr__(self) -> str:
        return "Draft(…)"


def form_of(system: str) -> tuple[Route, ConnectForm]:
    """What a screen asks of a route. Raises ConfigurationError for one that is unknown, or connected in another way."""
    route = route_named(system)
    if route.form is None:
        raise ConfigurationError(f"{route.system} is not connected by credentials")
    return route, route.form


def keep_draft(
    ledger: Ledger,
    settings: ProgramSettings,
    keys: KeyRing,
    practice_id: str,
    system: str,
    typed: Mapping[str, str],
    order: Order,
    *,
    base_url: str | None = None,
) -> None:
    """Check what was typed and keep it, sealed; calls no target. `typed`: credentials and `where` by their names. A
    preview keeps nothing. Blocks.

    Raises ConfigurationError that names a field and never its value, and as `acting`.
    """
    authorise(order, Action.CONNECTION_SAVE, practice_id)
    route, form = form_of(system)
    where = read_fields(form.where, typed)
    missing = [each.label for each in form.credentials if each.needed and not typed.get(each.name)]
    if missing:
        raise ConfigurationError(f"{missing[0]}: it is needed to connect {route.system}")
    credentials = {each.name: typed.get(each.name, "") for each in form.credentials}
    secret = msgspec.json.encode(form.secret(credentials))
    refuse_this_machine(settings, base_url)
    refuse_other_system(ledger, practice_id, route)
    checked_input(
        practice_id,
        route,
        base_url=base_url,
        config=msgspec.json.encode({**form.unmapped, **where}),
        secret=secret,
        keys=keys,
        known_fingerprint=None,
        connector_hosts=settings.connector_host_names(),
    )
    draft = msgspec.json.encode(Draft(base_url=base_url, where=where, secret=secret))
    with acting(ledger, order, Action.CONNECTION_SAVE, practice_id) as act:
        begin_attempt(
            act.unit,
            route=route.name,
            digest=sha256(secrets.token_bytes(32)).digest(),
            attempt=keys.seal(practice_id, ENVELOPE, draft),
            actor=order.actor.name,
            for_s=DRAFT_S,
        )
        act.audit(subject=route.name, after={"credentials": "typed, not stored yet"}, action="target.draft")


def refuse_this_machine(settings: ProgramSettings, base_url: str | None) -> None:
    """Whoever sets a practice up in a browser does not make the program call services of its own machine: those are
    reached from the command line (S-7). Raises ConfigurationError but in a rehearsal. Pure."""
    if base_url and is_loopback(base_url) and settings.profile is not Profile.SANDBOX:
        raise ConfigurationError("address: a service on Writeback's own machine is connected by whoever runs Writeback")


def draft_of(ledger: Ledger, keys: KeyRing, practice_id: str, route: Route, order: Order) -> Draft | None:
    """What is kept of the practice for this route; None where nothing is, or it is too old. Blocks for the practice's
    lock. Raises as `acting`."""
    preview = msgspec.structs.replace(order, apply=False)
    with acting(ledger, preview, Action.CONNECTION_SAVE, practice_id) as act:
        pending = pending_attempt(act.unit, route.name)
    if pending is None:
        return None
    return msgspec.json.decode(keys.open(practice_id, ENVELOPE, pending.attempt), type=Draft)


def forget_draft(ledger: Ledger, practice_id: str, route: Route, order: Order) -> None:
    """It is stored with its mapping now. Blocks for the practice's lock."""
    with acting(ledger, order, Action.CONNECTION_SAVE, practice_id) as act:
        end_attempt(act.unit, route.name)


def forget_unfinished(ledger: Ledger) -> None:
    """Of every practice that the ledger's connection sees: drafts, and companies that somebody went to connect and
    nobody came back from. Blocks for one statement."""
    forget_ended(ledger.connection)


def read_fields(fields: Iterable[AskedField], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed as a mapping has it; empty ones are left out. Raises ConfigurationError that names the field."""
    found: dict[str, Any] = {}
    for each in fields:
        text = typed.get(each.name, "").strip()
        if not text and each.needed:
            raise ConfigurationError(f"{each.label}: it is needed")
        if each.options and text and text not in {value for value, _ in each.options}:
            raise ConfigurationError(f"{each.label}: choose one of {', '.join(words for _, words in each.options)}")
        if each.number and text and not (text.isascii() and text.isdecimal()):
            raise ConfigurationError(f"{each.label}: a number")
        if text:
            found[each.name] = int(text) if each.number else text
    return found
