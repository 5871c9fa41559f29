"""The Open Dental adapter: one instance per connection, one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas.vocabulary import EntryKind
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.choices import Choice, allocation_choices
from sinks.targets.http_call import HttpCaller
from sinks.targets.open_dental import (
    accounts,
    answers,
    balances,
    choices,
    connection_test,
    coverage_pages,
    merged_patients,
    mirror_pages,
    patient_search,
    requests,
    schedule_pages,
    shared_payment_type,
)
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.claim_calls import ClaimCalls
from sinks.targets.open_dental.claim_read_back import ClaimReadBack
from sinks.targets.open_dental.claims import CLAIM_KINDS
from sinks.targets.open_dental.mapping import OpenDentalKeys, OpenDentalMapping
from sinks.targets.open_dental.office_reader import OfficeReader
from sinks.targets.open_dental.read_back import ReadBack
from sinks.targets.open_dental.read_origin import read_origin
from sinks.targets.pacing import Pacer
from sinks.targets.patients import NAME_LIMIT, FoundPatient, PatientQuery, PatientRecord
from sinks.targets.port import (
    Answer,
    Capabilities,
    Charge,
    Composed,
    ConnectionReport,
    Found,
    NotComposed,
    OriginReading,
    Prepared,
    ReadFailed,
    Scope,
    StartGuard,
    TargetEntry,
)
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind

PageReading = tuple[Callable[[PageRequest], str], Callable[[Sequence[mirror_pages.Row], PageRequest], MirrorPage]]
"""The path of a page, and what its rows say."""

_PAGES: Final[Mapping[ReadKind, PageReading]] = {
    ReadKind.APPOINTMENTS: (schedule_pages.page_path, schedule_pages.page_of),
    ReadKind.PROCEDURES: (schedule_pages.page_path, schedule_pages.page_of),
    ReadKind.INSURANCE: (coverage_pages.page_path, coverage_pages.page_of),
}


class OpenDentalTarget:
    """A `PaymentTarget`. Throttling is the gate owner's, by `capabilities` (law 21)."""

    def __init__(
        self,
        *,
        base_url: str,
        mapping: OpenDentalMapping,
        keys: OpenDentalKeys,
        memory: AnswerMemory | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._mapping = mapping
        self._http = HttpCaller(
            headers={
                "Authorization": f"ODFHIR {keys.developer_key}/{keys.customer_key}",
                # Asked for on every request, reads too (README section 1).
                "Content-Type": "application/json",
            },
            connections=mapping.calls_at_once + 1,
            memory=memory,
        )
        self._pacer = Pacer(mapping.interval_s)
        self._reader = OfficeReader(self._base_url, self._http, self._pacer)
        self._claims = ClaimCalls(self._base_url, self._http, self._pacer, self._reader)
        self._capabilities = capabilities_of(mapping)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        return requests.compose(entry, self._mapping)

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """Exactly the frozen bytes, once. 201 with a number is proof; what is not certain is NoAnswer. A claim's lines
        are set before its payment, and a write-off is lines alone (`claim_calls`)."""
        match entry.instruction.entry_kind:
            case EntryKind.INSURANCE_PAYMENT:
                return await self._claims.pay(entry, request, guard, deadline_s)
            case EntryKind.WRITE_OFF:
                return await self._claims.write_off(entry, guard, deadline_s)
        self._pacer.started()
        outcome = await self._http.call(
            request.method, self._base_url + request.path, body=request.body, guard=guard, deadline_s=deadline_s
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
            record = await self._reader.record(f"/patients/{patient}", ends_at)
            if isinstance(record, ReadFailed):
                return nothing if answers.patient_is_missing(record) else record
            posts_to = balances.guarantor_of(record, patient)
        if balances.wants_charges(order):
            rows = await self._reader.rows(lambda offset: balances.charges_url(patient, offset), ends_at)
            if isinstance(rows, ReadFailed):
                return nothing if answers.patient_is_missing(rows) else rows
            charges = balances.open_charges(rows, patient)
        if posts_to is None or charges is None:
            # This patient's alone: whoever else of the office is paid for must not wait for it (law 22).
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")
        return Prepared(posts_to=posts_to, charges=charges)

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        """At the patient, then wherever a merge of records may have moved the entry (`read_back`); a claim's by its
        payment and lines (`claim_read_back`)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        if entry.instruction.entry_kind in CLAIM_KINDS:
            return await ClaimReadBack(self._reader, entry, ends_at).run()
        return await ReadBack(self._reader, self._mapping, entry, ends_at).run()

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        """In the patient's own list, then wherever a merge of records may have moved it (`read_origin`)."""
        return await read_origin(self._reader, entry, asyncio.get_running_loop().time() + deadline_s)

    async def patient(self, pms_patient_id: str, deadline_s: float) -> PatientRecord | ReadFailed | None:
        """The patient's record; an archived or deleted one is said to be no longer in use."""
        number = accounts.number_of(pms_patient_id)
        if number is None:
            return None
        record = await self._reader.record(f"/patients/{number}", asyncio.get_running_loop().time() + deadline_s)
        if isinstance(record, ReadFailed):
            return None if answers.patient_is_missing(record) else record
        name = " ".join(str(record.get(part) or "") for part in ("FName", "LName")).strip()
        return PatientRecord(name=name[:NAME_LIMIT], in_use=merged_patients.is_living(record, number))

    async def search_patients(self, query: PatientQuery, deadline_s: float) -> tuple[FoundPatient, ...] | ReadFailed:
        ends_at = asyncio.get_running_loop().time() + deadline_s
        rows = await self._reader.page(patient_search.search_url(query), ends_at)
        return rows if isinstance(rows, ReadFailed) else patient_search.found_patients(rows)

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Keys and every mapped field by reads of its list, then whether payment types are shared; nothing posted."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        payment_types = await self._reader.definitions(connection_test.PAYMENT_TYPES, ends_at)
        adjustment_types = await self._reader.definitions(connection_test.ADJUSTMENT_TYPES, ends_at)
        report = connection_test.report(self._mapping, payment_types, adjustment_types)
        report = connection_test.with_checks(report, connection_test.unused_insurance(self._mapping))
        further = [
            check
            for wanted in connection_test.further_lists(self._mapping)
            for check in wanted.checks(await self._reader.rows(wanted.path, ends_at))
        ]
        report = connection_test.with_checks(report, further)
        notes = await self._shared_types(ends_at) if report.ok else ()
        return msgspec.structs.replace(report, notes=notes)

    async def choices(self, deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
        """Types, providers and ways to allocate, each with the fields that may name it (SET-11, SET-12, ALL-4)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        offered: list[Choice] = []
        for category in choices.KINDS:
            rows = await self._reader.definitions(category, ends_at)
            if isinstance(rows, ReadFailed):
                return rows
            offered += choices.definition_choices(self._mapping, category, rows)
        providers = await self._reader.rows(choices.providers_path, ends_at)
        if isinstance(providers, ReadFailed):
            return providers
        offered += choices.provider_choices(self._mapping, providers)
        return (*offered, *allocation_choices(self._capabilities), *choices.exactness_choices(self._mapping))

    @property
    def lists(self) -> Mapping[ReadKind, str]:
        return mirror_pages.LISTS

    async def read_page(self, request: PageRequest, deadline_s: float) -> MirrorPage | ReadFailed:
        """Patients by their stamp and payments by the day of their making (`mirror_pages`); appointments by their days
        or their stamp, and procedures by theirs (`schedule_pages`); insurance whole (`coverage_pages`)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        path_of, page_of = _PAGES.get(request.kind, (mirror_pages.page_path, mirror_pages.page_of))
        rows = await self._reader.page(path_of(request), ends_at)
        return rows if isinstance(rows, ReadFailed) else page_of(rows, request)

    async def _shared_types(self, ends_at: float) -> tuple[str, ...]:
        """SET-23. A read that fails proves nothing and fails nothing: what it would say is advice."""
        found = []
        for pay_type in shared_payment_type.asked_types(self._mapping):
            rows = await self._reader.page(shared_payment_type.recent_url(pay_type, datetime.now(UTC).date()), ends_at)
            if not isinstance(rows, ReadFailed) and (note := shared_payment_type.note(pay_type, rows)) is not None:
                found.append(note)
        return tuple(found)

    async def close(self) -> None:
        await self._http.close()
