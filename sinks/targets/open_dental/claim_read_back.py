"""Reads back a claim payment by our marker, and a write-off by its lines (law 19; README section 10).

A claim payment belongs to no patient, so that no merge moves it; a person may delete it, and rewrite its texts. What
the claim's lines belong to says whether it was paid: where that is no payment of ours, a person decides.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from schemas.vocabulary import EntryKind
from sinks.targets.open_dental.claim_calls import write_off_id
from sinks.targets.open_dental.claim_lines import RECEIVED, ClaimFault, OfficeLine, lines_url, office_lines, pair_lines
from sinks.targets.open_dental.claims import PAYMENTS_PATH, claim_number, wanted_lines
from sinks.targets.open_dental.find_entries import PAGE, Resource, earliest_day, matches
from sinks.targets.open_dental.merged_patients import MOST_PAGES
from sinks.targets.open_dental.office_reader import OfficeReader
from sinks.targets.port import Found, ReadFailed, Scope, TargetEntry

CLAIM_PAYMENTS: Final = Resource(
    PAYMENTS_PATH, "ClaimPaymentNum", "CheckAmt", ("CheckNum", "Note"), "SecDateEntry", "CheckDate"
)


def payments_url(entry: TargetEntry, offset: int) -> str:
    """A page of the office's claim payments since no generation of this entry can have been made. The filter may be
    ignored, so rows are matched again."""
    since = f"{earliest_day(entry).isoformat()} 00:00:00"
    return f"{PAYMENTS_PATH}?{urlencode({'SecDateTEdit': since, 'Limit': PAGE, 'Offset': offset})}"


class ClaimReadBack:
    """One read-back of one entry. `ends_at` is the event loop's time by which it has ended."""

    def __init__(self, reader: OfficeReader, entry: TargetEntry, ends_at: float) -> None:
        self._reader = reader
        self._entry = entry
        self._ends_at = ends_at
        self._began_at = datetime.now(UTC)

    async def run(self) -> Found | ReadFailed:
        if self._entry.instruction.entry_kind is EntryKind.WRITE_OFF:
            return await self._write_off()
        entry = self._entry
        rows = await self._reader.rows(lambda offset: payments_url(entry, offset), self._ends_at, MOST_PAGES)
        if isinstance(rows, ReadFailed):
            return rows
        found = matches(rows, CLAIM_PAYMENTS, None, entry)
        differing = matches(rows, CLAIM_PAYMENTS, None, entry, equal=False)
        if found or differing:
            return self._found(tuple(found.values()), differing=tuple(differing.values()))
        lines = await self._lines()
        if isinstance(lines, ReadFailed):
            return lines
        paid_by = dict.fromkeys(line.claim_payment for line in lines if line.claim_payment is not None)
        possible = (f"{PAYMENTS_PATH[1:]}/{number}" for number in paid_by)
        return self._found(possible=tuple(each for each in possible if each not in entry.not_ours))

    async def _write_off(self) -> Found | ReadFailed:
        """On every line as wanted, or not yet."""
        lines, claim = await self._lines(), self._entry.instruction.claim
        if isinstance(lines, ReadFailed):
            return lines
        pairs = ClaimFault.LINE_MISSING if claim is None else pair_lines(wanted_lines(claim), lines)
        if isinstance(pairs, ClaimFault):
            return self._found()
        stands = all(
            line.status == RECEIVED and wanted.write_off_minor == line.write_off_minor for wanted, line in pairs
        )
        return self._found((write_off_id(self._entry),) if stands else ())

    async def _lines(self) -> tuple[OfficeLine, ...] | ReadFailed:
        claim = claim_number(self._entry)
        if claim is None:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="CLAIM_UNKNOWN")
        rows = await self._reader.rows(lambda offset: lines_url(claim, offset), self._ends_at)
        if isinstance(rows, ReadFailed):
            return rows
        lines = office_lines(rows, claim)
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200") if lines is None else lines

    def _found(
        self, ids: tuple[str, ...] = (), *, differing: tuple[str, ...] = (), possible: tuple[str, ...] = ()
    ) -> Found:
        return Found(external_ids=ids, differing_ids=differing, possible_ids=possible, began_at=self._began_at)
