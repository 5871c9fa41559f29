"""Settings field by field: changed one at a time, compared, and described for people (SET-7, SUP-2). Pure.

A field of a field has a dotted name: `types.terminal`. Lists are one field: whoever changes one gives the whole.
"""

from __future__ import annotations

import types as python_types
from collections.abc import Iterable, Mapping
from datetime import time
from functools import cache
from typing import Any, Final, get_origin

import msgspec

from schemas.practice_settings import PracticeSettings, SettingsError
from sinks.ledger.practices.settings.settings_file import convert
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

Fields = dict[str, Any]
"""Dotted name to plain value, as JSON has it."""

_NOTHING: Final = "nothing"


class Difference(msgspec.Struct, frozen=True):
    """One field that two settings differ in; None in `before` also where there was no version."""

    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.field}: {shown(self.before)} -> {shown(self.after)}"


@cache
def names() -> tuple[str, ...]:
    """Every field, in the order of the record."""
    return tuple(
        f"{name}.{inner}" if inner else name
        for name, kind in _types().items()
        for inner in (_inner(kind) if _nested(kind) else ("",))
    )


def check_name(field: str) -> str:
    """A field that exists. ConfigurationError names the nearest, or what a group of fields holds."""
    if field in names():
        return field
    within = [name for name in names() if name.startswith(f"{field}.")]
    if within:
        raise ConfigurationError(f"{field}: holds several settings; name one of {', '.join(within)}")
    raise ConfigurationError(f"{field}: there is no such setting{nearest(field, names())}")


def fields_of(settings: PracticeSettings) -> Fields:
    """All fields with their values."""
    found: Fields = {}
    for name, value in msgspec.to_builtins(settings).items():
        if _nested(_types()[name]):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def with_fields(settings: PracticeSettings, changes: Mapping[str, Any]) -> PracticeSettings:
    """The settings with these fields changed. ConfigurationError names the field and what it takes."""
    body: dict[str, Any] = msgspec.to_builtins(settings)
    for field, value in changes.items():
        outer, _, inner = check_name(field).partition(".")
        body[outer] = body[outer] | {inner: value} if inner else value
    try:
        return convert(body)
    except SettingsError as error:
        raise ConfigurationError(str(error)) from None


def differences(before: PracticeSettings | None, after: PracticeSettings) -> tuple[Difference, ...]:
    """Fields that differ, in the record's order; all of them where nothing was before."""
    was = {} if before is None else fields_of(before)
    now = fields_of(after)
    return tuple(
        Difference(name, was.get(name), now[name]) for name in names() if name not in was or was[name] != now[name]
    )


def parse_changes(given: Iterable[str]) -> Fields:
    """`field=value` texts; a list's values stand behind each other with commas. ConfigurationError says how."""
    found: Fields = {}
    for text in given:
        field, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--change {text}: write it like --change amount=GROSS")
        name = check_name(field.strip())
        if name in found:
            raise ConfigurationError(f"--change {name}: given twice")
        found[name] = _value(name, value.strip())
    return found


def shown(value: Any) -> str:
    """A value as people read it."""
    if value is None or value in ([], ()):
        return _NOTHING
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value)
    if isinstance(value, dict):
        return " ".join(f"{name} {shown(each)}" for name, each in value.items())
    text = str(value)
    return text[:-3] if len(text) == 8 and text[2] == text[5] == ":" else text


def _value(name: str, text: str) -> Any:
    """JSON where it is JSON; on and off for a switch; else the text itself."""
    outer, _, inner = name.partition(".")
    kind = _types()[outer]
    if kind is bool and text.lower() in ("on", "off"):
        return text.lower() == "on"
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = text
    if not inner and get_origin(kind) is tuple and not isinstance(value, list | python_types.NoneType):
        return [each.strip() for each in text.split(",") if each.strip()]
    if kind is str or kind is time:
        return text
    return value


@cache
def _types() -> dict[str, Any]:
    return {each.name: each.type for each in msgspec.structs.fields(PracticeSettings)}


def _nested(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _inner(kind: Any) -> tuple[str, ...]:
    return tuple(kind.__struct_fields__)
