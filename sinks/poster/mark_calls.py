"""Marks the calls that start now, together in one statement (law 16)."""

from __future__ import annotations

import hashlib
import time
from typing import Final

import msgspec
import psycopg

from sinks.poster.call_store import CallStore, Mark
from sinks.poster.planned_call import EffectKey, PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import Ready
from streams.fault_injection import Control, disabled
from streams.runtime import metrics
from streams.runtime.logging import log

_LOG: Final = log(__name__)


class CheckedCall(msgspec.Struct, frozen=True):
    """A call that passed the checks, with its request."""

    call: PlannedCall
    lease: PracticeLease
    ready: Ready


async def mark_calls(store: CallStore, checked: list[CheckedCall]) -> dict[EffectKey, int]:
    """Attempt numbers of the calls that are SENDING now; the others must not start. Raises psycopg.Error: then it is
    unknown which are marked, and none may start."""
    if disabled(Control.MARK):
        return {each.call.key: each.call.attempts + 1 for each in checked}
    marks = [
        Mark(
            call=each.call,
            frozen=each.ready.frozen,
            generation=each.ready.entry.generation,
            request_id=each.ready.entry.request_id,
            digest=hashlib.sha256(each.ready.frozen.body).digest(),
        )
        for each in checked
    ]
    leases = list({each.lease.gate: each.lease for each in checked}.values())
    began = time.monotonic()
    marked = await _mark(store, marks, leases)
    metrics.MARK_SECONDS.observe(time.monotonic() - began)
    return marked


async def _mark(store: CallStore, marks: list[Mark], leases: list[PracticeLease]) -> dict[EffectKey, int]:
    """Together; where the lane index refuses one (law 23), the others are marked without it."""
    try:
        return await store.mark(marks, leases)
    except psycopg.errors.UniqueViolation:
        if len(marks) == 1:
            _LOG.warning("a lane had another entry in doubt", practice_id=marks[0].call.practice_id)
            return {}
    half = len(marks) // 2
    return await _mark(store, marks[:half], leases) | await _mark(store, marks[half:], leases)
