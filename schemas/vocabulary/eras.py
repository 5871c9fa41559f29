"""What showed that the ledger's database was set back, or is on another server: why its era was raised (law 4)."""

from __future__ import annotations

from enum import StrEnum


class EraProof(StrEnum):
    """Each alone proves it."""

    OTHER_SERVER = "OTHER_SERVER"
    """Another system identifier or timeline: a standby took over, or a copy was restored to another server."""
    LATER_OFFSETS = "LATER_OFFSETS"
    LATER_STAMP = "LATER_STAMP"
    LOST_MARK = "LOST_MARK"
    DAMAGED_FILE = "DAMAGED_FILE"
    SAID_BY_PERSON = "SAID_BY_PERSON"
