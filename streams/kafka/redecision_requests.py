"""Encodes and parses requests to decide a stored event again: headers beside the original bytes (law 15)."""

from __future__ import annotations

from typing import Final

from schemas.topics import SOURCES
from schemas.writebacks import Redecision
from streams.kafka.header_values import (
    HeaderError,
    HeaderList,
    Headers,
    as_text,
    encoded,
    number,
    position_headers,
    position_of,
    required,
)

SCHEMA: Final = "1"
PREFIX: Final = "rd"
_SOURCES: Final = frozenset(topic.value for topic in SOURCES)


def redecision_headers(request: Redecision) -> HeaderList:
    """The headers of a request. Its value is `request.original`, its key the practice's id."""
    return encoded(
        {"rd-schema": SCHEMA}
        | position_headers(PREFIX, request.position)
        | {"rd-practice-id": request.practice_id, "rd-least-version": str(request.least_version)}
    )


def parse_redecision(key: bytes | None, value: bytes | None, headers: Headers) -> Redecision:
    """The request in a record of writeback-redecisions.v1. HeaderError names what is missing or wrong."""
    values = as_text(headers, f"{PREFIX}-")
    if required(values, "rd-schema") != SCHEMA:
        raise HeaderError("rd-schema is of another version")
    position = position_of(PREFIX, values)
    if position.topic not in _SOURCES:
        raise HeaderError("rd-original-topic is no source topic")
    return Redecision(
        position=position,
        practice_id=required(values, "rd-practice-id"),
        least_version=number(values, "rd-least-version"),
        original_key=key or b"",
        original=value or b"",
    )
