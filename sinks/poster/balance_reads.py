"""The balance read before a posting (ALL-1, G2, law 18): asked of the target, stored as it was, and applied once."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.vocabulary import ConnectionReason, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import effect_result
from sinks.ledger.request_ids import request_id
from sinks.poster import allocate_payment, counters
from sinks.poster.allocate_payment import Allocated, EffectPart
from sinks.poster.call_outcome import Closing
from sinks.poster.failed_reads import FailedReads
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import entry_of
from sinks.poster.publications import enqueue
from sinks.poster.read_rows import read_rows
from sinks.targets.foreign_values import bounded_prepared
from sinks.targets.port import Capabilities, PaymentTarget, Placement, Prepared, ReadFailed, Scope
from streams.fault_injection import CrashPoint, reach
from streams.runtime.logging import log

_LOG: Final = log(__name__)
_SQL: Final = named_queries("sinks.poster", "balance_reads.sql")
_LOCK: Final = named_queries("sinks.poster", "held_before_send.sql")["lock_practices"]
_pack = msgspec.json.encode


class PartToPlace(EffectPart, frozen=True, kw_only=True):
    """The effect that the read was made for, as it stands under the practice's lock."""

    origin_placement: Placement | None
    """Where the entry went that it depends on."""


class PaidCharge(msgspec.Struct, frozen=True, kw_only=True):
    """What our own entries, still to be sent, will pay of one charge."""

    ref: str
    amount_minor: int


class OwnCharge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge that this program wrote."""

    ref: str


class NumbersTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The practice's counter after the numbers of new effects were taken from it."""

    seq: int


class BalanceReader:
    """Of one poster process. Safe to repeat at any instant: what is stored is stored once, or not at all."""

    def __init__(self, access: LedgerAccess, failed: FailedReads) -> None:
        self._access = access
        self._failed = failed
        self._rows = itertools.count(1)

    async def read(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> Closing | None:
        """1. Read, outside any transaction. 2. Store the read, and what follows from it, under the practice's lock.

        A read that fails for the connection closes it; one that fails for this entry alone puts it off. Neither burns
        an attempt (law 22).
        Raises psycopg.Error; then nothing is stored, and a later plan finds the effect as it was.
        """
        began_at = datetime.now(UTC)
        reading = await self._read(call, target, lease.connection.times.deadline_s)
        ended_at = datetime.now(UTC)
        counters.prepared(lease.connection.route, reading, (ended_at - began_at).total_seconds())
        reach(CrashPoint.POSTER_AFTER_BALANCE)
        attempt = self._attempt(call, lease.epoch, reading, began_at, ended_at)
        if isinstance(reading, ReadFailed):
            async with self._access.connect() as connection:
                await connection.execute(_SQL["add_attempt"], attempt)
            if reading.scope is Scope.EFFECT:
                await self._failed.put_off(call, lease, reading)
                return None
            return Closing(reading.reason or ConnectionReason.TARGET_DOWN, reading.retry_after_s)
        await self._store(call, target.capabilities, lease.epoch, reading, attempt)
        reach(CrashPoint.POSTER_AFTER_EXPANSION)
        return None

    async def _read(self, call: PlannedCall, target: PaymentTarget, deadline_s: float) -> Prepared | ReadFailed:
        try:
            return bounded_prepared(await target.prepare(entry_of(call), deadline_s))
        except Exception as error:  # noqa: BLE001 - nothing was sent, and nothing is known of the target
            _LOG.failure("an adapter raised instead of reading", error, effect_id=call.effect_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

    async def _store(
        self, call: PlannedCall, capabilities: Capabilities, epoch: int, read: Prepared, attempt: dict[str, Any]
    ) -> None:
        """One transaction: 1. the practice's lock; 2. in later statements the facts as they stand now; 3. amounts,
        places and new parts, with their results; 4. the attempt. Does nothing where somebody else was quicker."""
        key = {"practice_id": call.practice_id, "effect_id": call.effect_id, "connection_id": call.connection_id}
        async with self._access.connect() as connection, connection.transaction():
            await connection.execute(_LOCK, {"practice_ids": [call.practice_id]}, prepare=True)
            ours = key | {"epoch": epoch, "me": self._access.me}
            owned = await connection.execute(_SQL["gate_is_ours"], ours, prepare=True)
            found = await read_rows(connection, PartToPlace, _SQL["to_place"], key)
            if not owned.rowcount or not found or not _still_wanted(found[0], call):
                return
            allocated = await _allocated(connection, call, capabilities, read, found[0], key)
            await self._apply(connection, call, allocated, key)
            await connection.execute(_SQL["add_attempt"], attempt, prepare=True)

    async def _apply(
        self, connection: AsyncConnection[TupleRow], call: PlannedCall, allocated: Allocated, key: dict[str, Any]
    ) -> None:
        now, at = self._access.clock.now(), self._access.clock.for_database()
        changed = [_changed_row(each) for each in allocated.changed]
        await connection.execute(_SQL["change"], key | {"items": _pack(changed).decode(), "now": at}, prepare=True)
        if not allocated.added:
            return
        count = len(allocated.added)
        (taken,) = await read_rows(connection, NumbersTaken, _SQL["take_numbers"], key | {"count": count})
        first = taken.seq - count + 1
        added = [_added_row(call, part, first + place) for place, part in enumerate(allocated.added)]
        await connection.execute(_SQL["add_parts"], key | {"items": _pack(added).decode(), "now": at})
        results = [effect_result(_as_part(call, part), State.SCHEDULED, at=now) for part in allocated.added]
        await enqueue(connection, results)

    def _attempt(
        self, call: PlannedCall, epoch: int, reading: Prepared | ReadFailed, began_at: datetime, ended_at: datetime
    ) -> dict[str, Any]:
        failed = reading if isinstance(reading, ReadFailed) else None
        return {
            "practice_id": call.practice_id,
            "effect_id": call.effect_id,
            "n": next(self._rows),
            "epoch": epoch,
            "generation": call.generation,
            "request_id": call.request_id,
            "began_at": began_at,
            "ended_at": ended_at,
            "answer": type(reading).__name__,
            "scope": None if failed is None else failed.scope.value,
            "code": None if failed is None else failed.code,
            "reading": None if failed is not None else _pack(reading).decode(),
        }


async def _allocated(
    connection: AsyncConnection[TupleRow],
    call: PlannedCall,
    capabilities: Capabilities,
    read: Prepared,
    effect: PartToPlace,
    key: dict[str, Any],
) -> Allocated:
    patient = call.pms_patient_id or ""
    if effect.origin_placement is not None and effect.origin_placement.patient == patient:
        # where the entry went that this one belongs to, whoever answers for the account now.
        read = msgspec.structs.replace(read, posts_to=effect.origin_placement.posts_to)
    before = allocate_payment.goes_before_payment(call)
    followers = await read_rows(connection, EffectPart, _SQL["payment_of" if before else "companion_of"], key)
    if not allocate_payment.goes_to_charges(call, capabilities) or (before and not followers):
        placed = [allocate_payment.place(each, read, patient) for each in (effect, *followers)]
        return Allocated(changed=tuple(placed))
    paid: list[PaidCharge] = []
    own: list[OwnCharge] = []
    if read.charges:
        paid = await read_rows(
            connection, PaidCharge, _SQL["paid_by_us"], key | {"lane": call.lane, "patient": patient}
        )
        own = await read_rows(
            connection, OwnCharge, _SQL["charged_by_us"], key | {"patient_ref": call.instruction.patient_ref}
        )
    companion = followers[0] if followers else None
    payment, companion = (followers[0], effect) if before else (effect, companion)
    return allocate_payment.allocate(
        payment,
        companion,
        read,
        patient=patient,
        own_charges={charge.ref for charge in own},
        on_their_way={charge.ref: charge.amount_minor for charge in paid},
        exactly=capabilities.allocation_follows,
    )


def _still_wanted(effect: EffectPart, call: PlannedCall) -> bool:
    """Amount and place as they were planned: a payment is allocated once."""
    return effect.amount_minor == call.amount_minor and effect.placement == call.placement


def _changed_row(effect: EffectPart) -> dict[str, Any]:
    return {
        "n": effect.effect_id,
        "amount_minor": effect.amount_minor,
        "instruction": effect.instruction,
        "placement": effect.placement,
    }


def _added_row(call: PlannedCall, part: EffectPart, effect_id: int) -> dict[str, Any]:
    kind, target = part.entry_kind.value, call.target.value
    return {
        "n": effect_id,
        "entry_kind": kind,
        "part": part.part,
        "depends_on": part.depends_on,
        "amount_minor": part.amount_minor,
        "instruction": part.instruction,
        "placement": part.placement,
        "request_id": request_id(call.practice_id, call.source, call.event_id, target, kind, part.part, 1),
    }


def _as_part(call: PlannedCall, part: EffectPart) -> PlannedCall:
    return msgspec.structs.replace(
        call, entry_kind=part.entry_kind, part=part.part, amount_minor=part.amount_minor, instruction=part.instruction
    )
