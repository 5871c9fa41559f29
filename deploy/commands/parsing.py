"""Reads what people type for options: days, instants, stretches of time, names of a closed list, files."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

INPUT_LIMIT: Final = 1024 * 1024
"""Bytes that are read of a file that a person names: far above every mapping, far below the memory."""


def a_day(text: str | None, option: str) -> date | None:
    """A civil date. Raises ConfigurationError that names the option."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option}: {text!r} is no day: write it like 2026-03-02") from None


def an_instant(text: str | None, option: str) -> datetime | None:
    """An instant with its zone. Raises ConfigurationError that names the option."""
    if text is None:
        return None
    wrong = ConfigurationError(f"{option}: {text!r} is no instant with a zone: write it like 2026-03-02T17:30:00Z")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    if at.tzinfo is None:
        raise wrong
    return at


def an_amount(text: str, option: str) -> int:
    """An amount as people write it, in minor units. Raises ConfigurationError that names the option."""
    from schemas.bookkeeping.money import MoneyError
    from sinks.operations.typed_amount import typed_minor

    try:
        return typed_minor(text.strip())
    except MoneyError as wrong:
        raise ConfigurationError(f"{option}: {wrong}") from None


def one_of(value: str | None, known: type[Any], option: str) -> str | None:
    """A member's value, whatever its case. Raises ConfigurationError with the nearest one."""
    if value is None:
        return None
    values = [str(member.value) for member in known]
    if value.upper() not in values:
        raise ConfigurationError(f"{option}: {value!r} is not known{nearest(value.upper(), values)}")
    return value.upper()


def period(since: str, until: str, zone: str) -> tuple[datetime, datetime]:
    """A stretch from --from and --to: a day is the practice's own, and --to's is included. ConfigurationError says
    how to write it."""
    begins, ends = _edge(since, "--from", zone, 0), _edge(until, "--to", zone, 1)
    if begins >= ends:
        raise ConfigurationError(f"--to: {until} does not come after --from {since}")
    return begins, ends


def read_file(path: Path, option: str) -> bytes:
    """A file that a person names, at most INPUT_LIMIT of it. ConfigurationError names the option, not the content."""
    try:
        with path.open("rb") as file:
            return file.read(INPUT_LIMIT)
    except OSError as error:
        raise ConfigurationError(f"{option}: the file cannot be read ({error.strerror})") from None


def write_file(path: Path, content: bytes, option: str) -> None:
    """A file that a person names, replaced whole. ConfigurationError names the option."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{option}: the file cannot be written ({error.strerror})") from None


def write_private_file(path: Path, content: bytes, option: str) -> None:
    """A file with personal data: only its owner may read it. ConfigurationError names the option."""
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigurationError(f"{option}: the file cannot be written ({error.strerror})") from None


def _edge(text: str, option: str, zone: str, days: int) -> datetime:
    try:
        if len(text) == len("2026-03-02"):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        at = None
    if at is None or at.tzinfo is None:
        raise ConfigurationError(f"{option}: write a day like 2026-03-02, or an instant like 2026-03-02T17:30:00-05:00")
    return at
