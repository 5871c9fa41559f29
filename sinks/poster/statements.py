"""The poster's statements as functions: one round trip each, for many gates and effects at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.plan import Instruction
from schemas.vocabulary import EntryKind, State, Target
from sinks.ledger.gates import JITTER_S, refresh_parameters
from sinks.ledger.named_queries import named_queries
from sinks.poster.closed_periods import facts_of
from sinks.poster.connection_leases import Door
from sinks.poster.limiter import Breaker
from sinks.poster.planned_call import Frozen, GateKey, Work
from sinks.poster.practice_lease import Turn
from sinks.targets.catalogue import ROUTES, STAND_IN
from sinks.targets.port import Placement
from streams.fault_injection import Control, CrashPoint, disabled, reach
from streams.runtime.clock import Clock
from streams.settings import ProgramSettings

_GATES: Final = named_queries("sinks.ledger", "gates.sql")

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]

_SQL: Final[dict[str, LiteralString]] = named_queries("sinks.poster")
_pack = msgspec.json.encode
_instruction = msgspec.json.Decoder(Instruction).decode
_placement = msgspec.json.Decoder(Placement).decode
_frozen = msgspec.msgpack.Decoder(Frozen).decode
_freeze = msgspec.msgpack.Encoder().encode


class ClaimedGate(msgspec.Struct, frozen=True):
    """A row of the claim: the gate and its connection, both held now."""

    practice_id: str
    connection_id: str
    epoch: int
    home_practice_id: str
    door_epoch: int
    route: str
    target: str
    changed_at: datetime
    limiter: Any
    breaker: Any
    second_looks: bool
    """Some are due (laws 19 and 20)."""


class Marking(msgspec.Struct, frozen=True):
    """One effect to be marked, with its request."""

    work: Work
    frozen: Frozen
    generation: int
    request_id: str
    digest: bytes


class Ledger:
    """All reads and writes of one poster process but its confirmations. Raises psycopg.Error.

    `owning`: the connections for claims, renewals and releases, whose commits need not wait for the disk.
    """

    def __init__(
        self, connect: Connect, settings: ProgramSettings, clock: Clock, me: str, owning: Connect | None = None
    ) -> None:
        self._connect = connect
        self._owning = owning or connect
        self._clock = clock
        self._me = me
        self._profile = settings.profile
        self._times = settings.times

    @property
    def me(self) -> str:
        """This process, as the owner of gates."""
        return self._me

    def now(self) -> datetime:
        """Business time, for what is checked before a mark."""
        return self._clock.now()

    async def claim(self, free: int) -> list[ClaimedGate]:
        """At most `free` due gates with their connections. The lease is that of each route."""
        rows = await self._run(
            "claim",
            {
                "free": free,
                "me": self._me,
                "routes": list(ROUTES),
                "leases": [self._times.of(route.limits).lease_s for route in ROUTES.values()],
                "other_route": STAND_IN.name,
            },
            self._owning,
        )
        reach(CrashPoint.POSTER_AFTER_CLAIM)
        return [ClaimedGate(*row) for row in rows]

    async def settle_marks(self, turns: Iterable[Turn]) -> list[tuple[str, int, str]]:
        """Marks of earlier owners become UNCERTAIN."""
        gates = [{"p": t.gate[0], "c": t.gate[1], "e": t.epoch, "settle_s": t.door.times.settle_s} for t in turns]
        return [(p, n, target) for p, n, target in await self._run("settle_marks", {"gates": _pack(gates).decode()})]

    async def plan(self, turns: Sequence[Turn]) -> dict[GateKey, list[Work]]:
        """What each gate could do from now on, oldest first."""
        gates = [{"p": t.gate[0], "c": t.gate[1], "home": t.door.key[0], "most": t.plan_size} for t in turns]
        found: dict[GateKey, list[Work]] = {turn.gate: [] for turn in turns}
        rows = await self._run("plan", {"gates": _pack(gates).decode(), "budget_s": self._times.retry_budget_s})
        for row in rows:
            work = work_of(row)
            found[work.gate].append(work)
        return found

    async def mark(self, markings: Sequence[Marking], turns: Sequence[Turn]) -> dict[tuple[str, int], int]:
        """SENDING for those that still may; answers their attempt numbers. Committed when this returns (law 16)."""
        reach(CrashPoint.POSTER_BEFORE_MARK)
        items: dict[GateKey, list[dict[str, Any]]] = {turn.gate: [] for turn in turns}
        versions: dict[GateKey, int | None] = {}
        for m in markings:
            versions[m.work.gate] = m.work.facts.settings_version
            items[m.work.gate].append(
                {
                    "n": m.work.effect_id,
                    "generation": m.generation,
                    "request_id": m.request_id,
                    "payload": _freeze(m.frozen),
                    "digest": m.digest,
                    "ledger_date": m.frozen.ledger_date,
                }
            )
        gates = [
            {
                "p": t.gate[0],
                "c": t.gate[1],
                "e": t.epoch,
                "need_s": t.door.times.mark_need_s,
                "version": versions[t.gate],
                "items": items[t.gate],
            }
            for t in turns
            if t.gate in versions
        ]
        rows = await self._run(
            "mark",
            {"gates": _pack(gates).decode(), "me": self._me, "skip_state_test": disabled(Control.OUTER_STATE_TEST)},
        )
        return {(practice_id, effect_id): attempt for practice_id, effect_id, attempt in rows}

    async def look_first(self, looks: Sequence[tuple[Work, Turn]]) -> None:
        """Heads that must be looked for before any send become UNCERTAIN (law 4)."""
        items = [
            {
                "p": work.practice_id,
                "c": work.connection_id,
                "n": work.effect_id,
                "e": turn.epoch,
                "settle_s": turn.door.times.settle_s,
            }
            for work, turn in looks
        ]
        await self._run("look_first", {"items": _pack(items).decode(), "me": self._me})

    async def load_connection(self, home: str, connection_id: str) -> tuple[Any, ...] | None:
        rows = await self._run("load_connection", {"home": home, "connection_id": connection_id})
        return rows[0] if rows else None

    async def renew(self, turns: Sequence[Turn], doors: Sequence[Door]) -> tuple[set[GateKey], set[GateKey]]:
        """Extends leases; answers the gates and connections that are still ours."""
        gates = [{"p": t.gate[0], "c": t.gate[1], "e": t.epoch, "lease_s": t.door.times.lease_s} for t in turns]
        held = [{"p": d.key[0], "c": d.key[1], "e": d.epoch, "lease_s": d.times.lease_s} for d in doors]
        mine = await self._run("renew", {"gates": _pack(gates).decode(), "me": self._me}, self._owning)
        open_doors = await self._run("renew_doors", {"doors": _pack(held).decode(), "me": self._me}, self._owning)
        return {(p, c) for p, c in mine}, {(p, c) for p, c in open_doors}

    async def release(self, turns: Sequence[Turn], pause_s: float) -> None:
        """1. Lock those that are still ours. 2. Recompute when they have work, first of those that have some now.
        3. Give them back (PROTOCOL section 2)."""
        gates = [{"p": t.gate[0], "c": t.gate[1], "e": t.epoch} for t in turns]
        now = self._clock.for_database()
        async with self._owning() as connection, connection.transaction():
            cursor = await connection.execute(
                _SQL["lock_gates"], {"gates": _pack(gates).decode(), "me": self._me}, prepare=True
            )
            mine = [(str(p), str(c)) for p, c in await cursor.fetchall()]
            if not mine:
                return
            parameters = refresh_parameters(mine, now=now, jitter_s=JITTER_S[self._profile])
            cursor = await connection.execute(_SQL["still_due"], parameters, prepare=True)
            due = {(str(p), str(c)) for p, c in await cursor.fetchall()}
            if rest := [gate for gate in mine if gate not in due]:
                parameters = refresh_parameters(rest, now=now, jitter_s=JITTER_S[self._profile])
                await connection.execute(_GATES["refresh"], parameters, prepare=True)
            moved = {turn.gate for turn in turns if turn.moved}
            rests = {turn.gate: turn.rests_until for turn in turns}
            back = [
                {"p": p, "c": c, "pause_s": 0.0 if (p, c) in moved else pause_s, "rests_until": rests[p, c]}
                for p, c in mine
            ]
            parameters = {"gates": _pack(back).decode(), "now": now, "jitter_s": JITTER_S[self._profile]}
            await connection.execute(_SQL["release"], parameters, prepare=True)

    async def release_doors(self, doors: Iterable[Door]) -> None:
        """Gives connections back, with what the next owner must know of limiter and breaker."""
        rows = [
            {
                "p": d.key[0],
                "c": d.key[1],
                "e": d.epoch,
                "limiter": d.limiter,
                "breaker": None if d.breaker == Breaker() else d.breaker,
            }
            for d in doors
        ]
        await self._run("release_doors", {"doors": _pack(rows).decode(), "me": self._me}, self._owning)

    async def close_door(self, door: Door, reason: str, wait_s: float) -> None:
        """Closes a connection and every gate that names it for `wait_s` (law 22)."""
        await self._run(
            "close_door",
            {
                "home": door.key[0],
                "connection_id": door.key[1],
                "epoch": door.epoch,
                "me": self._me,
                "reason": reason,
                "wait_s": wait_s,
                "breaker": _pack(door.breaker).decode(),
            },
        )

    async def open_door(self, door: Door) -> None:
        """The target answers again."""
        await self._run(
            "open_door",
            {"home": door.key[0], "connection_id": door.key[1], "epoch": door.epoch, "me": self._me},
        )

    async def _run(self, name: str, parameters: dict[str, Any], connect: Connect | None = None) -> list[TupleRow]:
        async with (connect or self._connect)() as connection:
            cursor = await connection.execute(
                _SQL[name], {"now": self._clock.for_database(), **parameters}, prepare=True
            )
            return await cursor.fetchall() if cursor.description else []


def work_of(row: TupleRow) -> Work:
    """A row of `plan`."""
    payload = row[17]
    target, origin = Target(row[6]), None if row[34] is None else _frozen(row[34])
    # R-13, E-12: what belongs to an entry that stands goes where that went, whoever is linked now.
    patient = origin.pms_patient_id if origin is not None and row[11] and origin.pms_patient_id else row[28]
    return Work(
        practice_id=row[0],
        connection_id=row[1],
        effect_id=row[2],
        source=row[3],
        event_id=row[4],
        subject=row[5],
        target=target,
        entry_kind=EntryKind(row[7]),
        part=row[8],
        lane=row[9],
        depends_on=row[10],
        origin_posted=row[11],
        state=State(row[12]),
        reason=row[13],
        look_first=row[14],
        generation=row[15],
        request_id=row[16],
        frozen=None if payload is None else _frozen(payload),
        attempts=row[18],
        epoch=row[19],
        sent_at=row[20],
        settled=row[21],
        aged=row[22],
        settings_version=row[23],
        instruction=_instruction(row[24]),
        amount_minor=row[25],
        currency=row[26],
        ledger_date=row[27],
        pms_patient_id=patient,
        facts=facts_of(settings_version=row[29], master=row[30], calendar=row[31], connected=row[32]),
        origin_id=row[33],
        origin=origin if target is Target.QUICKBOOKS else None,
        placement=None if row[35] is None else _placement(row[35]),
        origin_elsewhere=row[36],
    )
