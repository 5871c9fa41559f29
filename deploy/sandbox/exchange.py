"""One request as a sandbox server sees it, its answer, and the routes that lead from one to the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import msgspec

Document = dict[str, Any]
"""A JSON object in the vendor's own shape."""

LARGEST_CENTS = 10**13
"""Beyond what either vendor's amount columns hold."""

_encoder = msgspec.json.Encoder(decimal_format="number")


class Incoming(msgspec.Struct):
    """A request, read whole. `path` is relative to the vendor's base, `account` is not yet proven.

    `parts`: what stands in the variable parts of its route's path. `target`: path and query as they came. `copies` and
    `hidden_for_s` are set by faults: how often a mutation is applied, and for how long reads do not see it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    account: str
    number: int
    received_ns: int
    parts: Mapping[str, str] = {}
    target: str = ""
    copies: int = 1
    hidden_for_s: float = 0.0


class Answer(msgspec.Struct):
    """What goes back. `headers` come on top of those that HTTP asks for."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = {}


class RefusedError(Exception):
    """A vendor's definite no. Raised by handlers, made into an `Answer` by the vendor."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


Handle = Callable[[Incoming], Answer]
"""Applies a request and answers it. It neither blocks nor awaits, so that its effects are atomic."""


class Route(msgspec.Struct, frozen=True):
    """A method and a path as aiohttp's router takes them: `*` for any method, `/payments/{number}`."""

    method: str
    path: str
    handle: Handle


class Vendor(Protocol):
    """What `serving.py` needs from a vendor."""

    name: str
    base: str

    def routes(self) -> Iterable[Route]:
        """The vendor's API. Those for what is no route of it come last."""

    def control_routes(self) -> Iterable[Route]:
        """The vendor's own part of `/_sandbox/…`. What a handler raises is answered with 400 and the reason."""

    def account_of(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """Customer key or realm that the request claims to be for; "" when it names none."""

    def refusal(self, status: int, code: str, text: str, shape: str) -> Answer:
        """An error in the vendor's own form, for faults."""

    def patient_named(self, incoming: Incoming) -> str:
        """Name of the patient in question, for the fault whose error text quotes it (H-3); may be ""."""

    def admit(self, incoming: Incoming) -> float | Answer:
        """Seconds to wait, or a refusal, by the vendor's rate limits; 0 while they are switched off."""

    def restore(self, account: str, table: str, row: object) -> None:
        """One line of the last run's journal."""


def encoded(document: object) -> bytes:
    """JSON, with decimals as numbers."""
    return _encoder.encode(document)


def decoded(body: bytes) -> Any:
    """JSON with exact numbers: decimals stay decimals. Raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def as_json(status: int, document: object, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, encoded(document), headers=headers or {})


def minor_units(value: object) -> int | None:
    """Cents of a decimal given as string or number (M-2); None when it is no exact amount of cents."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        cents = Decimal(value) * 100
    except InvalidOperation:
        return None
    if not cents.is_finite() or abs(cents) > LARGEST_CENTS or cents != cents.to_integral_value():
        return None
    return int(cents)


def shortest(cents: int) -> str:
    """Decimal text without trailing zeros: 33900 → "339", 12550 → "125.5" (Open Dental's strings)."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    if rest == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{rest:02d}".rstrip("0")


def number(cents: int) -> Decimal:
    """A JSON number with at least one decimal: -2500 → -25.0."""
    text = shortest(cents)
    return Decimal(text if "." in text else text + ".0")
