"""Reads an entry back: at its patient, then wherever a merge of records may have moved it (law 19)."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.vocabulary import EntryKind
from sinks.targets.open_dental import accounts, answers, find_entries, merged_patients, requests
from sinks.targets.open_dental.find_entries import Resource
from sinks.targets.open_dental.mapping import OpenDentalMapping
from sinks.targets.open_dental.office_reader import OUT_OF_TIME, OfficeReader, Row
from sinks.targets.port import Found, ReadFailed, Scope, TargetEntry


class ReadBack:
    """One read-back of one entry. `ends_at` is the event loop's time by which it has ended."""

    def __init__(self, reader: OfficeReader, mapping: OpenDentalMapping, entry: TargetEntry, ends_at: float) -> None:
        self._reader = reader
        self._mapping = mapping
        self._entry = entry
        self._ends_at = ends_at
        self._began_at = datetime.now(UTC)
        self._possible: dict[str, str] = {}
        """What of the patient's rows could be the entry: neither proof nor absence."""

    async def run(self) -> Found | ReadFailed:
        """All pages of the account's entries of that kind (payments from the day before), matched here.

        What is not there may have moved with its patient: `_elsewhere` says whether it is absent.
        """
        entry = self._entry
        if entry.instruction.entry_kind is EntryKind.ALLOCATION:
            return await self._allocation()
        patient = accounts.receiver_of(entry)
        if patient is None:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_UNKNOWN")
        resource = find_entries.resource_of(entry.instruction.entry_kind)
        rows = await self._rows_of(resource, patient)
        if isinstance(rows, ReadFailed):
            if not answers.patient_is_missing(rows):
                return rows
            rows = []
        if (seen := self._matched(rows, resource, patient)) is not None:
            return seen
        if resource is not find_entries.CHARGES:
            self._possible |= find_entries.possible(rows, resource, patient, entry)
        return await self._elsewhere(resource, patient)

    async def _elsewhere(self, resource: Resource, patient: int) -> Found | ReadFailed:
        """Nothing at the patient. Absence is believed of the whole office, or of a record that nothing was merged away
        from; otherwise the patient who is linked now is read, and a person decides in the end."""
        record = await self._reader.record(f"/patients/{patient}", self._ends_at)
        if isinstance(record, ReadFailed) and record.scope is not Scope.EFFECT:
            return record
        living = not isinstance(record, ReadFailed) and merged_patients.is_living(record, patient)
        if merged_patients.everywhere_url(resource, self._entry, 0) is not None:
            rows = await self._reader.rows(
                lambda offset: merged_patients.everywhere_url(resource, self._entry, offset) or "",
                self._ends_at,
                merged_patients.MOST_PAGES,
            )
            if not isinstance(rows, ReadFailed):
                return self._matched(rows, resource, None, unmarked=not living) or self._found({}, {})
            if _ends_the_search(rows):
                return rows
        if living:
            return self._found({}, {})
        return await self._at_linked_patient(resource, patient)

    async def _at_linked_patient(self, resource: Resource, patient: int) -> Found | ReadFailed:
        linked = accounts.number_of(self._entry.linked_patient_id)
        if linked is not None and linked != patient:
            rows = await self._rows_of(resource, linked)
            if isinstance(rows, ReadFailed):
                if _ends_the_search(rows):
                    return rows
            elif (seen := self._matched(rows, resource, linked)) is not None:
                return seen
        if self._possible:
            return self._found({}, {})
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_MERGED")

    async def _allocation(self) -> Found | ReadFailed:
        """The payment's splits as they are: exactly as asked for, or not yet."""
        payment = requests.allocated_payment(self._entry)
        if payment is None:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="PAYMENT_UNKNOWN")
        rows = await self._reader.rows(lambda offset: find_entries.splits_url(payment, offset), self._ends_at)
        if isinstance(rows, ReadFailed):
            return rows
        stands = find_entries.is_allocated(rows, payment, self._entry)
        return self._found({str(payment): f"payments/{payment}/Partial"} if stands else {}, {})

    async def _rows_of(self, resource: Resource, patient: int) -> list[Row] | ReadFailed:
        return await self._reader.rows(
            lambda offset: find_entries.page_url(resource, patient, self._entry, offset), self._ends_at
        )

    def _matched(
        self, rows: list[Row], resource: Resource, patient: int | None, *, unmarked: bool = True
    ) -> Found | None:
        """What of these rows is the entry, with whatever amount; None: nothing. `patient` None: whoever's. Charges that
        could be it are kept aside."""
        entry = self._entry
        found = find_entries.matches(rows, resource, patient, entry)
        differing = find_entries.matches(rows, resource, patient, entry, equal=False)
        is_charge = resource is find_entries.CHARGES and entry.instruction.entry_kind is EntryKind.CHARGE
        if is_charge and unmarked and not found:
            code = self._mapping.charge_code_for(entry.instruction.plan_code)
            self._possible |= find_entries.unmarked_charges(rows, patient, entry, code)
        return self._found(found, differing) if found or differing else None

    def _found(self, found: dict[str, str], differing: dict[str, str]) -> Found:
        return Found(
            external_ids=tuple(found.values()),
            differing_ids=tuple(differing.values()),
            possible_ids=tuple(self._possible.values()),
            began_at=self._began_at,
        )


def _ends_the_search(failed: ReadFailed) -> bool:
    """Whether nothing more can be read now: the connection failed, while there was still time."""
    return failed.scope is not Scope.EFFECT and failed.code != OUT_OF_TIME
