"""The NexHealth adapter: one instance per connection, one event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from schemas.vocabulary import ConnectionReason
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.choices import Choice, allocation_choices
from sinks.targets.http_call import HttpCaller
from sinks.targets.nexhealth import (
    answers,
    balances,
    choices,
    connection_test,
    coverage_pages,
    mirror_pages,
    patient_search,
    requests,
    schedule_pages,
)
from sinks.targets.nexhealth.answers import TokenRefused
from sinks.targets.nexhealth.capabilities import capabilities_of
from sinks.targets.nexhealth.client import LocationClient, Query, Row, Sent
from sinks.targets.nexhealth.find_entries import PAYMENTS
from sinks.targets.nexhealth.mapping import NexHealthKeys, NexHealthMapping
from sinks.targets.nexhealth.read_back import ReadBack
from sinks.targets.nexhealth.read_origin import read_origin
from sinks.targets.nexhealth.request_text import id_of
from sinks.targets.nexhealth.sync_status import RED, SyncStatus, read_status
from sinks.targets.nexhealth.tokens import NoToken
from sinks.targets.pacing import Pacer
from sinks.targets.patients import NAME_LIMIT, FoundPatient, PatientQuery, PatientRecord
from sinks.targets.port import (
    Answer,
    Capabilities,
    Composed,
    ConnectionReport,
    Found,
    NotComposed,
    NothingSent,
    OriginReading,
    Prepared,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    StartGuard,
    TargetEntry,
)
from sinks.targets.reading import MirrorPage, PageRequest, ReadKind

STATUS_FRESH_S: Final = 60.0
"""How long a synchronizer that worked is believed to work. Its state is as old as that at the service too."""
WRITE_RED: Final = "WRITE_RED"


class NexHealthTarget:
    """A `PaymentTarget`. Throttling is the gate owner's, by `capabilities` (law 21)."""

    def __init__(
        self, *, base_url: str, mapping: NexHealthMapping, keys: NexHealthKeys, memory: AnswerMemory | None = None
    ) -> None:
        self._mapping = mapping
        self._location = mapping.location_id
        http = HttpCaller(headers={}, connections=mapping.max_in_flight + 1, memory=memory)
        self._client = LocationClient(base_url, http, keys, mapping, Pacer(mapping.interval_s))
        self._capabilities = capabilities_of(mapping)
        self._writes_until = 0.0

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        return requests.compose(entry, self._mapping)

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """1. Without a token, or while the synchronizer is red, nothing is tried. 2. Exactly the frozen bytes, once.
        3. 202 is a receipt: the outcome is read back. 4. A refusal without known words is looked at once more: while
        the synchronizer is red every request is refused, which says nothing of this one.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        if isinstance(token := await self._client.token(ends_at), NoToken):
            return _without_token(token)
        if (waits := await self._cannot_write(ends_at)) is not None:
            return waits
        sent = await self._client.send(request.path, request.body, ends_at, guard)
        if isinstance(sent, NoToken):
            return _without_token(sent)
        return await self._judged(sent, ends_at)

    async def _judged(self, sent: Sent, ends_at: float) -> Answer:
        answer = answers.classify_post(sent.outcome)
        if isinstance(answer, TokenRefused):
            renewed = await self._client.renew(sent.token, ends_at)
            if isinstance(renewed, NoToken):
                return _without_token(renewed)
            # Nothing was written, nothing is wrong with the connection any more: at once, and no attempt is burnt.
            return NothingSent(scope=Scope.EFFECT, reason=None, code="TOKEN_RENEWED")
        if isinstance(answer, Refused) and answer.code == answers.NOT_KNOWN:
            status = await read_status(self._client, self._location, ends_at)
            if isinstance(status, SyncStatus) and status.writes == RED:
                return Refused(
                    kind=RefusalClass.TEMPORARY,
                    scope=Scope.CONNECTION,
                    reason=ConnectionReason.TARGET_DOWN,
                    code=WRITE_RED,
                )
        return answer

    async def _cannot_write(self, ends_at: float) -> NothingSent | None:
        """A red synchronizer is a wait of the whole location: nothing is sent, and no attempt is burnt."""
        if time.monotonic() < self._writes_until:
            return None
        asked_at = time.monotonic()
        status = await read_status(self._client, self._location, ends_at)
        if isinstance(status, ReadFailed):
            reason = status.reason or ConnectionReason.TARGET_DOWN
            return NothingSent(scope=Scope.CONNECTION, reason=reason, code=status.code)
        if status.writes == RED:
            return NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code=WRITE_RED)
        self._writes_until = asked_at + STATUS_FRESH_S
        return None

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        """The guarantor first, if the practice books families there; then the patient's ledger.

        Of a patient whom the location does not have nothing can be read: the posting itself will be refused.
        """
        order, patient = entry.instruction, id_of(entry.pms_patient_id)
        nothing = Prepared(posts_to=entry.pms_patient_id or "")
        if patient is None:
            return nothing
        ends_at = asyncio.get_running_loop().time() + deadline_s
        posts_to: str | None = str(patient)
        if balances.wants_guarantor(order):
            record = await self._client.record(f"/patients/{patient}", ends_at)
            if isinstance(record, ReadFailed):
                return nothing if answers.is_missing(record) else record
            posts_to = balances.guarantor_of(record, patient)
        if posts_to is None:
            return answers.unreadable("UNREADABLE_200")
        if not balances.wants_charges(order):
            return Prepared(posts_to=posts_to)
        lists: list[list[Row]] = []
        for path in balances.READ:
            rows = await self._client.rows(path, {"patient_id": str(patient)}, ends_at)
            if isinstance(rows, ReadFailed):
                return rows
            lists.append(rows)
        charges = balances.open_charges(lists[0], lists[1], lists[2], patient, self._location)
        return answers.unreadable("UNREADABLE_200") if charges is None else Prepared(posts_to=posts_to, charges=charges)

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        """By our transaction's id, or in the patient's adjustments (`read_back`)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        return await ReadBack(self._client, self._location, entry, ends_at).run()

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        """By the transaction that wrote it, deleted rows included (`read_origin`)."""
        return await read_origin(self._client, entry, asyncio.get_running_loop().time() + deadline_s)

    async def patient(self, pms_patient_id: str, deadline_s: float) -> PatientRecord | ReadFailed | None:
        """The patient's record; one that is inactive, or of another location of the server, takes nothing here."""
        number = id_of(pms_patient_id)
        if number is None:
            return None
        record = await self._client.record(f"/patients/{number}", asyncio.get_running_loop().time() + deadline_s)
        if isinstance(record, ReadFailed):
            return None if answers.is_missing(record) else record
        locations = record.get("location_ids")
        here = not isinstance(locations, list) or str(self._location) in {str(each) for each in locations}
        name = " ".join(str(record.get(part) or "") for part in ("first_name", "last_name")).strip()
        in_use = record.get("inactive") is not True and here and str(record.get("id")) == str(number)
        return PatientRecord(name=name[:NAME_LIMIT], in_use=in_use)

    async def search_patients(self, query: PatientQuery, deadline_s: float) -> tuple[FoundPatient, ...] | ReadFailed:
        ends_at = asyncio.get_running_loop().time() + deadline_s
        document = await self._client.read("/patients", patient_search.search_fields(query), ends_at)
        if isinstance(document, ReadFailed):
            return document
        found = patient_search.found_patients(document)
        return answers.unreadable("UNREADABLE_200") if found is None else found

    async def test(self, deadline_s: float) -> ConnectionReport:
        """The location's synchronizer, access to its ledger, and every mapped field by a read of its list."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        # A list of the ledger itself: it is what a key without access is refused.
        ledger = await self._client.rows(PAYMENTS.path, {"transaction_id": "WRITEBACK:TEST"}, ends_at)
        return connection_test.report(
            self._mapping,
            await read_status(self._client, self._location, ends_at),
            ledger,
            await self._types("/payment_types", ends_at),
            await self._types("/adjustment_types", ends_at),
            await self._client.rows("/providers", {}, ends_at),
        )

    async def choices(self, deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
        """Types and providers, each with the fields that may name it, and ways to allocate (SET-11, SET-12, ALL-4)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        payment_types = await self._types("/payment_types", ends_at)
        if isinstance(payment_types, ReadFailed):
            return payment_types
        adjustment_types = await self._types("/adjustment_types", ends_at)
        if isinstance(adjustment_types, ReadFailed):
            return adjustment_types
        providers = await self._client.rows("/providers", {}, ends_at)
        if isinstance(providers, ReadFailed):
            return providers
        return (
            *choices.payment_type_choices(self._mapping, payment_types),
            *choices.adjustment_type_choices(self._mapping, adjustment_types),
            *choices.provider_choices(self._mapping, providers),
            *allocation_choices(self._capabilities),
        )

    @property
    def lists(self) -> Mapping[ReadKind, str]:
        return mirror_pages.LISTS

    async def read_page(self, request: PageRequest, deadline_s: float) -> MirrorPage | ReadFailed:
        """By the instant of the last change, deleted entries too (`mirror_pages`); the schedule by its window
        (`schedule_pages`), and insurance whole (`coverage_pages`)."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        path, query = _asked(request)
        page = await self._client.page(path, query, request.position, ends_at)
        if isinstance(page, ReadFailed):
            return page
        if request.kind is ReadKind.INSURANCE:
            return coverage_pages.page_of(page.rows, page.following, request)
        page_of = schedule_pages.page_of if request.kind in schedule_pages.PATHS else mirror_pages.page_of
        return page_of(page.rows, page.following, request, self._location)

    async def _types(self, path: str, ends_at: float) -> list[Row] | ReadFailed:
        """Those in use, then the others: only one of the two is given at a time."""
        active = await self._client.rows(path, {"active": "true"}, ends_at)
        if isinstance(active, ReadFailed):
            return active
        inactive = await self._client.rows(path, {"active": "false"}, ends_at)
        if isinstance(inactive, ReadFailed):
            return inactive
        known = {str(row.get("id")) for row in active}
        return active + [row for row in inactive if str(row.get("id")) not in known]

    async def close(self) -> None:
        await self._client.close()


def _asked(request: PageRequest) -> tuple[str, Query]:
    """The path of a page and what it is asked for, without the cursor."""
    if request.kind is ReadKind.INSURANCE:
        return coverage_pages.PATH, {}
    if request.kind in schedule_pages.PATHS:
        return schedule_pages.PATHS[request.kind], schedule_pages.query_of(request)
    return mirror_pages.PATHS[request.kind], mirror_pages.query_of(request)


def _without_token(problem: NoToken) -> NothingSent | Refused:
    if problem.reason is ConnectionReason.THROTTLED:
        return Refused(kind=RefusalClass.TEMPORARY, scope=Scope.CONNECTION, reason=problem.reason, code=problem.code)
    return NothingSent(scope=Scope.CONNECTION, reason=problem.reason, code=problem.code)
