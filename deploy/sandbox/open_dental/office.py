"""One dental office: its patients, charges, payments and settings, indexed by patient."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from deploy.sandbox.exchange import Document, minor_units
from streams.runtime.clock import Clock

EVERYTHING = frozenset({"ReadAll", "Payments", "AllOthers", "Comm", "ProcedureLogs", "Patients", "Insurance"})
"""Permission groups of the vendor's price tiers that the sandbox knows."""

FIRST_NUMBERS = {
    "payments": 1001,
    "paysplits": 5001,
    "adjustments": 301,
    "commlogs": 701,
    "appointments": 2101,
    "inssubs": 3101,
    "patplans": 4101,
    "claims": 9001,
    "claimprocs": 9501,
    "claimpayments": 1801,
}
"""Numbers differ per table, so that mixing them up shows."""

NUMBER_OF = {
    "patients": "PatNum",
    "payments": "PayNum",
    "paysplits": "SplitNum",
    "adjustments": "AdjNum",
    "procedurelogs": "ProcNum",
    "commlogs": "CommlogNum",
    "appointments": "AptNum",
    "inssubs": "InsSubNum",
    "patplans": "PatPlanNum",
    "payplans": "PayPlanNum",
    "claims": "ClaimNum",
    "claimprocs": "ClaimProcNum",
    "claimpayments": "ClaimPaymentNum",
    "definitions": "DefNum",
    "providers": "ProvNum",
}

MERGED = (
    *("payments", "paysplits", "adjustments", "procedurelogs", "commlogs", "payplans", "claims", "claimprocs"),
    *("appointments", "patplans"),
)
"""Tables whose rows go with a patient who is merged into another."""

CODES = {
    "D1110": "prophylaxis - adult",
    "MEMBER": "membership plan fee",
}


class OfficeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an office is like. Switches marked (unproven) are behaviour that the vendor does not document.

    `throttle_s`: least seconds between two requests, per customer key; 0 switches it off.
    `queue_limit`: requests that may wait in that throttle before 429.
    """

    customer_key: str
    newest_key: str = ""
    """Instead of `customer_key`, which is not believed any more, once the office made another; its books stay."""
    name: str = "Sandbox Dental"
    zone: str = "America/New_York"
    permissions: frozenset[str] = EVERYTHING
    key_enabled: bool = True
    econnector_running: bool = True
    api_payment_type: int = 0
    future_dates_allowed: bool = False
    refuses_hidden_pay_types: bool = True
    """(unproven)"""
    takes_negative_payments: bool = False
    """(unproven)"""
    plans_take_named_procedures: bool = False
    """(unproven)"""
    locked_through: date | None = None
    """(the vendor says that the API ignores date locks; a proxy or a later version may not)"""
    plain_errors: bool = False
    """Error bodies as plain text instead of a quoted JSON string: transcripts show both."""
    procedure_codes: dict[str, str] = msgspec.field(default_factory=lambda: dict(CODES))
    """Code and description: what `POST /procedurelogs` takes."""
    clinics: dict[int, str] = {}
    """ClinicNum and abbreviation; none: the feature is off."""
    drops_billing_notes: bool = False
    """True: the office's version is before 25.2.21, so that a procedure bears no note of ours."""
    claim_payments_in_batches_only: bool = False
    """The office's preference ClaimPaymentBatchOnly."""
    lists_need_patient: bool = False
    """True: the office's version is before 23.3.11 (payments) and 25.1.13 (notes), whose lists are one patient's."""
    page_cap: int = 100
    throttle_s: float = 0.0
    queue_limit: int = 50


class Office:
    """Tables of rows in the vendor's own shape. Every change goes through `put`, which also journals it."""

    def __init__(
        self, settings: OfficeSettings, keep: Callable[[str, Document], None], rehearsal: Clock | None = None
    ) -> None:
        self.settings = settings
        self.zone = ZoneInfo(settings.zone)
        self._keep = keep
        self._rehearsal = rehearsal
        self.tables: dict[str, dict[int, Document]] = {name: {} for name in NUMBER_OF}
        self._of_patient: dict[str, dict[int, list[int]]] = {name: defaultdict(list) for name in NUMBER_OF}
        self._next = {name: FIRST_NUMBERS.get(name, 1) for name in NUMBER_OF}
        self._hidden_until: dict[tuple[str, int], int] = {}
        self.family: dict[int, list[int]] = defaultdict(list)
        self.paid_on_procedure: dict[int, int] = defaultdict(int)
        self.next_free_at = 0.0

    def apply_settings(self, settings: OfficeSettings) -> None:
        self.settings = settings
        self.zone = ZoneInfo(settings.zone)

    def now(self) -> datetime:
        """The office's own wall clock. A rehearsal clock does not move a vendor's server."""
        return datetime.now(self.zone)

    def today(self) -> date:
        """The latest day that is not in the future: a rehearsal's day when that is ahead of the wall clock."""
        day = self.now().date()
        if self._rehearsal is not None:
            day = max(day, self._rehearsal.now().astimezone(self.zone).date())
        return day

    def number_for(self, table: str) -> int:
        taken = self._next[table]
        self._next[table] = taken + 1
        return taken

    def put(self, table: str, row: Document) -> None:
        """Inserts or replaces a row, in index and journal."""
        number = row[NUMBER_OF[table]]
        rows = self.tables[table]
        before = rows.get(number)
        if before is None:
            self._next[table] = max(self._next[table], number + 1)
            if table == "patients":
                self.family[row["Guarantor"]].append(number)
        elif before.get("PatNum") != row.get("PatNum"):
            self._of_patient[table][before["PatNum"]].remove(number)
        if "PatNum" in row and (before is None or before["PatNum"] != row["PatNum"]):
            self._of_patient[table][row["PatNum"]].append(number)
        rows[number] = row
        self._keep(table, row)

    def merge(self, source: int, into: int) -> None:
        """As the program's own tool does: everything of one patient is the other's, and the empty one is archived."""
        for table in MERGED:
            for number in list(self._of_patient[table].get(source, ())):
                self.put(table, {**self.tables[table][number], "PatNum": into})
        stamp = f"{self.now():%Y-%m-%d %H:%M:%S}"
        self.put("patients", {**self.tables["patients"][source], "PatStatus": "Archived", "DateTStamp": stamp})

    def remove(self, table: str, number: int) -> None:
        row = self.tables[table].pop(number)
        if "PatNum" in row:
            self._of_patient[table][row["PatNum"]].remove(number)
        self._keep(table, {NUMBER_OF[table]: number, "_removed": True})

    def restore(self, table: str, row: Document) -> None:
        """A row of the last run's journal."""
        number = row[NUMBER_OF[table]]
        removed = bool(row.get("_removed"))
        if table == "paysplits":
            for split, sign in ((self.tables[table].get(number), -1), (None if removed else row, 1)):
                if split is not None and split["ProcNum"]:
                    self.paid_on_procedure[split["ProcNum"]] += sign * (minor_units(split["SplitAmt"]) or 0)
        if removed:
            self.remove(table, number)
        else:
            self.put(table, row)

    def hide(self, table: str, number: int, seconds: float) -> None:
        """Reads do not see the row for this long (eventual consistency)."""
        if seconds > 0:
            self._hidden_until[(table, number)] = time.time_ns() + int(seconds * 1e9)

    def visible(self, table: str, patient: int | None = None) -> Iterator[Document]:
        """Rows that a read sees, in order of their numbers; of one patient when given."""
        rows = self.tables[table]
        numbers = rows.keys() if patient is None else self._of_patient[table].get(patient, ())
        if not self._hidden_until:
            yield from (rows[n] for n in numbers)
            return
        now = time.time_ns()
        for n in numbers:
            if self._hidden_until.get((table, n), 0) <= now:
                yield rows[n]

    def patient(self, number: int) -> Document | None:
        return self.tables["patients"].get(number)
