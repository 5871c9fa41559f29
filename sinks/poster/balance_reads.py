"""The read before a posting (ALL-1, G2, law 18): asked of the target, stored as it was, and applied once."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.plan import Instruction
from schemas.vocabulary import ConnectionReason, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.request_ids import request_id
from sinks.poster import allocate_payment, counters
from sinks.poster.allocate_payment import Effect, Expansion, Part
from sinks.poster.connection_leases import Door
from sinks.poster.planned_call import Closing, Work
from sinks.poster.pre_send_checks import entry_of
from sinks.poster.publications import publish, result_of
from sinks.poster.statements import Connect
from sinks.targets.port import Capabilities, PaymentTarget, Placement, Prepared, ReadFailed, Scope
from streams.fault_injection import CrashPoint, reach
from streams.runtime.clock import Clock
from streams.runtime.logging import log

_LOG: Final = log(__name__)
_SQL: Final = named_queries("sinks.poster", "balance_reads.sql")
_PRACTICES: Final = named_queries("sinks.poster")["lock_practices"]
_pack = msgspec.json.encode
_instruction = msgspec.json.Decoder(Instruction).decode
_placement = msgspec.json.Decoder(Placement).decode


class Preparer:
    """Of one poster process. Safe to repeat at any instant: what is stored is stored once, or not at all."""

    def __init__(self, connect: Connect, clock: Clock, group: str, me: str) -> None:
        self._connect = connect
        self._clock = clock
        self._group = group
        self._me = me
        self._rows = itertools.count(1)

    async def prepare(self, work: Work, door: Door, adapter: PaymentTarget, epoch: int) -> Closing | None:
        """1. Read, outside any transaction. 2. Store the read, and what follows from it, under the practice's lock.

        A read that fails is the connection's: it closes the gate, changes no effect and burns no attempt (law 22).
        Raises psycopg.Error; then nothing is stored, and a later plan finds the effect as it was.
        """
        began_at = datetime.now(UTC)
        reading = await self._read(work, adapter, door.times.deadline_s)
        ended_at = datetime.now(UTC)
        counters.prepared(door.target_name, reading, (ended_at - began_at).total_seconds())
        reach(CrashPoint.POSTER_AFTER_BALANCE)
        attempt = self._attempt(work, epoch, reading, began_at, ended_at)
        if isinstance(reading, ReadFailed):
            async with self._connect() as connection:
                await connection.execute(_SQL["add_attempt"], attempt)
            return Closing(reading.reason or ConnectionReason.TARGET_DOWN, reading.retry_after_s)
        await self._store(work, adapter.capabilities, epoch, reading, attempt)
        reach(CrashPoint.POSTER_AFTER_EXPANSION)
        return None

    async def _read(self, work: Work, adapter: PaymentTarget, deadline_s: float) -> Prepared | ReadFailed:
        try:
            return await adapter.prepare(entry_of(work), deadline_s)
        except Exception as error:  # noqa: BLE001 - nothing was sent, and nothing is known of the target
            _LOG.failure("an adapter raised instead of reading", error, effect_id=work.effect_id)
            return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code="ADAPTER_ERROR")

    async def _store(
        self, work: Work, capabilities: Capabilities, epoch: int, read: Prepared, attempt: dict[str, Any]
    ) -> None:
        """One transaction: 1. the practice's lock; 2. in later statements the facts as they stand now; 3. amounts,
        places and new parts; 4. the attempt; 5. results. Does nothing where somebody else was quicker."""
        key = {"practice_id": work.practice_id, "effect_id": work.effect_id, "connection_id": work.connection_id}
        async with self._connect() as connection, connection.transaction():
            await connection.execute(_PRACTICES, {"practice_ids": [work.practice_id]}, prepare=True)
            ours = await _rows(connection, "gate_is_ours", key | {"epoch": epoch, "me": self._me})
            found = await _rows(connection, "to_place", key)
            if not ours or not found or not _still_wanted(found[0], work):
                return
            expansion = await self._expansion(connection, work, capabilities, read, found[0], key)
            await self._apply(connection, work, expansion, key)
            await connection.execute(_SQL["add_attempt"], attempt, prepare=True)

    async def _expansion(
        self,
        connection: AsyncConnection[TupleRow],
        work: Work,
        capabilities: Capabilities,
        read: Prepared,
        row: TupleRow,
        key: dict[str, Any],
    ) -> Expansion:
        effect = Effect(effect_id=work.effect_id, part=row[0], amount_minor=row[1], instruction=_instruction(row[2]))
        patient = work.pms_patient_id or ""
        origin = None if row[4] is None else _placement(row[4])
        if origin is not None and origin.patient == patient:
            # where the entry went that this one belongs to, whoever answers for the account now.
            read = msgspec.structs.replace(read, posts_to=origin.posts_to)
        followers = [
            Effect(effect_id=n, part=part, amount_minor=amount, instruction=_instruction(order))
            for n, part, amount, order in await _rows(connection, "companion_of", key)
        ]
        if not allocate_payment.to_allocate(work, capabilities):
            placed = [allocate_payment.place(each, read, patient) for each in (effect, *followers)]
            return Expansion(changed=tuple(placed))
        laid: list[TupleRow] = []
        ours: list[TupleRow] = []
        if read.charges:
            laid = await _rows(connection, "laid_by_us", key | {"lane": work.lane})
            ours = await _rows(connection, "charged_by_us", key | {"patient_ref": work.instruction.patient_ref})
        return allocate_payment.expand(
            effect,
            followers[0] if followers else None,
            read,
            patient=patient,
            ours={ref for (ref,) in ours},
            laid={ref: int(amount) for ref, amount in laid},
            exactly=capabilities.allocates_exactly,
        )

    async def _apply(
        self, connection: AsyncConnection[TupleRow], work: Work, expansion: Expansion, key: dict[str, Any]
    ) -> None:
        now, at = self._clock.now(), self._clock.for_database()
        changed = [_changed_row(each) for each in expansion.changed]
        await connection.execute(_SQL["change"], key | {"items": _pack(changed).decode(), "now": at}, prepare=True)
        if not expansion.added:
            return
        count = len(expansion.added)
        (last,) = (await _rows(connection, "take_numbers", key | {"count": count}))[0]
        first = last - count + 1
        added = [_added_row(work, part, first + place) for place, part in enumerate(expansion.added)]
        await connection.execute(_SQL["add_parts"], key | {"items": _pack(added).decode(), "now": at})
        results = [result_of(_as_part(work, part), State.SCHEDULED, now) for part in expansion.added]
        await publish(connection, results, [], now, self._group)

    def _attempt(
        self, work: Work, epoch: int, reading: Prepared | ReadFailed, began_at: datetime, ended_at: datetime
    ) -> dict[str, Any]:
        failed = reading if isinstance(reading, ReadFailed) else None
        return {
            "practice_id": work.practice_id,
            "effect_id": work.effect_id,
            "n": next(self._rows),
            "epoch": epoch,
            "generation": work.generation,
            "request_id": work.request_id,
            "began_at": began_at,
            "ended_at": ended_at,
            "answer": type(reading).__name__,
            "scope": None if failed is None else failed.scope.value,
            "code": None if failed is None else failed.code,
            "reading": None if failed is not None else _pack(reading).decode(),
        }


def _still_wanted(row: TupleRow, work: Work) -> bool:
    """Amount and place as they were planned: an expansion happens once."""
    placement = None if row[3] is None else _placement(row[3])
    return bool(row[1] == work.amount_minor and placement == work.placement)


def _changed_row(effect: Effect) -> dict[str, Any]:
    return {
        "n": effect.effect_id,
        "amount_minor": effect.amount_minor,
        "instruction": effect.instruction,
        "placement": effect.placement,
    }


def _added_row(work: Work, part: Part, effect_id: int) -> dict[str, Any]:
    kind, target = part.entry_kind.value, work.target.value
    return {
        "n": effect_id,
        "entry_kind": kind,
        "part": part.part,
        "depends_on": part.depends_on,
        "amount_minor": part.amount_minor,
        "instruction": part.instruction,
        "placement": part.placement,
        "request_id": request_id(work.practice_id, work.source, work.event_id, target, kind, part.part, 1),
    }


def _as_part(work: Work, part: Part) -> Work:
    return msgspec.structs.replace(
        work, entry_kind=part.entry_kind, part=part.part, amount_minor=part.amount_minor, instruction=part.instruction
    )


async def _rows(connection: AsyncConnection[TupleRow], name: str, parameters: dict[str, Any]) -> list[TupleRow]:
    cursor = await connection.execute(_SQL[name], parameters, prepare=True)
    return await cursor.fetchall()
