"""W3C Trace Context: the `traceparent` header of a record, read as hostile input. Pure.

Source: https://www.w3.org/TR/trace-context/#traceparent-header. `tracestate` and `baggage` are not read and not passed
on: they are free text of whoever sent them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

HEADER: Final = "traceparent"
LONGEST: Final = 512
"""Bytes of a header that is looked at; of a later version, which may be longer than ours, its first 55 count."""

_SAMPLED: Final = 0x01
_SHAPE: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16

Headers = Mapping[str, bytes | str | None] | Iterable[tuple[str, bytes | str | None]] | None
"""Headers as a client hands them over."""


class TraceContext(msgspec.Struct, frozen=True):
    """A span that others may continue: 32 and 16 lower-case hexadecimal digits, neither of them all zeros."""

    trace_id: str
    span_id: str
    sampled: bool

    def header(self) -> str:
        """The header's value, always of version 00 and of 55 characters."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def parse_traceparent(value: bytes | str | None) -> TraceContext | None:
    """The context that a header names; None for whatever the specification calls invalid. Never raises.

    A later version is read as far as version 00 goes; version ff, upper case, zeros for an id, and anything behind
    version 00 are refused. Of the flags only `sampled` is kept.
    """
    if value is None or len(value) > LONGEST:
        return None
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest is not None) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def context_in(headers: Headers) -> TraceContext | None:
    """The context among a record's headers. None where there is none, a bad one, or more than one: then nobody knows
    whose it is."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    found = [value for name, value in pairs if name == HEADER]
    return parse_traceparent(found[0]) if len(found) == 1 else None


def header_pair(context: TraceContext) -> tuple[str, bytes]:
    """The header as a Kafka client takes it."""
    return HEADER, context.header().encode("ascii")
