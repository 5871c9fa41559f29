"""The envelope, first in every event, and the base of an event's parts."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

import msgspec

OUR_SOURCE: Final = "writeback"
"""No upstream system has this name: what we cause ourselves (law 6)."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The envelope, first in every event.

    Digests leave defaults out, so that a new field changes none; a misspelt field in a JSON file is refused.
    """

    stream: ClassVar[str] = ""
    event_id: str
    source: str
    occurred_at: datetime
    produced_at: datetime
    practice_id: str
    trace_id: str | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of an event, without identity of its own. Configured like Event."""
