"""One location: its settings, its practice system's ledger, and what the service holds of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from deploy.sandbox.exchange import Document
from streams.runtime.clock import Clock

FIRST_NUMBERS = {"patients": 401, "payments": 2001, "adjustments": 3001, "charges": 1101, "transactions": 1} | {
    "appointments": 6101,
    "procedures": 7101,
    "insurance_coverages": 8101,
}
"""Numbers differ per table, so that mixing them up shows."""

TABLES = (
    "patients",
    "payments",
    "adjustments",
    "charges",
    "payment_types",
    "adjustment_types",
    "providers",
    "transactions",
    "appointments",
    "procedures",
    "insurance_coverages",
)
HIDDEN = "_"
"""Before the names of what the service does not show."""
VISIBLE_AT = "_visible_at"


class Insertion(StrEnum):
    """What becomes of writes that were accepted."""

    COMPLETE = "complete"
    FAILED = "failed"
    """The practice's system refused it: nothing stands anywhere."""
    NEVER = "never"
    """It stays in the queue: nothing stands, and nothing is said."""
    ONLY_HERE = "only_here"
    """The service shows it, and it never reaches the practice ("NexHealth only")."""


class LocationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a location is like. `write_cycle_s` and `read_cycle_s` are seconds of the sandbox's clock (the rehearsal
    clock, where there is one): from the acceptance to the practice's ledger, and from there to the reads."""

    api_key: str
    """Names the location here. The service takes it for a key, unless the location has a shared one."""
    shared_key: str = ""
    """The key that reaches this location and others, each by its `location_id`."""
    subdomain: str = "larkspur"
    location_id: int = 7
    name: str = "Sandbox Dental"
    system: str = "Dentrix"
    refunds_are_payments: bool = False
    key_enabled: bool = True
    financial_access: bool = True
    token_life_s: int = 86_400
    reads: str = "green"
    writes: str = "green"
    sync_cycles: bool = True
    """False: the status says green, and nothing has been read or written since an hour."""
    write_cycle_s: float = 0.0
    read_cycle_s: float = 0.0
    insertion: Insertion = Insertion.COMPLETE
    page_cap: int = 1_000
    notes_kept: int = 120
    """Characters of notes that the practice's system keeps."""
    requests_per_s: float = 0.0
    """0: no limit."""
    webhook_secret: str = "sandbox-webhook-secret"  # noqa: S105 - of a sandbox, worth nothing elsewhere

    @property
    def key(self) -> str:
        """What the service knows a caller by."""
        return self.shared_key or self.api_key


class Location:
    """Tables of rows in the service's own shape. Every change goes through `put`, which also journals it."""

    def __init__(
        self, settings: LocationSettings, keep: Callable[[str, Document], None], rehearsal: Clock | None = None
    ) -> None:
        self.settings = settings
        self._keep = keep
        self._rehearsal = rehearsal
        self.tables: dict[str, dict[int, Document]] = {name: {} for name in TABLES}
        self._next: dict[str, int] = defaultdict(lambda: 1, FIRST_NUMBERS)

    def apply_settings(self, settings: LocationSettings) -> None:
        self.settings = settings

    def now(self) -> datetime:
        """The service's time: a rehearsal's when that is ahead of the wall clock."""
        wall = datetime.now(UTC)
        return wall if self._rehearsal is None else max(wall, self._rehearsal.now())

    def number_for(self, table: str) -> int:
        taken = self._next[table]
        self._next[table] = taken + 1
        return taken

    def put(self, table: str, row: Document) -> Document:
        """Inserts or replaces a row, in table and journal."""
        self._next[table] = max(self._next[table], row["id"] + 1)
        self.tables[table][row["id"]] = row
        self._keep(table, row)
        return row

    def hide(self, row: Document, seconds: float) -> None:
        """Reads do not see the row for this long, by the wall clock (a fault)."""
        if seconds > 0:
            row["_hidden_until"] = time.time() + seconds

    def visible(self, table: str) -> Iterator[Document]:
        """What a read sees, in order of numbers."""
        now, wall = self.now().timestamp(), time.time()
        for row in self.tables[table].values():
            if row.get(VISIBLE_AT, 0.0) <= now and row.get("_hidden_until", 0.0) <= wall:
                yield row

    def patient(self, number: object) -> Document | None:
        return self.tables["patients"].get(number) if isinstance(number, int) else None

    def is_here(self, row: Document) -> bool:
        return self.settings.location_id in row.get("location_ids", [])

    def synced_at(self) -> str:
        """When the service last read and wrote."""
        now = self.now() if self.settings.sync_cycles else self.now() - timedelta(hours=1)
        return stamp(now)

    def restore(self, table: str, row: Document) -> None:
        self.put(table, row)


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def shown(row: Document) -> Document:
    """Without what the service does not show."""
    return {name: value for name, value in row.items() if not name.startswith(HIDDEN)}
