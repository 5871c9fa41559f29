"""What an agent is handed and what it answers: one request of the contract, and its reply. JSON, bounded."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

POLL: Final = "/agent/v1/practices/{practice}/poll"
"""Fetches a request: 200 with a `HandedItem`, 204 where none came for some seconds."""
ANSWER: Final = "/agent/v1/practices/{practice}/answers/{request}"
"""Takes an `ItemAnswer`: 204, or not-found where nobody waits for it any more."""
LONGEST_ANSWER: Final = 8 * 1024 * 1024


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it would have been pushed, signature included. `body` is base64."""

    method: str
    target: str
    """Path and query, as they are signed."""
    headers: dict[str, str]
    body: bytes


class HandedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll brings."""

    request_id: str
    left_s: float
    """So long somebody waits for the answer."""
    item: WorkItem


class Failure(StrEnum):
    """Why an agent has no answer of the connector."""

    NOT_REACHED = "not-reached"
    """No connection: no byte of the request left the agent."""
    NO_ANSWER = "no-answer"


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The connector's reply, or why there is none. `body` is base64."""

    status: Annotated[int, msgspec.Meta(ge=100, le=599)] | None = None
    content_type: Annotated[str, msgspec.Meta(max_length=200)] = ""
    retry_after_s: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    body: Annotated[bytes, msgspec.Meta(max_length=LONGEST_ANSWER)] = b""
    failure: Failure | None = None
