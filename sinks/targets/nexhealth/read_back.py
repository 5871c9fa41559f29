"""Reads an entry back, and says when nothing is there (law 19, README section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sinks.targets.nexhealth import answers
from sinks.targets.nexhealth.client import LocationClient, Query, Row
from sinks.targets.nexhealth.find_entries import (
    PAYMENTS,
    TAKEN,
    Ledger,
    Line,
    Standing,
    ledgers_of,
    lines_of,
    standing_of,
    transactions_of,
)
from sinks.targets.nexhealth.request_text import id_of, receiver_of
from sinks.targets.nexhealth.sync_status import read_status
from sinks.targets.port import Found, ReadFailed, TargetEntry
from streams.fault_injection import Control, disabled

_DAYS_BACK: Final = timedelta(days=2)
"""Nothing of ours was changed longer before it was sent, whatever clocks say."""


class ReadBack:
    """One read-back of one entry. `ends_at` is the event loop's time by which it has ended."""

    def __init__(self, client: LocationClient, location_id: int, entry: TargetEntry, ends_at: float) -> None:
        self._client = client
        self._location_id = location_id
        self._entry = entry
        self._ends_at = ends_at
        self._began_at = datetime.now(UTC)

    async def run(self) -> Found | ReadFailed:
        """1. The rows of all generations. 2. What they are together. 3. Nothing: whether that means anything yet."""
        lines: dict[str, Line] = {}
        for ledger in ledgers_of(self._entry.instruction.entry_kind):
            rows = await self._rows(ledger)
            if isinstance(rows, ReadFailed):
                return rows
            lines |= {line.external_id: line for line in lines_of(ledger, rows, self._entry)}
        known = self._entry.not_ours
        seen = [line for line in lines.values() if line.is_in_practice or line.external_id not in known]
        standing = standing_of(seen, self._entry)
        if standing.partly:
            return answers.unreadable("PARTLY_READ")
        return await self._absent() if standing.is_nothing else self._found(standing)

    async def _absent(self) -> Found | ReadFailed:
        """The service shows nothing. While its synchronizer is down, or has not read and written since the send, that
        says nothing. After that it is still no proof: the service took it, and answers a repetition with a second
        entry. So what was sent stays possible until a person has looked, and sends it again in that knowledge."""
        status = await read_status(self._client, self._location_id, self._ends_at)
        if isinstance(status, ReadFailed):
            return status
        if not status.has_cycled_since(self._entry.sent_at) and not disabled(Control.SYNC_CYCLE):
            return answers.unreadable("SYNC_PENDING")
        taken = _taken(self._entry)
        if taken is None or taken in self._entry.not_ours or disabled(Control.TAKEN_IS_POSSIBLE):
            return self._found(Standing())
        return self._found(Standing(possible_ids=(taken,)))

    async def _rows(self, ledger: Ledger) -> list[Row] | ReadFailed:
        found: list[Row] = []
        for path, query in self._queries(ledger):
            rows = await self._client.rows(path, query, self._ends_at)
            if isinstance(rows, ReadFailed):
                return rows
            found += rows
        for known in self._entry.known_ids:
            prefix, _, number = known.partition("/")
            if prefix != ledger.prefix or id_of(number) is None:
                continue
            record = await self._client.record(f"{ledger.path}/{number}", self._ends_at)
            if isinstance(record, ReadFailed):
                if not answers.is_missing(record):
                    return record
                continue
            found.append(record)
        return found

    def _queries(self, ledger: Ledger) -> list[tuple[str, Query]]:
        """Payments are filtered by our transaction's id. Adjustments cannot be: the patient's are read, and those of
        whoever is linked now, where that is another one."""
        if ledger is PAYMENTS:
            return [(ledger.path, {"transaction_id": each}) for each in transactions_of(self._entry)]
        patients = dict.fromkeys((receiver_of(self._entry), id_of(self._entry.linked_patient_id)))
        since = _since(self._entry)
        return [(ledger.path, {"patient_id": str(each)} | since) for each in patients if each is not None]

    def _found(self, standing: Standing) -> Found:
        return Found(
            external_ids=standing.external_ids,
            differing_ids=standing.differing_ids,
            possible_ids=standing.possible_ids,
            began_at=self._began_at,
        )


def _since(entry: TargetEntry) -> Query:
    if entry.sent_at is None:
        return {}
    earliest = min(entry.sent_at, entry.instruction.occurred_at) - _DAYS_BACK
    return {"updated_since": f"{earliest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _taken(entry: TargetEntry) -> str | None:
    """What was sent last, by the instant of its mark: what is sent again is another, and a generation that is only
    planned is none."""
    return None if entry.sent_at is None else f"{TAKEN}/{round(entry.sent_at.timestamp() * 1_000)}"
