"""How the synchronizer of a location stands: whether writes go through, and how fresh what is read is (README section
4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from sinks.targets.foreign_values import parsed_instant
from sinks.targets.nexhealth import answers
from sinks.targets.nexhealth.client import LocationClient, Row
from sinks.targets.port import ReadFailed

PATH: Final = "/sync_status"
GREEN: Final = "green"
RED: Final = "red"


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Of one location."""

    system: str
    """The practice system, as the service calls it."""
    reads: str
    """`green` or `red`; anything else is neither."""
    writes: str
    read_at: datetime | None
    """When the service last read from the practice's system."""
    written_at: datetime | None
    """When it last wrote there."""

    def has_cycled_since(self, sent_at: datetime | None) -> bool:
        """Whether writing and reading both work and have both been done since (law 19): only then is what a read does
        not show more than late. Without an instant: whether they work."""
        if self.reads != GREEN or self.writes != GREEN:
            return False
        if sent_at is None:
            return True
        return self.read_at is not None and self.written_at is not None and min(self.read_at, self.written_at) > sent_at


async def read_status(client: LocationClient, location_id: int, ends_at: float) -> SyncStatus | ReadFailed:
    """One read. A location that no synchronizer names is one that cannot be written to: NO_SYNC."""
    document = await client.read(PATH, {"location_ids[]": str(location_id)}, ends_at)
    if isinstance(document, ReadFailed):
        return document
    rows = document.get("data")
    if not isinstance(rows, list):
        return answers.unreadable("UNREADABLE_200")
    row = next((each for each in rows if isinstance(each, dict) and _serves(each, location_id)), None)
    return answers.unreadable("NO_SYNC") if row is None else _status(row)


def _serves(row: Row, location_id: int) -> bool:
    locations = row.get("locations")
    return isinstance(locations, list) and any(
        isinstance(each, dict) and str(each.get("id")) == str(location_id) for each in locations
    )


def _status(row: Row) -> SyncStatus:
    emr = row.get("emr")
    named: Any = (emr.get("display_name") or emr.get("name")) if isinstance(emr, dict) else None
    return SyncStatus(
        system=named[:100] if isinstance(named, str) else "",
        reads=str(row.get("read_status") or "")[:20],
        writes=str(row.get("write_status") or "")[:20],
        read_at=parsed_instant(row.get("read_status_at")),
        written_at=parsed_instant(row.get("write_status_at")),
    )
