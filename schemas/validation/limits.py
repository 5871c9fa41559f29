"""The bounds of the contract's fields (README section 2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

ID_LENGTH: Final = 255
CODE_LENGTH: Final = 64
MOST_PARTS: Final = 1_000
"""Of one event: each part makes entries, and the work of one record is bounded (law 9)."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Instants outside are mistakes of a clock or of a unit, whatever else is right."""

VERSION_LIMIT: Final = 1_000_000
