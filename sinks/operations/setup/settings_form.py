"""A practice's settings as a form: what stands in each field, what somebody typed, and what would come of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from hashlib import sha256
from typing import Any, Final, get_args

import msgspec

from schemas.practice_settings import PracticeSettings
from sinks.ledger.practices.settings.fields import check_name, differences, fields_of, parse_changes, shown, with_fields
from sinks.ledger.practices.settings.warnings import SettingsWarning, refused
from sinks.operations.acting import Order
from sinks.operations.actions.settings import Edit, SettingsSaved, save_settings
from sinks.operations.ledger import Ledger
from sinks.operations.queries.settings_views import SettingsView, propose_settings, view_settings
from sinks.operations.roles import View
from sinks.operations.setup.settings_words import SECTIONS, SWITCH, field_words
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError

_KINDS: Final = {
    f"{outer.name}{dot}{inner.name if inner else ''}": (inner or outer).type
    for outer in msgspec.structs.fields(PracticeSettings)
    for inner, dot in (
        [(each, ".") for each in msgspec.structs.fields(outer.type)]
        if isinstance(outer.type, type) and issubclass(outer.type, msgspec.Struct)
        else [(None, "")]
    )
}
"""Of each field its type."""


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field as the screen shows it."""

    name: str
    label: str
    help: str
    value: str
    options: tuple[tuple[str, str], ...]
    """Values with their words; empty: it is typed."""
    locked: str
    """Why it cannot be changed here; "" where it can."""
    inherited: bool
    """It follows the organisation, until the practice chooses otherwise."""


class SettingsForm(msgspec.Struct, frozen=True, kw_only=True):
    """What stands, ready to be changed."""

    view: SettingsView
    standing: PracticeSettings
    """The newest version, which a change starts from; it may not have begun yet."""
    sections: tuple[tuple[str, tuple[FormField, ...]], ...]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What would come of what somebody typed."""

    seen: str
    """Stands for the version and the changes that were looked at: only these are saved."""
    proposed: PracticeSettings | None
    refusals: Mapping[str, str]
    """By field, in words. What belongs to no field stands under ""."""
    warnings: tuple[SettingsWarning, ...]
    saved: SettingsSaved | None
    """None where something is refused, or nothing changes."""


@sees(View.SETTINGS)
def settings_form(ledger: Ledger, practice_id: str) -> SettingsForm | None:
    """None before the practice has any settings. Blocks for its lock, twice."""
    view = view_settings(ledger, practice_id)
    if view.in_force is None:
        return None
    standing, _ = propose_settings(ledger, practice_id, _as_it_is)
    now = fields_of(standing)
    sections = tuple(
        (title, tuple(_field(name, now[name], view) for name in fields)) for title, fields in SECTIONS.items()
    )
    return SettingsForm(view=view, standing=standing, sections=sections)


def try_settings(ledger: Ledger, practice_id: str, typed: Mapping[str, str], order: Order) -> Tried:
    """Judge what was typed, each field by itself and then together, as saving would; saves nothing. Blocks for the
    practice's lock. What is not typed stays as it is. Raises as `acting`."""
    form = settings_form(ledger, practice_id)
    if form is None:
        raise ConfigurationError(f"{practice_id} has no settings to change yet")
    changes, refusals = _changes(form.standing, typed)
    for name in changes:
        if name in form.view.locked:
            refusals[name] = _locked(form.view)
    seen = _digest(form.standing, changes)
    proposed: PracticeSettings | None = None
    warnings: tuple[SettingsWarning, ...] = ()
    saved: SettingsSaved | None = None
    if not refusals:
        try:
            proposed, warnings = propose_settings(ledger, practice_id, lambda _: with_fields(form.standing, changes))
        except ConfigurationError as error:
            refusals |= _by_field(str(error))
        refusals |= {each.field: each.text for each in refused(warnings) if each.field in changes}
    if not refusals and changes:
        preview = msgspec.structs.replace(order, apply=False)
        try:
            saved = save_settings(ledger, practice_id, _edit(form.standing, changes), preview)
        except ConfigurationError as error:
            refusals |= _by_field(str(error), changes)
    return Tried(seen=seen, proposed=proposed, refusals=refusals, warnings=warnings, saved=saved)


def save_typed(ledger: Ledger, practice_id: str, typed: Mapping[str, str], seen: str, order: Order) -> SettingsSaved:
    """Save what `try_settings` showed under `seen`. Blocks. Raises ConfigurationError where the settings were changed
    since, and as `save_settings`."""
    form = settings_form(ledger, practice_id)
    if form is None:
        raise ConfigurationError(f"{practice_id} has no settings to change yet")
    changes, _ = _changes(form.standing, typed)
    if _digest(form.standing, changes) != seen:
        raise ConfigurationError("somebody changed the settings since: look at what would change now")
    return save_settings(ledger, practice_id, _edit(form.standing, changes), order)


def _edit(standing: PracticeSettings, changes: Mapping[str, Any]) -> Edit:
    """The change, under the lock, of the very version that was looked at."""

    def edit(newest: PracticeSettings | None) -> PracticeSettings:
        if newest != standing:
            raise ConfigurationError("somebody changed the settings since: look at what would change now")
        return with_fields(standing, changes)

    return edit


def _as_it_is(newest: PracticeSettings | None) -> PracticeSettings:
    if newest is None:
        raise ConfigurationError("there are no settings yet")
    return newest


def _field(name: str, value: Any, view: SettingsView) -> FormField:
    words = field_words(name)
    if words is None:
        raise KeyError(name)
    return FormField(
        name=name,
        label=words.label,
        help=words.help,
        value=_text(value),
        options=_options(name, words.options),
        locked=_locked(view) if name in view.locked else "",
        inherited=name in view.inherited and name not in view.own,
    )


def _options(name: str, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    kind = _KINDS[name]
    if kind is bool:
        return tuple((words or SWITCH).items())
    members = [each for each in (kind, *get_args(kind)) if isinstance(each, type) and issubclass(each, Enum)]
    if not members or getattr(kind, "__origin__", None) is tuple:
        return ()
    values = [str(each.value) for each in members[0]]
    return tuple((each, words.get(each, each)) for each in (*([""] if "" in words else ()), *values))


def _text(value: Any) -> str:
    """As a form holds it."""
    return "" if value is None or value == [] else shown(value)


def _locked(view: SettingsView) -> str:
    group = view.organisation or "The organisation"
    return f"{group} has locked this for all its practices: whoever administers the organisation can unlock it"


def _changes(standing: PracticeSettings, typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What differs from what stands, and by field why it cannot be."""
    now, changes, refusals = fields_of(standing), dict[str, Any](), dict[str, str]()
    for name, text in typed.items():
        said = text.strip()
        if field_words(check_name(name)) is None or said == _text(now[name]):
            continue
        nothing = "null" if not said and type(None) in get_args(_KINDS[name]) else said
        try:
            change = parse_changes([f"{name}={nothing}"])
            if differences(standing, with_fields(standing, change)):
                changes |= change
        except ConfigurationError as error:
            refusals |= _by_field(str(error), (name,))
    return changes, refusals


def _by_field(text: str, among: Collection[str] = ()) -> dict[str, str]:
    """A refusal under the field that it names first; under the only one that it can be about; else under none."""
    name, colon, words = text.removeprefix("--change ").partition(": ")
    if colon and field_words(name) is not None:
        return {name: words}
    if "master" in among:
        return {"master": text}
    return {next(iter(among)): text} if len(among) == 1 else {"": text}


def _digest(standing: PracticeSettings, changes: Mapping[str, Any]) -> str:
    return sha256(msgspec.json.encode((standing, sorted(changes.items())))).hexdigest()[:32]
