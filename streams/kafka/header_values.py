"""Encodes and parses the contract's headers: text values, instants in ISO 8601 UTC, each name at most once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from schemas.writebacks import SourcePosition


class HeaderError(ValueError):
    """Headers that do not follow the contract; names the header, never its value."""


_DIGITS: Final = 18
"""Every such number fits 64 bits."""

HeaderList = list[tuple[str, bytes]]
Headers = Mapping[str, bytes | str | None] | Iterable[tuple[str, bytes | str | None]] | None
"""Headers as a client hands them over."""


def encoded(values: Mapping[str, str | None]) -> HeaderList:
    """The headers of those values that are there, in order."""
    return [(name, value.encode("utf-8")) for name, value in values.items() if value is not None]


def as_text(headers: Headers, prefix: str) -> dict[str, str]:
    """Our headers by name; those of others are left out. HeaderError for a repeated or unreadable one."""
    found: dict[str, str] = {}
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    for name, value in pairs:
        if not name.startswith(prefix):
            continue
        if name in found:
            raise HeaderError(f"{name} stands twice")
        try:
            found[name] = value.decode("utf-8") if isinstance(value, bytes) else str(value or "")
        except UnicodeDecodeError as error:
            raise HeaderError(f"{name} is not text") from error
    return found


def required(values: Mapping[str, str], name: str) -> str:
    try:
        return values[name]
    except KeyError as error:
        raise HeaderError(f"{name} is missing") from error


def number(values: Mapping[str, str], name: str) -> int:
    text = required(values, name)
    if not text.isdecimal() or not text.isascii() or len(text) > _DIGITS:
        raise HeaderError(f"{name} is not a whole number of at least 0")
    return int(text)


def instant(values: Mapping[str, str], name: str) -> datetime:
    try:
        at = datetime.fromisoformat(required(values, name))
    except ValueError as error:
        raise HeaderError(f"{name} is not an instant") from error
    if at.tzinfo is None:
        raise HeaderError(f"{name} has no zone")
    return at.astimezone(UTC)


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def position_headers(prefix: str, position: SourcePosition) -> dict[str, str | None]:
    """`<prefix>-original-…` of a source record."""
    return {
        f"{prefix}-original-topic": position.topic,
        f"{prefix}-original-topic-id": position.topic_id,
        f"{prefix}-original-partition": str(position.partition),
        f"{prefix}-original-offset": str(position.offset),
        f"{prefix}-original-timestamp": stamp(position.appended_at),
    }


def position_of(prefix: str, values: Mapping[str, str]) -> SourcePosition:
    """The position in such headers. HeaderError names what is missing or wrong."""
    return SourcePosition(
        topic=required(values, f"{prefix}-original-topic"),
        topic_id=required(values, f"{prefix}-original-topic-id"),
        partition=number(values, f"{prefix}-original-partition"),
        offset=number(values, f"{prefix}-original-offset"),
        appended_at=instant(values, f"{prefix}-original-timestamp"),
    )
