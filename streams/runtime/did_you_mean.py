"""Suggests the nearest known name for a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

LISTED: Final = 40
"""More names than that (time zones: about 600) bury the message."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that names the closest of `known`, or lists the first of them; to be put behind a message. Pure."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"; known: {', '.join(names[:LISTED])}{more}"
