"""What the practice system behind a connector allows: capabilities, hours, and how it answers."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.connector.records import VERSION, Capabilities, Kind
from schemas.connector.windows import BatchWindow

EVERY_KIND: Final = tuple(Kind)
TYPED: Final = tuple(kind for kind in Kind if kind is not Kind.NOTE)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Of one account. `decides_after_s` > 0: an entry is taken with 202, and stands that much later."""

    system: str = "Sample Practice System"
    edition: str = "reference"
    currency: str = "USD"
    kinds: tuple[Kind, ...] = EVERY_KIND
    allocates: bool = True
    knows_guarantor: bool = True
    lists_patients: bool = True
    batches_only: bool = False
    windows: tuple[BatchWindow, ...] = ()
    min_interval_s: float = 0.0
    max_in_flight: int = 4
    processing_s: float = 1.0
    decides_after_s: float = 0.0

    def capabilities(self) -> Capabilities:
        """The document. Pure."""
        return Capabilities(
            version=VERSION,
            system=self.system,
            edition=self.edition,
            currency=self.currency,
            kinds=self.kinds,
            typed_kinds=tuple(kind for kind in TYPED if kind in self.kinds),
            allocates=self.allocates,
            knows_guarantor=self.knows_guarantor,
            lists_patients=self.lists_patients,
            finds_marker=True,
            proves_absence=True,
            processing_s=self.processing_s,
            batches_only=self.batches_only,
            windows=self.windows,
            min_interval_s=self.min_interval_s,
            max_in_flight=self.max_in_flight,
        )
