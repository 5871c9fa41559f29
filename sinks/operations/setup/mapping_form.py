"""The mapping of a practice's system as a form: each field with what can be chosen there, read from the system itself
(SET-11, SET-12, RD-6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from schemas.events import PaymentKind, Tender
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.actions.connect_target import ConnectionWanted, TargetConnected, connect_target
from sinks.operations.ledger import Ledger
from sinks.operations.open_targets import adapter_context
from sinks.operations.setup.connection_draft import Draft, draft_of, forget_draft, form_of, read_fields
from sinks.operations.setup.mapping_proposal import proposed
from sinks.targets.catalogue import open_target
from sinks.targets.choices import SETTING, Choice, OffersChoices
from sinks.targets.connect_form import AskedField, ConnectForm
from sinks.targets.credentials import KeyRing
from sinks.targets.port import ReadFailed
from sinks.targets.route import Route, StoredConnection
from streams.runtime.errors import ConfigurationError, WritebackError
from streams.settings import ProgramSettings

READ_S: Final = 30.0
ANY: Final = "…"
"""Stands for a key in the name of a field."""
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": tuple(each.value for each in PaymentKind if each.name != "UNKNOWN"),
    "tender": tuple(each.value for each in Tender if each.name != "UNKNOWN"),
}
"""Of groups by their last word."""


class MappedChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A field, what it can be, and what it is."""

    name: str
    label: str
    key: str
    """Within a group: of which kind or tender; "" for a field of its own."""
    needed: bool
    options: tuple[tuple[str, str], ...]
    value: str
    reason: str
    """Why it is chosen; "" where nothing is."""


class MappingForm(msgspec.Struct, frozen=True, kw_only=True):
    """Of a practice and one route to its system."""

    system: str
    title: str
    connected: bool
    """A connection is stored, which this would change."""
    new_keys: bool
    """Credentials were typed that are not stored yet."""
    fields: tuple[MappedChoice, ...]
    also: tuple[tuple[AskedField, str], ...]
    unusable: tuple[Choice, ...]
    """What is there and cannot be chosen."""


async def mapping_form(
    ledger: Ledger, settings: ProgramSettings, keys: KeyRing, practice_id: str, system: str, order: Order
) -> MappingForm:
    """Read the lists within READ_S with the credentials that are kept, and propose what has a name of its own there.

    Raises ConfigurationError where no credentials are kept, WritebackError where the system cannot be read, and as
    `acting`.
    """
    authorise(order, Action.CONNECTION_SAVE, practice_id)
    route, form = form_of(system)
    draft, standing = draft_of(ledger, keys, practice_id, route, order), _standing(ledger, practice_id, route)
    if draft is None and standing is None:
        raise ConfigurationError(f"give the credentials of {route.system} first: none are kept, or they are too old")
    config = _config(draft, standing)
    opened = open_target(_opened(practice_id, route, form, draft, standing, keys), adapter_context(settings, "target"))
    try:
        if not isinstance(opened, OffersChoices):
            raise ConfigurationError(f"{route.system} has no lists that can be read")
        offered = await opened.choices(READ_S)
    finally:
        await opened.close()
    if isinstance(offered, ReadFailed):
        why = offered.code if offered.reason is None else offered.reason.value
        raise WritebackError(f"{route.system} cannot be read ({why}): check the credentials and the address")
    return MappingForm(
        system=route.option,
        title=route.system,
        connected=standing is not None,
        new_keys=draft is not None,
        fields=tuple(_fields(form, offered, config)),
        also=tuple((each, str(config.get(each.name) or "")) for each in form.also),
        unusable=tuple(each for each in offered if not each.fields),
    )


def save_mapping(
    ledger: Ledger,
    settings: ProgramSettings,
    keys: KeyRing,
    practice_id: str,
    system: str,
    typed: Mapping[str, str],
    order: Order,
    *,
    same_account: bool = False,
    other_account: bool = False,
) -> TargetConnected:
    """Store the connection with what was chosen: `typed` by the names of the form's fields. Calls no target. A preview
    changes nothing. Raises as `connect_target`, and ConfigurationError where no credentials are kept."""
    route, form = form_of(system)
    draft, standing = draft_of(ledger, keys, practice_id, route, order), _standing(ledger, practice_id, route)
    if draft is None and standing is None:
        raise ConfigurationError(f"give the credentials of {route.system} first: none are kept, or they are too old")
    wanted = ConnectionWanted(
        practice_id=practice_id,
        system=system,
        base_url=draft.base_url if draft is not None else (standing.base_url or None) if standing is not None else None,
        config=msgspec.json.encode(_mapped(form, _config(draft, standing), typed)),
        secret=None if draft is None else draft.secret,
        same_account=same_account,
        other_account=other_account,
        connector_hosts=settings.connector_host_names(),
    )
    done = connect_target(ledger, wanted, keys, order)
    if order.apply and draft is not None:
        forget_draft(ledger, practice_id, route, order)
    return done


def _standing(ledger: Ledger, practice_id: str, route: Route) -> StoredConnection | None:
    """The practice's own connection over this route."""
    with ledger.connection.cursor() as cursor:
        found = stored_connection(cursor, practice_id, route.target)
    return found if found is not None and found.route == route.name and found.home_practice_id == practice_id else None


def _config(draft: Draft | None, standing: StoredConnection | None) -> dict[str, Any]:
    stored = {} if standing is None else dict(standing.config)
    return stored | ({} if draft is None else draft.where)


def _opened(
    practice_id: str,
    route: Route,
    form: ConnectForm,
    draft: Draft | None,
    standing: StoredConnection | None,
    keys: KeyRing,
) -> StoredConnection:
    """As it would be stored: with the least of a mapping by which lists can be read."""
    config = {**form.unmapped, **_config(draft, standing)}
    if standing is not None and draft is None:
        return msgspec.structs.replace(standing, config=config)
    if draft is None:
        raise ConfigurationError("no credentials are kept")
    return StoredConnection(
        home_practice_id=practice_id,
        connection_id=route.name,
        route=route.name,
        base_url="" if route.is_polled(config) else draft.base_url or route.default_url,
        config=config,
        secret=keys.seal(practice_id, route.name, draft.secret),
    )


def _fields(form: ConnectForm, offered: Iterable[Choice], config: Mapping[str, Any]) -> Iterator[MappedChoice]:
    by_field: dict[str, list[Choice]] = {}
    for choice in offered:
        for field in choice.fields:
            if not field.startswith(SETTING):
                by_field.setdefault(field, []).append(choice)
    order = list(form.labels)
    for field, choices in sorted(by_field.items(), key=lambda each: _place(order, each[0])):
        group, dot, key = field.partition(".")
        keys = _KEYS.get(group.rpartition("_")[2], ()) if key == ANY else (key,)
        label = form.labels.get(group, group.replace("_", " "))
        for each in keys:
            name = f"{group}{dot}{each}" if dot else group
            holder = config.get(group)
            value = (holder or {}).get(each) if dot else holder
            found, reason = ("", "") if key == ANY else proposed(name, choices)
            yield MappedChoice(
                name=name,
                label=label,
                key=each if dot else "",
                needed=group in form.needed,
                options=tuple((choice.value, _words(choice)) for choice in choices),
                value=found if value is None else _text(value),
                reason=reason if value is None else "as it stands",
            )


def _place(order: list[str], field: str) -> tuple[int, str]:
    group = field.partition(".")[0]
    return (order.index(group) if group in order else len(order), field)


def _words(choice: Choice) -> str:
    name = choice.name or choice.value
    return f"{name} ({choice.detail})" if choice.detail else name


def _text(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _mapped(form: ConnectForm, config: dict[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """What stands with what was chosen; an empty choice takes a field out."""
    also = {each.name for each in form.also}
    mapping = {name: dict(value) if isinstance(value, dict) else value for name, value in config.items()}
    for name, text in typed.items():
        if name in also:
            continue
        group, dot, key = name.partition(".")
        holder: dict[str, Any] = mapping.setdefault(group, {}) if dot else mapping
        if text.strip():
            holder[key if dot else name] = _value(form, text.strip())
        else:
            holder.pop(key if dot else name, None)
    said = {name: typed[name] for name in also & typed.keys()}
    kept = {name: value for name, value in mapping.items() if name not in said}
    return kept | read_fields([each for each in form.also if each.name in said], said)


def _value(form: ConnectForm, text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if form.numbers and text.isascii() and text.isdecimal() else text
