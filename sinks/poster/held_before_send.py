"""Effects that the check before the mark held or refused: written under the practice's lock (law 8)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.vocabulary import DeadLetterReason, DecisionReason, Stage, State
from sinks.ledger.named_queries import named_queries
from sinks.poster import counters
from sinks.poster.planned_call import Dead, Held, Work
from sinks.poster.publications import Death, publish, result_of
from sinks.poster.statements import Connect
from streams.runtime.clock import Clock

_SQL: Final = named_queries("sinks.poster")


class Unsent:
    """Gathers them during one round and stores them together; rare, so it costs the others nothing."""

    def __init__(self, connect: Connect, clock: Clock, group: str) -> None:
        self._connect = connect
        self._clock = clock
        self._group = group
        self._held: list[tuple[Work, str, Held]] = []
        self._dead: list[tuple[Work, Dead]] = []

    @property
    def waiting(self) -> bool:
        return bool(self._held or self._dead)

    def add(self, work: Work, home_practice_id: str, found: Held | Dead) -> None:
        if isinstance(found, Held):
            self._held.append((work, home_practice_id, found))
        else:
            self._dead.append((work, found))

    async def store(self) -> None:
        """1. Lock the practices, sorted. 2. In later statements, write what still holds. 3. Results, dead letters.

        Raises psycopg.Error; then nothing is stored, and a later plan finds the same again.
        """
        held, self._held = self._held, []
        dead, self._dead = self._dead, []
        now = self._clock.now()
        practices = sorted({work.practice_id for work, *_ in held} | {work.practice_id for work, _ in dead})
        async with self._connect() as connection, connection.transaction():
            await connection.execute(_SQL["lock_practices"], {"practice_ids": practices})
            applied = await self._apply(connection, "hold", [_held_row(w, home, found) for w, home, found in held])
            applied |= await self._apply(connection, "die_unsent", [_dead_row(w, found) for w, found in dead])
            results = [result_of(w, found.state, now, reason=_told(found)) for w, _, found in held if w.key in applied]
            deaths = [_death(w, found) for w, found in dead if w.key in applied]
            results += [result_of(d.work, d.state, now, reason=d.reason, attempt=d.attempt) for d in deaths]
            await publish(connection, results, deaths, now, self._group)
        moves = [(w, found.state) for w, _, found in held] + [(w, found.verdict.state) for w, found in dead]
        for work, state in moves:
            if work.key in applied:
                counters.moved(work.target.value, work.state.value, state.value)

    async def _apply(self, connection: Any, name: str, rows: list[dict[str, Any]]) -> set[tuple[str, int]]:
        if not rows:
            return set()
        cursor = await connection.execute(
            _SQL[name], {"items": msgspec.json.encode(rows).decode(), "now": self._clock.for_database()}
        )
        return {(str(p), int(n)) for p, n in await cursor.fetchall()}


def _told(found: Held) -> DecisionReason | None:
    """What people hear of: a missing link is news, though the decision's reason stays (`resolving.said_reason`)."""
    return DecisionReason.PATIENT_NOT_LINKED if found.state is State.AWAITING_LINK else found.reason


def _held_row(work: Work, home_practice_id: str, found: Held) -> dict[str, Any]:
    return {
        "p": work.practice_id,
        "c": work.connection_id,
        "home": home_practice_id,
        "n": work.effect_id,
        "to_state": found.state.value,
        "reason": None if found.reason is None else found.reason.value,
        "version": work.facts.settings_version,
    }


def _dead_row(work: Work, found: Dead) -> dict[str, Any]:
    return {
        "p": work.practice_id,
        "n": work.effect_id,
        "from_state": work.state.value,
        "to_state": found.verdict.state.value,
        "reason": _reason(found).value,
        "version": work.facts.settings_version,
    }


def _death(work: Work, found: Dead) -> Death:
    return Death(
        work=work,
        state=found.verdict.state,
        reason=_reason(found),
        stage=Stage.POST,
        attempt=work.attempts,
        field=found.field,
        generation_sent=work.sent_at is not None,
    )


def _reason(found: Dead) -> DeadLetterReason:
    return found.verdict.reason or DeadLetterReason.REFUSED_BY_TARGET
