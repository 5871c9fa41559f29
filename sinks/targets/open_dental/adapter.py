"""The Open Dental adapter: one instance per connection, one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason, EntryKind
from sinks.targets.choices import Choice, allocation_choices
from sinks.targets.http_call import HttpCaller, HttpOutcome, NotSent
from sinks.targets.open_dental import (
    accounts,
    answers,
    balances,
    choices,
    connection_test,
    find_entries,
    merged_patients,
    requests,
    shared_payment_type,
)
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.mapping import OpenDentalKeys, OpenDentalMapping
from sinks.targets.port import (
    Answer,
    Capabilities,
    Charge,
    Composed,
    ConnectionReport,
    Found,
    NotComposed,
    Prepared,
    ReadFailed,
    Scope,
    StartGuard,
    TargetEntry,
)

OUT_OF_TIME: Final = "DEADLINE"
"""Code of a read that was not made: its deadline had passed."""


class OpenDentalTarget:
    """A `PaymentTarget`. Throttling is the gate owner's, by `capabilities` (law 21)."""

    def __init__(
        self,
        *,
        base_url: str,
        mapping: OpenDentalMapping,
        keys: OpenDentalKeys,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._mapping = mapping
        self._http = HttpCaller(
            headers={
                "Authorization": f"ODFHIR {keys.developer_key}/{keys.customer_key}",
                # Asked for on every request, reads too (README section 1).
                "Content-Type": "application/json",
            },
            connections=mapping.calls_at_once + 1,
        )
        self._capabilities = capabilities_of(mapping)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        return requests.compose(entry, self._mapping)

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """Exactly the frozen bytes, once. 201 with a number is proof; what is not certain is NoAnswer."""
        outcome = await self._http.call(
            request.method, self._base + request.path, body=request.body, guard=guard, deadline_s=deadline_s
        )
        return answers.classify_post(outcome, request.path)

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        """The guarantor first, if the practice books families there; then the patient's open charges.

        Of a patient whom the office does not have nothing can be read: the posting itself will be refused, and says so.
        """
        order, patient = entry.instruction, accounts.patient_number(entry)
        nothing = Prepared(posts_to=entry.pms_patient_id or "")
        if patient is None:
            return nothing
        ends_at = asyncio.get_running_loop().time() + deadline_s
        posts_to: str | None = str(patient)
        charges: tuple[Charge, ...] | None = ()
        if balances.wants_guarantor(order):
            row = answers.classify_single(await self._read_by(f"{self._base}/patients/{patient}", ends_at))
            if isinstance(row, ReadFailed):
                return nothing if answers.patient_is_missing(row) else row
            posts_to = balances.guarantor_of(row, patient)
        if balances.wants_charges(order):
            rows = await self._pages(lambda offset: balances.charges_url(patient, offset), ends_at)
            if isinstance(rows, ReadFailed):
                return nothing if answers.patient_is_missing(rows) else rows
            charges = balances.open_charges(rows, patient)
        if posts_to is None or charges is None:
            return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code="UNREADABLE_200")
        return Prepared(posts_to=posts_to, charges=charges)

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        """All pages of the account's entries of that kind (payments from the day before), matched here (law 19).

        What is not there may have moved with its patient: `_elsewhere` says whether it is absent."""
        began_at = datetime.now(UTC)
        ends_at = asyncio.get_running_loop().time() + deadline_s
        kind = entry.instruction.entry_kind
        if kind is EntryKind.ALLOCATION:
            return await self._read_allocation(entry, began_at, ends_at)
        patient = accounts.receiver_of(entry)
        if patient is None:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_UNKNOWN")
        resource = find_entries.resource_of(kind)
        rows = await self._pages(lambda offset: find_entries.page_url(resource, patient, entry, offset), ends_at)
        if isinstance(rows, ReadFailed):
            if not answers.patient_is_missing(rows):
                return rows
            rows = []
        seen = self._matched(rows, resource, patient, entry, began_at)
        return seen or await self._elsewhere(resource, patient, entry, began_at, ends_at)

    async def _elsewhere(
        self, resource: find_entries.Resource, patient: int, entry: TargetEntry, began_at: datetime, ends_at: float
    ) -> Found | ReadFailed:
        """Nothing at the patient. Absence is believed of the whole office, or of a record that nothing was merged away
        from; otherwise the patient who is linked now is looked at, and a person decides in the end."""
        row = answers.classify_single(await self._read_by(f"{self._base}/patients/{patient}", ends_at))
        if isinstance(row, ReadFailed) and row.scope is not Scope.EFFECT:
            return row
        living = not isinstance(row, ReadFailed) and merged_patients.is_living(row, patient)
        absent = Found(external_ids=(), began_at=began_at)
        if merged_patients.everywhere_url(resource, entry, 0) is not None:
            rows = await self._pages(
                lambda offset: merged_patients.everywhere_url(resource, entry, offset) or "",
                ends_at,
                merged_patients.MOST_PAGES,
            )
            if not isinstance(rows, ReadFailed):
                return self._matched(rows, resource, None, entry, began_at, unmarked=not living) or absent
            if rows.scope is not Scope.EFFECT and rows.code != OUT_OF_TIME:
                return rows
        if living:
            return absent
        linked = accounts.number_of(entry.linked_patient_id)
        if linked is not None and linked != patient:
            rows = await self._pages(lambda offset: find_entries.page_url(resource, linked, entry, offset), ends_at)
            if isinstance(rows, ReadFailed) and rows.scope is not Scope.EFFECT and rows.code != OUT_OF_TIME:
                return rows
            if not isinstance(rows, ReadFailed) and (seen := self._matched(rows, resource, linked, entry, began_at)):
                return seen
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_MERGED")

    def _matched(
        self,
        rows: list[dict[str, Any]],
        resource: find_entries.Resource,
        patient: int | None,
        entry: TargetEntry,
        began_at: datetime,
        *,
        unmarked: bool = True,
    ) -> Found | None:
        """What of these rows is the entry, or could be; None: nothing. `patient` None: whoever's."""
        found = find_entries.matches(rows, resource, patient, entry)
        differing = find_entries.matches(rows, resource, patient, entry, equal=False)
        if (
            resource is find_entries.CHARGES
            and unmarked
            and not found
            and entry.instruction.entry_kind is EntryKind.CHARGE
        ):
            code = self._mapping.charge_code_for(entry.instruction.plan_code)
            differing |= find_entries.unmarked_charges(rows, patient, entry, code)
        return _found(found, differing, began_at) if found or differing else None

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Keys and every mapped type by two reads, then whether payment types are shared; nothing posted."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        payment_types = await self._definitions(connection_test.PAYMENT_TYPES, ends_at)
        adjustment_types = await self._definitions(connection_test.ADJUSTMENT_TYPES, ends_at)
        report = connection_test.report(self._mapping, payment_types, adjustment_types)
        notes = await self._shared_types(ends_at) if report.ok else ()
        return msgspec.structs.replace(report, notes=notes)

    async def choices(self, deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
        """Types, providers and ways to allocate, each with the fields that may name it (SET-11, SET-12, ALL-4)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        offered: list[Choice] = []
        for category in choices.KINDS:
            rows = await self._definitions(category, ends_at)
            if isinstance(rows, ReadFailed):
                return rows
            offered += choices.definition_choices(self._mapping, category, rows)
        providers = await self._pages(lambda offset: f"/providers?Limit={find_entries.PAGE}&Offset={offset}", ends_at)
        if isinstance(providers, ReadFailed):
            return providers
        offered += choices.provider_choices(self._mapping, providers)
        return (*offered, *allocation_choices(self._capabilities), *choices.exactness_choices(self._mapping))

    async def _shared_types(self, ends_at: float) -> tuple[str, ...]:
        """SET-23. A read that fails proves nothing and fails nothing: what it would say is advice."""
        found = []
        for pay_type in shared_payment_type.asked_types(self._mapping):
            url = self._base + shared_payment_type.recent_url(pay_type, datetime.now(UTC).date())
            rows = answers.classify_read(await self._read_by(url, ends_at))
            if not isinstance(rows, ReadFailed) and (note := shared_payment_type.note(pay_type, rows)) is not None:
                found.append(note)
        return tuple(found)

    async def close(self) -> None:
        await self._http.close()

    async def _read_allocation(self, entry: TargetEntry, began_at: datetime, ends_at: float) -> Found | ReadFailed:
        """The payment's splits as they are: exactly as asked for, or not yet."""
        payment = requests.allocated_payment(entry)
        if payment is None:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="PAYMENT_UNKNOWN")
        rows = await self._pages(lambda offset: find_entries.splits_url(payment, offset), ends_at)
        if isinstance(rows, ReadFailed):
            return rows
        stands = find_entries.is_allocated(rows, payment, entry)
        return _found({str(payment): f"payments/{payment}/Partial"} if stands else {}, {}, began_at)

    async def _definitions(self, category: int, ends_at: float) -> list[dict[str, Any]] | ReadFailed:
        def url(offset: int) -> str:
            return f"/definitions?Category={category}&includeHidden=true&Limit={find_entries.PAGE}&Offset={offset}"

        return await self._pages(url, ends_at)

    async def _pages(
        self, url: Callable[[int], str], ends_at: float, most: int = find_entries.LONGEST_LIST
    ) -> list[dict[str, Any]] | ReadFailed:
        """All rows of a list. Two equal pages one after the other: this list has no pages, and that was all of it."""
        found: list[dict[str, Any]] = []
        before: list[dict[str, Any]] = []
        for _ in range(most):
            rows = answers.classify_read(await self._read_by(self._base + url(len(found)), ends_at))
            if isinstance(rows, ReadFailed):
                return rows
            if rows == before:
                return found
            found += rows
            if len(rows) < find_entries.PAGE:
                return found
            before = rows
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_WITHOUT_END")

    async def _read_by(self, url: str, ends_at: float) -> HttpOutcome:
        return await self._read(url, ends_at - asyncio.get_running_loop().time())

    async def _read(self, url: str, deadline_s: float) -> HttpOutcome:
        if deadline_s <= 0:
            return NotSent(OUT_OF_TIME)
        return await self._http.call("GET", url, deadline_s=deadline_s)


def _found(found: dict[str, str], differing: dict[str, str], began_at: datetime) -> Found:
    return Found(external_ids=tuple(found.values()), differing_ids=tuple(differing.values()), began_at=began_at)
