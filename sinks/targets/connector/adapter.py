"""The adapter of the Connector API: one instance per connection, one event loop, whichever way its requests go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from schemas.connector.operations import (
    CAPABILITIES,
    HEALTH,
    LIST_PATIENTS,
    READ_ACCOUNT,
    READ_PATIENT,
    SEARCH_PATIENTS,
    TYPES,
)
from schemas.connector.records import (
    Account,
    Health,
    Id,
    Patient,
    PatientKey,
    PatientList,
    PatientPage,
    PatientsAfter,
    Problem,
    ProblemCode,
    TypeList,
)
from schemas.connector.records import Capabilities as Document
from schemas.connector.records import PatientQuery as ConnectorQuery
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.targets.choices import Choice, allocation_choices
from sinks.targets.connector import answers, choices, connection_test, mirror_pages, requests
from sinks.targets.connector.capabilities import capabilities_of
from sinks.targets.connector.exchange import Exchange
from sinks.targets.connector.mapping import ConnectorMapping, dump_mapping
from sinks.targets.connector.read_back import ConnectorReader, read_back, read_origin
from sinks.targets.describing import Described
from sinks.targets.patients import FoundPatient, PatientQuery, PatientRecord
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
    StartGuard,
    TargetEntry,
)
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind


class ConnectorTarget:
    """A `PaymentTarget`. Throttling is the gate owner's, by `capabilities` (law 21)."""

    def __init__(self, mapping: ConnectorMapping, exchange: Exchange) -> None:
        self._mapping = mapping
        self._exchange = exchange
        self._reader = ConnectorReader(exchange, mapping.account)
        self._capabilities = capabilities_of(mapping)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        return requests.compose(entry, self._mapping)

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """Exactly the frozen bytes, once, under a signature of this one call."""
        outcome = await self._exchange.call(
            request.method, request.path, request.body, guard=guard, deadline_s=deadline_s
        )
        return answers.classify_post(outcome, request.body)

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        """One read of the patient's account: open charges, and who answers for it. Of a patient whom the practice does
        not have nothing can be read: the posting itself will be refused, and says so."""
        order, patient = entry.instruction, entry.pms_patient_id or ""
        nothing = Prepared(posts_to=patient)
        wants_charges = order.entry_kind is EntryKind.PAYMENT and order.allocation is Allocation.ALLOCATE
        wants_guarantor = order.family is FamilyBooking.GUARANTOR
        if not (wants_charges or wants_guarantor) or not _is_id(patient):
            return nothing
        found = await self._of_patient(READ_ACCOUNT.path, patient, Account, deadline_s)
        if isinstance(found, Problem):
            return nothing if found.code is ProblemCode.PATIENT_NOT_FOUND else answers.failed(found)
        if isinstance(found, ReadFailed):
            return found
        if found.patient_id != patient or found.currency != order.currency:
            return answers.unreadable()
        charges = sorted(found.charges, key=lambda each: (each.on, each.charge_id))
        guarantor = found.guarantor_id if wants_guarantor else None
        return Prepared(
            posts_to=guarantor or patient,
            charges=tuple(Charge(ref=each.charge_id, due_minor=each.due_minor, on=each.on) for each in charges)
            if wants_charges
            else (),
        )

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        return await read_back(self._reader, entry, _ends_at(deadline_s))

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        return await read_origin(self._reader, entry, _ends_at(deadline_s))

    async def patient(self, pms_patient_id: str, deadline_s: float) -> PatientRecord | ReadFailed | None:
        if not _is_id(pms_patient_id):
            return None
        found = await self._of_patient(READ_PATIENT.path, pms_patient_id, Patient, deadline_s)
        if isinstance(found, Problem):
            return None if found.code is ProblemCode.PATIENT_NOT_FOUND else answers.failed(found)
        if isinstance(found, ReadFailed):
            return found
        return PatientRecord(name=found.name, in_use=found.in_use)

    async def search_patients(self, query: PatientQuery, deadline_s: float) -> tuple[FoundPatient, ...] | ReadFailed:
        """The contract searches by text; a day of birth narrows it."""
        text = f"{query.first_name} {query.last_name}".strip()
        body = msgspec.json.encode(ConnectorQuery(text=text, birth_date=query.birth_date))
        found = await self._reader.ask(SEARCH_PATIENTS.path, body, PatientList, _ends_at(deadline_s))
        if isinstance(found, Problem):
            return answers.failed(found)
        if isinstance(found, ReadFailed):
            return found
        return tuple(
            FoundPatient(pms_patient_id=each.patient_id, name=each.name, birth_date=each.birth_date, in_use=each.in_use)
            for each in found.patients
        )

    async def describe(self, deadline_s: float) -> Described | ReadFailed:
        """What the connector says it can do, as the mapping keeps it."""
        said = await self._reader.get(CAPABILITIES.path, Document, _ends_at(deadline_s))
        if isinstance(said, Problem):
            return answers.failed(said)
        if isinstance(said, ReadFailed):
            return said
        mapping = msgspec.structs.replace(self._mapping, document=said)
        return Described(config=dump_mapping(mapping), changed=said != self._mapping.document)

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Document, health and every mapped field; nothing is posted."""
        ends_at = _ends_at(deadline_s)
        said = await self._reader.get(CAPABILITIES.path, Document, ends_at)
        if not isinstance(said, Document):
            return connection_test.report([connection_test.unread("read the capability document", said)])
        checks = connection_test.document_checks(said)
        health = await self._reader.get(HEALTH.path, Health, ends_at)
        checks.append(
            connection_test.health_check(health)
            if isinstance(health, Health)
            else connection_test.unread("read its health", health)
        )
        types = await self._reader.get(TYPES.path, TypeList, ends_at)
        if isinstance(types, TypeList):
            checks += connection_test.mapping_checks(self._mapping, said, types)
        else:
            checks.append(connection_test.unread("read types", types))
        return connection_test.report(checks, connection_test.notes(said))

    async def choices(self, deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
        types = await self._reader.get(TYPES.path, TypeList, _ends_at(deadline_s))
        if isinstance(types, Problem):
            return answers.failed(types)
        if isinstance(types, ReadFailed):
            return types
        return (*choices.type_choices(self._mapping, types), *allocation_choices(self._capabilities))

    @property
    def lists(self) -> Mapping[ReadKind, str]:
        """It lists no entries."""
        return {}

    async def read_page(self, request: PageRequest, deadline_s: float) -> MirrorPage | ReadFailed:
        """Patients alone, and those only of a connector that lists them (`Route.unread_under`)."""
        body = msgspec.json.encode(PatientsAfter(after=request.position or None))
        found = await self._reader.ask(LIST_PATIENTS.path, body, PatientPage, _ends_at(deadline_s))
        if isinstance(found, Problem):
            return answers.failed(found)
        return found if isinstance(found, ReadFailed) else mirror_pages.page_of(found, request)

    async def _of_patient(
        self, path: str, patient: str, kind: type[answers.T], deadline_s: float
    ) -> answers.T | Problem | ReadFailed:
        body = msgspec.json.encode(PatientKey(patient_id=patient))
        return await self._reader.ask(path, body, kind, _ends_at(deadline_s))

    async def close(self) -> None:
        await self._exchange.close()


def _ends_at(deadline_s: float) -> float:
    return asyncio.get_running_loop().time() + deadline_s


def _is_id(text: str) -> bool:
    try:
        msgspec.convert(text, Id)
    except msgspec.ValidationError:
        return False
    return True
