"""How far ahead monthly partitions are made."""

from __future__ import annotations

from typing import Final

MONTHS_AHEAD: Final = 3
"""`migrate` makes so many; the intake makes further ones as months pass."""
