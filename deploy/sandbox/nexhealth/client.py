"""The client of NexHealth's control path, for tests and the demo. It blocks; nothing else uses it."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import msgspec

from deploy.sandbox.control_client import TargetSandbox
from deploy.sandbox.exchange import Document, decoded, minor_units
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.nexhealth.location import LocationSettings


class PostedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the practice's ledger. Amount in cents, in the ledger's sign: a payment is negative."""

    number: int
    patient_id: int
    amount_minor: int
    type_id: int | None
    day: str
    charge_id: int | None
    provider_id: int | None
    note: str
    marker: str
    row: dict[str, Any]


class Delivery(msgspec.Struct, frozen=True):
    """A webhook message: headers and the exact body."""

    headers: dict[str, str]
    body: bytes


class NexHealthSandbox(TargetSandbox):
    """`url` is the base URL. Locations are named by their API keys."""

    def add_location(self, api_key: str, **settings: Any) -> LocationSettings:
        """Opens a location with types and a provider (fields of `LocationSettings`)."""
        return self._typed(LocationSettings, "POST", "/locations", LocationSettings(api_key=api_key, **settings))

    def locations(self) -> list[LocationSettings]:
        return self._typed(list[LocationSettings], "GET", "/locations")

    def location(self, api_key: str) -> LocationSettings:
        return self._typed(LocationSettings, "GET", f"/locations/{api_key}")

    def change_location(self, api_key: str, **settings: Any) -> LocationSettings:
        """Changes settings of a location, at once: `writes="red"`, `insertion="failed"`."""
        return self._typed(LocationSettings, "PATCH", f"/locations/{api_key}", settings)

    def expire_tokens(self, api_key: str) -> int:
        """Every token of the key ends now; answers how many had been given so far."""
        return int(decoded(self._call("POST", f"/locations/{api_key}/tokens/expire", {}))["given"])

    def add_patient(self, api_key: str, **fields: Any) -> Document:
        """One synthetic patient; `fields` override the service's columns."""
        rows: list[Document] = decoded(self._call("POST", f"/locations/{api_key}/patients", {"rows": [fields]}))
        return rows[0]

    def add_patients(self, api_key: str, count: int, seed: int = 0, family: bool = False) -> list[Document]:
        """Synthetic patients, the same for the same seed; of a family the first is the guarantor."""
        wanted = {"count": count, "seed": seed, "family": family}
        rows: list[Document] = decoded(self._call("POST", f"/locations/{api_key}/patients", wanted))
        return rows

    def add_charge(self, api_key: str, patient_id: int, fee_minor: int, charged_on: date) -> Document:
        """One charge with this fee in cents."""
        wanted = {"patient_id": patient_id, "fee_minor": fee_minor, "charged_on": charged_on.isoformat()}
        row: Document = decoded(self._call("POST", f"/locations/{api_key}/charges", wanted))
        return row

    def type_entry(
        self, api_key: str, table: str, patient_id: int, amount_minor: int, on: date | None = None
    ) -> Document:
        """An entry that staff make in the practice's own system, in the ledger's sign: a payment is negative."""
        wanted = {"table": table, "patient_id": patient_id, "amount_minor": amount_minor, "on": on and on.isoformat()}
        row: Document = decoded(self._call("POST", f"/locations/{api_key}/entries", wanted))
        return row

    def book(self, api_key: str, patient_id: int, start_time: str, *fees_minor: int, **columns: Any) -> Document:
        """An appointment, with a scheduled procedure for each fee: `appointment`, `procedures`."""
        wanted = {"patient_id": patient_id, "start_time": start_time, "fees_minor": fees_minor, "columns": columns}
        made: Document = decoded(self._call("POST", f"/locations/{api_key}/appointments", wanted))
        return made

    def insure(self, api_key: str, patient_id: int, **columns: Any) -> Document:
        """A coverage of a patient, with these columns of the service's."""
        row: Document = decoded(
            self._call("POST", f"/locations/{api_key}/insurance_coverages", {"patient_id": patient_id} | columns)
        )
        return row

    def edit(self, api_key: str, table: str, number: int, **fields: Any) -> None:
        """What staff change at the desk; without fields they delete the row."""
        self._call("PATCH", f"/locations/{api_key}/{table}/{number}", fields)

    def rows(self, api_key: str, table: str) -> list[Document]:
        """A whole table, whatever reads show of it."""
        return self._rows(f"/locations/{api_key}/{table}")

    def numbers(self, api_key: str, table: str) -> dict[str, int]:
        """Numbers of types or providers by their names; they differ per location."""
        return {str(row["name"]): int(row["id"]) for row in self.rows(api_key, table)}

    def payments(self, api_key: str) -> list[PostedLine]:
        """What stands in the practice's ledger; rows that never reached it are left out."""
        return self._lines(api_key, "payments", "payment_amount", "payment_type_id", "paid_at")

    def adjustments(self, api_key: str) -> list[PostedLine]:
        return self._lines(api_key, "adjustments", "adjustment_amount", "adjustment_type_id", "adjusted_at")

    def balance(self, api_key: str, patient_id: int) -> int:
        """Cents that a patient owes in the practice's ledger."""
        return int(decoded(self._call("GET", f"/locations/{api_key}/balances/{patient_id}"))["owed_minor"])

    def webhooks(self, api_key: str) -> list[Delivery]:
        """A message for every write that has an outcome."""
        rows: list[Document] = self._rows(f"/locations/{api_key}/webhooks")
        return [Delivery(row["headers"], base64.b64decode(row["body"])) for row in rows]

    def _lines(self, api_key: str, table: str, amount: str, kind: str, day: str) -> list[PostedLine]:
        return [
            PostedLine(
                number=row["id"],
                patient_id=row["patient_id"],
                amount_minor=minor_units(row[amount]["amount"]) or 0,
                type_id=row[kind],
                day=row[day],
                charge_id=row["charge_id"],
                provider_id=row["provider_id"],
                note=row["description"],
                marker=marker_in(row["transaction_id"]),
                row=row,
            )
            for row in self.rows(api_key, table)
            if row["foreign_id"] and row["deleted_at"] is None
        ]
