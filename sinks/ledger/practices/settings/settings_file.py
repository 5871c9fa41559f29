"""Settings as people write them: a JSON file, checked field by field, with errors that say what a field takes."""

from __future__ import annotations

import re
from datetime import date, time
from enum import EnumMeta
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec

from schemas.events import Tender
from schemas.practice_settings import (
    Blackout,
    PracticeSettings,
    SettingsError,
    Timing,
    TypeModes,
    TypeTimings,
    Weekday,
    available_zones,
)
from schemas.validation.addresses import is_address
from schemas.validation.limits import ID_LENGTH
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

FILE_LIMIT: Final = 64 * 1024
_CLOCK: Final = re.compile(r"^\d\d:\d\d$")
_FIELD: Final = re.compile(r"`\$\.?([^`]*)`$")
_TAKES: Final[dict[Any, str]] = {
    bool: "true or false",
    str: "text",
    time: "a local time in whole minutes such as 18:00",
    date | None: "a date such as 2026-08-31, or null",
    TypeModes: 'an object such as {"terminal": "AUTO", "insurance": "MANUAL"}',
    TypeTimings: 'an object such as {"collection": "INSTANT"}',
    Timing | None: f"one of {', '.join(Timing)}, or null to follow the practice's timing",
    int: "a whole number",
    tuple[str, ...]: 'a list such as ["CO-45"]',
    tuple[Tender, ...]: f"a list of {', '.join(member for member in Tender if member.name != 'UNKNOWN')}",
    tuple[Weekday, ...]: f"a list of {', '.join(Weekday)}",
    tuple[date, ...]: 'a list of dates such as ["2026-12-25"]',
    tuple[Blackout, ...]: 'a list such as [{"begins": "02:00", "ends": "03:30"}]',
}


def read_settings(file: Path) -> PracticeSettings:
    """The settings in a JSON file. ConfigurationError names the file, the field and what it takes."""
    given = _decoded(file)
    try:
        return convert(given)
    except SettingsError as error:
        raise ConfigurationError(f"{file}: {error}") from None


def names_master(file: Path) -> bool:
    """Whether a settings file says itself whether the practice posts. ConfigurationError as `read_settings`."""
    return "master" in _decoded(file)


def _decoded(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            raw = opened.read(FILE_LIMIT + 1)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    if len(raw) > FILE_LIMIT:
        raise ConfigurationError(f"{file}: settings are at most {FILE_LIMIT} bytes")
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigurationError(f"{file} is not JSON: settings look like {_example()}") from None
    if not isinstance(given, dict):
        raise ConfigurationError(f"{file}: settings are a JSON object such as {_example()}")
    return given


def first_settings(zone: str | None, file: Path | None, *, otherwise: Timing = Timing.INSTANT) -> PracticeSettings:
    """Version 1: from a file, or the defaults in a zone (SET-21: master off). `otherwise`: the timing where the file
    names none."""
    if file is not None:
        given = read_settings(file)
        if "timing" not in _decoded(file):
            given = msgspec.structs.replace(given, timing=otherwise)
        if zone is not None and zone != given.zone:
            raise ConfigurationError(f"--zone {zone} is not the zone of {file}, {given.zone}: give one of them")
        return given
    if zone is None:
        raise ConfigurationError("--zone: the practice's IANA time zone, such as America/New_York")
    if zone not in available_zones():
        raise ConfigurationError(f"--zone: {zone} is not an IANA time zone{nearest(zone, available_zones())}")
    return PracticeSettings(zone=zone, timing=otherwise)


def convert(given: dict[str, Any]) -> PracticeSettings:
    """Settings from a decoded object. SettingsError names the field and what it takes. Pure."""
    _refuse_unknown(given, PracticeSettings, "")
    for name, record in (("types", TypeModes), ("timing_by_type", TypeTimings)):
        if isinstance(given.get(name), dict):
            _refuse_unknown(given[name], record, f"{name}.")
    given = _with_seconds(given, "cut_off")
    if isinstance(given.get("blackouts"), list | tuple):
        given = given | {"blackouts": [_blackout(each) for each in given["blackouts"]]}
    zone = given.get("zone")
    if isinstance(zone, str) and zone not in available_zones():
        raise SettingsError(f"zone: {zone} is not an IANA time zone{nearest(zone, available_zones())}")
    try:
        return msgspec.convert(given, PracticeSettings)
    except msgspec.ValidationError as error:
        raise SettingsError(_explained(str(error))) from None


def checked_id(what: str, text: str, *, colon: bool = False) -> str:
    """An id of the contract that people type. ConfigurationError says what one is. That of a practice has no colon."""
    if not (1 <= len(text) <= ID_LENGTH and text.isascii() and text.isprintable() and " " not in text):
        raise ConfigurationError(f"{what}: an id has 1 to {ID_LENGTH} printable ASCII characters without spaces")
    if ":" in text and not colon:
        raise ConfigurationError(f"{what}: has no ':', which parts a practice from a patient in keys")
    return text


def checked_email(text: str, option: str = "--email") -> str:
    """An address, whole. ConfigurationError names the option."""
    if not is_address(text):
        raise ConfigurationError(f"{option}: one address such as office@practice.example")
    return text


def _with_seconds(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """`18:00` is a whole time to people; the decoder wants its seconds."""
    short = {name: given[name] for name in names if isinstance(given.get(name), str) and _CLOCK.match(given[name])}
    return given | {name: f"{text}:00" for name, text in short.items()}


def _blackout(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    _refuse_unknown(given, Blackout, "blackouts.")
    return _with_seconds(given, "begins", "ends")


def _refuse_unknown(given: dict[str, Any], record: type[msgspec.Struct], path: str) -> None:
    known = record.__struct_fields__
    for name in given:
        if name not in known:
            raise SettingsError(f"{path}{name}: there is no such setting{nearest(str(name), known)}")


def _explained(problem: str) -> str:
    """The decoder's words with the field first and, for a choice, its values."""
    missing = re.search(r"missing required field `(\w+)`", problem)
    if missing is not None:
        return f"{missing[1]}: is needed; settings look like {_example()}"
    if ":" in problem and not problem.startswith(("Expected", "Invalid")):
        return problem.partition(" - at ")[0]
    place = _FIELD.search(problem)
    path = place[1] if place is not None else ""
    said = problem.partition(" - at ")[0]
    field: Any = PracticeSettings
    for name in path.split("."):
        record = get_args(field)[0] if get_origin(field) is tuple else field
        types = {each.name: each.type for each in msgspec.structs.fields(record)} if isinstance(record, type) else {}
        field = types.get(name.partition("[")[0])
    if isinstance(field, EnumMeta):
        choices = ", ".join(member.value for member in field)  # type: ignore[var-annotated]
        return f"{path}: takes one of {choices}"
    if field in _TAKES:
        return f"{path}: takes {_TAKES[field]}"
    return f"{path or 'settings'}: {said[:1].lower()}{said[1:]}"


def _example() -> str:
    return '{"zone": "America/New_York", "amount": "NET", "timing": "DAILY", "cut_off": "18:00"}'
