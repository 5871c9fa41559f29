"""Names by which a target knows our entries: they follow from the effect's identity, never from chance (law 18)."""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256


def request_id(
    practice_id: str, source: str, event_id: str, target: str, entry_kind: str, part: str, generation: int
) -> str:
    """The id of the one call that this generation of an effect makes. Pure, the same for ever.

    160 bits in base32: 32 characters, where QuickBooks' `requestid` takes 50. Ids are printable ASCII, so the
    separator occurs in none of them.
    """
    key = "\x1f".join((practice_id, source, event_id, target, entry_kind, part, str(generation)))
    return b32encode(sha256(key.encode()).digest()[:20]).decode("ascii")


def marker(request: str) -> str:
    """What an entry carries at the target, to be found again. Pure.

    80 bits in 18 characters, where the vendors' reference fields take 21 and 25.
    """
    return "WB" + request[:16]
