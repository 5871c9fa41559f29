"""Planned calls in the ledger: settle marks, plan, mark, read back first (laws 16, 20 and 23).

One round trip each, for many gates and effects at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.history.stamps import LastMark
from sinks.ledger.named_queries import named_queries
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import EffectKey, FrozenRequest, GateKey, PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.read_rows import read_rows
from streams.fault_injection import Control, CrashPoint, disabled, reach
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.poster", "calls.sql")
_pack = msgspec.json.encode
_freeze = msgspec.msgpack.Encoder().encode
Record = TypeVar("Record")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One effect to be marked, with the request that will go out."""

    call: PlannedCall
    frozen: FrozenRequest
    generation: int
    request_id: str
    digest: bytes
    """SHA-256 of the request's body."""


class SettledMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark of an earlier owner that is in doubt now."""

    practice_id: str
    effect_id: int
    target: Target


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that is SENDING now, at its `attempts`-th attempt."""

    practice_id: str
    effect_id: int
    attempts: int
    epoch: int
    era: int | None
    """None before the ledger's first start."""
    lsn: int


class CallStore:
    """The planned calls of one poster process. Raises psycopg.Error; then it is unknown whether the statement had its
    effect, and nothing is called on the strength of it."""

    def __init__(self, access: LedgerAccess, settings: ProgramSettings) -> None:
        self._access = access
        self._budget_s = settings.times.retry_budget_s

    def now(self) -> datetime:
        """Business time, for what is checked before a mark."""
        return self._access.clock.now()

    async def settle_marks(self, leases: Iterable[PracticeLease]) -> list[SettledMark]:
        """Marks of earlier owners become UNCERTAIN."""
        gates = [_gate_row(lease) | {"settle_s": lease.connection.times.settle_s} for lease in leases]
        return await self._read(SettledMark, "settle_marks", {"gates": _pack(gates).decode()})

    async def plan(self, leases: Sequence[PracticeLease]) -> dict[GateKey, list[PlannedCall]]:
        """What each gate could do from now on, oldest first."""
        gates = [
            _gate_row(lease) | {"home": lease.connection.key.home_practice_id, "most": lease.plan_size}
            for lease in leases
        ]
        found: dict[GateKey, list[PlannedCall]] = {lease.gate: [] for lease in leases}
        parameters = {"gates": _pack(gates).decode(), "budget_s": self._budget_s}
        for call in await self._read(PlannedCall, "plan", parameters):
            found[call.gate].append(call)
        return found

    async def mark(self, marks: Sequence[Mark], leases: Sequence[PracticeLease]) -> dict[EffectKey, int]:
        """SENDING for those that still may; answers their attempt numbers. Committed when this returns (law 16).

        Raises UniqueViolation where an entry of the same lane is in doubt (law 23): then none is marked.
        """
        reach(CrashPoint.POSTER_BEFORE_MARK)
        items: dict[GateKey, list[dict[str, Any]]] = {}
        versions: dict[GateKey, int | None] = {}
        for mark in marks:
            versions[mark.call.gate] = mark.call.switches.settings_version
            items.setdefault(mark.call.gate, []).append(_mark_row(mark))
        gates = [
            _gate_row(lease)
            | {
                "need_s": lease.connection.times.mark_need_s,
                "version": versions[lease.gate],
                "items": items[lease.gate],
            }
            for lease in leases
            if lease.gate in items
        ]
        parameters = {
            "gates": _pack(gates).decode(),
            "me": self._access.me,
            "skip_state_test": disabled(Control.OUTER_STATE_TEST),
            "skip_entitlement": disabled(Control.ENTITLEMENT),
        }
        marked = await self._read(Marked, "mark", parameters)
        self._keep(marked)
        return {EffectKey(row.practice_id, row.effect_id): row.attempts for row in marked}

    def _keep(self, marked: Sequence[Marked]) -> None:
        """Before any of them is sent: a ledger that has forgotten the mark is found by it (law 4)."""
        if marked and self._access.history is not None:
            last = marked[-1]
            self._access.history.keep(LastMark(last.practice_id, last.effect_id, last.epoch), last.era or 0, last.lsn)

    async def read_back_first(self, heads: Sequence[tuple[PlannedCall, PracticeLease]]) -> None:
        """Heads of lanes that must be looked for before any send become UNCERTAIN (law 4)."""
        items = [
            _gate_row(lease) | {"n": call.effect_id, "settle_s": lease.connection.times.settle_s}
            for call, lease in heads
        ]
        await self._read(EffectKey, "read_back_first", {"items": _pack(items).decode(), "me": self._access.me})

    async def _read(self, record: type[Record], name: str, parameters: dict[str, Any]) -> list[Record]:
        now = {"now": self._access.clock.for_database()}
        async with self._access.connect() as connection:
            return await read_rows(connection, record, _SQL[name], now | parameters)


def _gate_row(lease: PracticeLease) -> dict[str, Any]:
    return {"p": lease.gate.practice_id, "c": lease.gate.connection_id, "e": lease.epoch}


def _mark_row(mark: Mark) -> dict[str, Any]:
    return {
        "n": mark.call.effect_id,
        "generation": mark.generation,
        "request_id": mark.request_id,
        "payload": _freeze(mark.frozen),
        "digest": mark.digest,
        "ledger_date": mark.frozen.ledger_date,
    }
