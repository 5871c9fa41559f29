"""The Open Dental adapter: one instance per connection, one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sinks.http_call import HttpAnswer, HttpCaller, HttpOutcome, NotSent
from sinks.pms.open_dental import checking, classifying, composing, reading
from sinks.pms.open_dental.mapping import OpenDentalKeys, OpenDentalMapping
from sinks.port import (
    Answer,
    Capabilities,
    Composed,
    ConnectionReport,
    Entry,
    Found,
    NotComposed,
    ReadFailed,
    Scope,
    StartGuard,
)
from streams.controls import Controls

ROUTE: Final = "open_dental"


class OpenDentalTarget:
    """A `PaymentTarget`. Throttling is the gate owner's, by `capabilities` (law 21)."""

    def __init__(
        self,
        *,
        base_url: str,
        mapping: OpenDentalMapping,
        keys: OpenDentalKeys,
        controls: Controls,
        after_send: Callable[[], None] | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._mapping = mapping
        self._http = HttpCaller(
            headers={
                "Authorization": f"ODFHIR {keys.developer_key}/{keys.customer_key}",
                # Asked for on every request, reads too (API facts 1.1).
                "Content-Type": "application/json",
            },
            connections=mapping.calls_at_once + 1,
            controls=controls,
            after_send=after_send,
        )
        self._capabilities = Capabilities(
            entry_kinds=composing.ENTRY_KINDS,
            reads_back=True,
            proves_absence=True,
            idempotency_key=False,
            needs_patient=True,
            max_in_flight=mapping.calls_at_once,
            min_interval_s=mapping.interval_s,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def compose(self, entry: Entry) -> Composed | NotComposed:
        return composing.compose(entry, self._mapping)

    async def post(self, entry: Entry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """Exactly the frozen bytes, once. 201 with a number is proof; what is not certain is NoAnswer."""
        outcome = await self._http.call(
            request.method, self._base + request.path, body=request.body, guard=guard, deadline_s=deadline_s
        )
        return classifying.classify_post(outcome, request.path)

    async def read_back(self, entry: Entry, deadline_s: float) -> Found | ReadFailed:
        """All pages of the patient's payments (from the day before) or adjustments, matched here (law 19)."""
        began_at = datetime.now(UTC)
        patient = composing.patient_number(entry)
        if patient is None:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_UNKNOWN")
        resource = reading.resource_of(entry.instruction.entry_kind)
        found: dict[str, str] = {}
        differing: dict[str, str] = {}
        offset = 0
        ends_at = asyncio.get_running_loop().time() + deadline_s
        for _ in range(reading.LONGEST_LIST):
            left_s = ends_at - asyncio.get_running_loop().time()
            url = self._base + reading.page_url(resource, patient, entry, offset)
            rows = classifying.classify_read(await self._read(url, left_s))
            if isinstance(rows, ReadFailed):
                return rows
            if not rows:
                return _found(found, differing, began_at)
            found |= reading.matches(rows, resource, patient, entry)
            differing |= reading.matches(rows, resource, patient, entry, equal=False)
            offset += len(rows)
            if len(rows) < reading.PAGE:
                return _found(found, differing, began_at)
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_WITHOUT_END")

    async def has_patient(self, pms_patient_id: str, deadline_s: float) -> bool | ReadFailed:
        """Whether a patient stands in the practice's file, before a link to it is made."""
        if not (pms_patient_id.isascii() and pms_patient_id.isdecimal()):
            return False
        outcome = await self._read(f"{self._base}/patients/{pms_patient_id}", deadline_s)
        if isinstance(outcome, HttpAnswer) and outcome.status == 404:
            return False
        if isinstance(outcome, HttpAnswer) and outcome.status == 200:
            return f'"PatNum":{pms_patient_id}' in outcome.body.decode("utf-8", "replace").replace(" ", "")
        failed = classifying.classify_read(outcome)
        return failed if isinstance(failed, ReadFailed) else False

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Keys and every mapped type; two reads, nothing posted."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        payment_types = await self._definitions(checking.PAYMENT_TYPES, ends_at)
        adjustment_types = await self._definitions(checking.ADJUSTMENT_TYPES, ends_at)
        return checking.report(self._mapping, payment_types, adjustment_types)

    async def close(self) -> None:
        await self._http.close()

    async def _definitions(self, category: int, ends_at: float) -> list[dict[str, Any]] | ReadFailed:
        found: list[dict[str, Any]] = []
        for _ in range(reading.LONGEST_LIST):
            left_s = ends_at - asyncio.get_running_loop().time()
            query = f"Category={category}&includeHidden=true&Limit={reading.PAGE}&Offset={len(found)}"
            rows = classifying.classify_read(await self._read(f"{self._base}/definitions?{query}", left_s))
            if isinstance(rows, ReadFailed):
                return rows
            found += rows
            if len(rows) < reading.PAGE:
                return found
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_WITHOUT_END")

    async def _read(self, url: str, deadline_s: float) -> HttpOutcome:
        if deadline_s <= 0:
            return NotSent("DEADLINE")
        return await self._http.call("GET", url, deadline_s=deadline_s)


def _found(found: dict[str, str], differing: dict[str, str], began_at: datetime) -> Found:
    return Found(external_ids=tuple(found.values()), differing_ids=tuple(differing.values()), began_at=began_at)
