"""Names by which a target knows our entries: they follow from the effect's identity, never from chance (law 18)."""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256
from typing import Final

REQUEST_ID_LENGTH: Final = 32
"""160 bits in base32; fits QuickBooks' `requestid` (50) and every reference field that a marker has to fit."""
MARKER_LENGTH: Final = 18
"""`WB` and 16 characters (80 bits): fits the 21 and 25 characters of the vendors' reference fields."""


def request_id(
    practice_id: str, source: str, event_id: str, target: str, entry_kind: str, part: str, generation: int
) -> str:
    """The id of the one call that this generation of an effect makes. Pure, the same for ever.

    Ids are printable ASCII, so the separator occurs in none of them.
    """
    key = "\x1f".join((practice_id, source, event_id, target, entry_kind, part, str(generation)))
    return b32encode(sha256(key.encode()).digest()[:20]).decode("ascii")


def marker(request: str) -> str:
    """What an entry carries at the target, to be found again. Pure."""
    return "WB" + request[:16]
