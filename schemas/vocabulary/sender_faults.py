"""Closed list of what a sender does wrong although its records are taken."""

from __future__ import annotations

from enum import StrEnum


class SenderFault(StrEnum):
    """What a `SenderWarning` is about."""

    OTHER_PARTITIONER = "OTHER_PARTITIONER"
    """A record stands on another partition than murmur2 of its key."""
