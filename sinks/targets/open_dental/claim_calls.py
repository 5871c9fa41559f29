"""Writes a claim's payment and write-off at an office: lines, claim, claim payment, in the vendor's order.

Only the claim payment's POST is not repeatable (law 18), and it comes last. What goes before it states values: a line's
status, payment and write-off, the claim's status. Each may be set again, so an attempt that ends between them is no
doubt: the next one reads the lines, sets what is missing and goes on (I-6). The intended amounts are the entry's own,
in the ledger. All of it has one deadline (law 17), so that the time after which absence counts holds for the POST too
(README section 10).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.entry_note import decimal
from sinks.targets.http_call import HttpCaller, NotSent
from sinks.targets.open_dental import answers
from sinks.targets.open_dental.accounts import patient_number
from sinks.targets.open_dental.claim_lines import (
    RECEIVED,
    ClaimFault,
    OfficeLine,
    Pair,
    lines_url,
    office_lines,
    pair_lines,
    refused_lines,
    unpaid_sum,
)
from sinks.targets.open_dental.claims import PAYMENTS_PATH, claim_number, wanted_lines
from sinks.targets.open_dental.office_reader import OfficeReader
from sinks.targets.pacing import Pacer
from sinks.targets.port import (
    Answer,
    Composed,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    StartGuard,
    TargetEntry,
)
from streams.fault_injection import Control, disabled

UNFINISHED: Final = "CLAIM_UNFINISHED"
"""Code of an attempt whose time was over before the claim payment: lines may be set, nothing was posted."""
_LATE: Final = "LATE"
_BOOT_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class _WithinCall:
    """The `StartGuard` of a claim payment: the lines before it may have taken half of the call's time, by the clock
    that says more; a process that was frozen meanwhile sends nothing (law 17)."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._boot = time.clock_gettime(_BOOT_CLOCK)
        self._wall = time.time()

    def may_start(self) -> bool:
        age_s = max(time.clock_gettime(_BOOT_CLOCK) - self._boot, time.time() - self._wall)
        return disabled(Control.LATE_CHECK) or age_s <= self._longest_s


class ClaimCalls:
    """Of one connection."""

    def __init__(self, base_url: str, http: HttpCaller, pacer: Pacer, reader: OfficeReader) -> None:
        self._base_url = base_url
        self._http = http
        self._pacer = pacer
        self._reader = reader

    async def pay(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """1. Read the lines and refuse what speaks against them. 2. Set each that is not as wanted, then the claim.
        3. Read them again: their sum is the payment's, or nothing is posted. 4. Post exactly `request`, once."""
        ends_at, within = asyncio.get_running_loop().time() + deadline_s, _WithinCall(deadline_s / 2)
        if not guard.may_start():
            return NothingSent(scope=Scope.EFFECT, reason=None, code=_LATE)
        pairs = await self._checked_lines(entry, ends_at)
        if not isinstance(pairs, tuple):
            return pairs
        amount = _amount(request)
        for wanted, line in pairs:
            if not line.shows(wanted):
                fields = {
                    "Status": RECEIVED,
                    "InsPayAmt": decimal(wanted.paid_minor),
                    "WriteOff": decimal(wanted.write_off_minor),
                }
                if (failed := await self._put(f"/claimprocs/{line.number}", fields, ends_at)) is not None:
                    return failed
        received = {"ClaimStatus": "R", "DateReceived": request.ledger_date.isoformat()}
        if (failed := await self._put(f"/claims/{claim_number(entry)}", received, ends_at)) is not None:
            return failed
        lines = await self._lines(entry, ends_at)
        if isinstance(lines, Refused | NothingSent):
            return lines
        set_now = pair_lines([wanted for wanted, _ in pairs], lines)
        as_wanted = not isinstance(set_now, ClaimFault) and all(line.shows(wanted) for wanted, line in set_now)
        if not (as_wanted and unpaid_sum(lines) == amount) and not disabled(Control.CLAIM_SUM):
            return _fault(ClaimFault.SUM_DIFFERS)
        return await self._post(request, within, ends_at)

    async def write_off(self, entry: TargetEntry, guard: StartGuard, deadline_s: float) -> Answer:
        """Its payment set it. A line that shows another one is set again, and what then stands is the proof."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        if not guard.may_start():
            return NothingSent(scope=Scope.EFFECT, reason=None, code=_LATE)
        for repeated in (False, True):
            lines = await self._lines(entry, ends_at)
            if isinstance(lines, Refused | NothingSent):
                return lines
            pairs = _pairs(entry, lines)
            if isinstance(pairs, ClaimFault):
                return _fault(pairs)
            if any(line.status != RECEIVED for _, line in pairs):
                # Somebody took the payment back: a write-off alone is half of a claim (I-6).
                return _fault(ClaimFault.NOT_RECEIVED)
            missing = [each for each in pairs if each[0].write_off_minor != each[1].write_off_minor]
            if not missing:
                return Posted(external_id=write_off_id(entry))
            if repeated:
                break
            for wanted, line in missing:
                fields = {"WriteOff": decimal(wanted.write_off_minor)}
                if (failed := await self._put(f"/claimprocs/{line.number}", fields, ends_at)) is not None:
                    return failed
        return _fault(ClaimFault.WRITE_OFF_DIFFERS)

    async def _checked_lines(self, entry: TargetEntry, ends_at: float) -> tuple[Pair, ...] | Refused | NothingSent:
        lines = await self._lines(entry, ends_at)
        if isinstance(lines, Refused | NothingSent):
            return lines
        pairs = _pairs(entry, lines)
        if isinstance(pairs, ClaimFault):
            return _fault(pairs)
        fault = refused_lines(pairs, lines, patient_number(entry))
        return pairs if fault is None or disabled(Control.CLAIM_SUM) else _fault(fault)

    async def _lines(self, entry: TargetEntry, ends_at: float) -> tuple[OfficeLine, ...] | Refused | NothingSent:
        claim = claim_number(entry) or 0
        rows = await self._reader.rows(lambda offset: lines_url(claim, offset), ends_at)
        if isinstance(rows, ReadFailed):
            return _unfinished(rows)
        lines = office_lines(rows, claim)
        return _later("UNREADABLE_200") if lines is None else lines

    async def _put(self, path: str, fields: dict[str, Any], ends_at: float) -> Answer | None:
        """States values: None where they were taken, or why they were not. Nothing was posted in either case."""
        deadline_s = ends_at - asyncio.get_running_loop().time()
        if deadline_s <= 0 or not await self._pacer.turn(deadline_s):
            return _later(UNFINISHED)
        left_s = max(ends_at - asyncio.get_running_loop().time(), 0.001)
        body = msgspec.json.encode(fields)
        outcome = await self._http.call("PUT", self._base_url + path, body=body, deadline_s=left_s)
        failed = answers.classify_change(outcome)
        return _unfinished(failed) if isinstance(failed, ReadFailed) else failed

    async def _post(self, request: Composed, within: _WithinCall, ends_at: float) -> Answer:
        deadline_s = ends_at - asyncio.get_running_loop().time()
        if not within.may_start() or not await self._pacer.turn(deadline_s):
            return _later(UNFINISHED)
        left_s = max(ends_at - asyncio.get_running_loop().time(), 0.001)
        outcome = await self._http.call(
            request.method, self._base_url + request.path, body=request.body, guard=within, deadline_s=left_s
        )
        if isinstance(outcome, NotSent) and outcome.late:
            return _later(UNFINISHED)
        return answers.classify_post(outcome, PAYMENTS_PATH)


def write_off_id(entry: TargetEntry) -> str:
    """`external_id` of a write-off: it stands on its claim's lines, and has no number of its own."""
    return f"claims/{claim_number(entry)}/WriteOff"


def _pairs(entry: TargetEntry, lines: tuple[OfficeLine, ...]) -> tuple[Pair, ...] | ClaimFault:
    claim = entry.instruction.claim
    return ClaimFault.LINE_MISSING if claim is None else pair_lines(wanted_lines(claim), lines)


class _CheckAmount(msgspec.Struct, frozen=True):
    CheckAmt: str


def _amount(request: Composed) -> int | None:
    """Of the frozen request: what goes out, whatever the entry says today."""
    try:
        return parse_decimal(msgspec.json.decode(request.body, type=_CheckAmount).CheckAmt).minor
    except (msgspec.MsgspecError, MoneyError):
        return None


def _fault(fault: ClaimFault) -> Refused:
    """A person decides; nothing was posted."""
    return Refused(
        kind=RefusalClass.BUSINESS, scope=Scope.EFFECT, reason=DeadLetterReason.REFUSED_BY_TARGET, code=fault.value
    )


def _later(code: str) -> Refused:
    """Nothing was posted; the next attempt goes on from the lines as they are then."""
    return Refused(
        kind=RefusalClass.TEMPORARY, scope=Scope.EFFECT, reason=DeadLetterReason.REFUSED_BY_TARGET, code=code
    )


def _unfinished(failed: ReadFailed) -> Refused | NothingSent:
    """A read or a change of lines that did not succeed: the connection's where it speaks of that, else this entry's."""
    if failed.scope is Scope.EFFECT:
        return _later(failed.code)
    reason = failed.reason or ConnectionReason.TARGET_DOWN
    if reason is ConnectionReason.UNREACHABLE:
        return NothingSent(scope=failed.scope, reason=reason, code=failed.code)
    return Refused(
        kind=RefusalClass.TEMPORARY,
        scope=failed.scope,
        reason=reason,
        code=failed.code,
        retry_after_s=failed.retry_after_s,
    )
