"""Stores appointments and their procedures, and removes what is gone or old. In the page store's transactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_value_async
from sinks.sync.access import SyncAccess
from sinks.sync.records import StoredRead
from sinks.sync.schedule import done_since, window_until
from sinks.targets.reading import MirrorPage, ReadKind
from sinks.targets.schedule import MirrorAppointment, MirrorProcedure

STRETCH: Final = 5_000
"""Rows of one statement that looks for what is gone."""

_SQL: Final = named_queries("sinks.sync", "appointments.sql")

FORGET_SCHEDULE: Final = (_SQL["forget_appointments"], _SQL["forget_procedures"])
"""Statements that forget what was read from another account, a stretch each; true while there may be more."""

Sweep = Callable[[AsyncConnection[Any], str], Awaitable[str | None]]
"""Looks through a stretch after this number in the caller's transaction, and removes what is gone or old. The last
number of it; None: there was none."""


class ScheduleRows:
    """Of one practice. Methods raise psycopg.Error."""

    def __init__(self, access: SyncAccess, practice_id: str) -> None:
        self._access = access
        self._practice_id = practice_id

    async def put(self, connection: AsyncConnection[Any], read: StoredRead, page: MirrorPage) -> None:
        """A page's rows; those that are deleted, or attached to no appointment, are removed."""
        at = read.run_began_at or self._access.clock.now()
        appointments = {each.appointment_id: each for each in page.appointments}
        standing = [each for each in appointments.values() if not each.deleted]
        await self._put_appointments(connection, read, standing)
        await self._drop(connection, "drop_appointments", [n for n, each in appointments.items() if each.deleted])
        procedures = {each.procedure_id: each for each in page.procedures}
        kept = [each for each in procedures.values() if is_kept(each, at)]
        await self._put_procedures(connection, read, kept)
        gone = [number for number, each in procedures.items() if not is_kept(each, at)]
        await self._drop(connection, "drop_procedures", gone)

    def sweeps(self, read: StoredRead, at: datetime) -> list[Sweep]:
        """What is to be looked through at the end of a read."""
        names = {ReadKind.APPOINTMENTS: "sweep_appointments", ReadKind.PROCEDURES: "sweep_procedures"}
        if read.kind not in names:
            return []
        given = self._of_run(read) | {
            "window_from": read.run_window or at.date(),
            "window_until": window_until(at),
            "done_since": done_since(at),
            "whole": read.run_whole_from is not None and not read.run_skipped,
            "most": STRETCH,
        }
        return [partial(swept, _SQL[names[read.kind]], given)]

    async def _put_appointments(
        self, connection: AsyncConnection[Any], read: StoredRead, rows: Sequence[MirrorAppointment]
    ) -> None:
        if not rows:
            return
        given = {
            "ids": [each.appointment_id for each in rows],
            "patients": [each.pms_patient_id for each in rows],
            "days": [each.day for each in rows],
            "times": [each.starts_at for each in rows],
            "states": [each.state.value for each in rows],
            "providers": [each.provider_id for each in rows],
            "details": [self._sealed(appointment_owner(each.appointment_id), each.detail) for each in rows],
        }
        await connection.execute(_SQL["put_appointments"], self._of_run(read) | given)

    async def _put_procedures(
        self, connection: AsyncConnection[Any], read: StoredRead, rows: Sequence[MirrorProcedure]
    ) -> None:
        if not rows:
            return
        given = {
            "ids": [each.procedure_id for each in rows],
            "appointments": [each.appointment_id for each in rows],
            "patients": [each.pms_patient_id for each in rows],
            "fees": [each.fee_minor for each in rows],
            "done_on": [each.done_on for each in rows],
            "changed_on": [each.changed_on for each in rows],
            "details": [self._sealed(procedure_owner(each.procedure_id), each.detail) for each in rows],
        }
        await connection.execute(_SQL["put_procedures"], self._of_run(read) | given)

    async def _drop(self, connection: AsyncConnection[Any], name: str, ids: list[str]) -> None:
        if ids:
            await connection.execute(_SQL[name], {"practice_id": self._practice_id, "ids": ids})

    def _sealed(self, owner: str, detail: str) -> bytes:
        """Bound to its practice and row (H-13)."""
        return self._access.keys.seal(self._practice_id, owner, detail.encode())

    def _of_run(self, read: StoredRead) -> dict[str, Any]:
        return {"practice_id": self._practice_id, "run": read.run, "now": self._access.clock.for_database()}


async def swept(
    query: LiteralString, given: dict[str, Any], connection: AsyncConnection[Any], after: str
) -> str | None:
    """One stretch of a sweep."""
    last: str | None = await fetch_value_async(connection, query, given | {"after": after})
    return last


def is_kept(procedure: MirrorProcedure, at: datetime) -> bool:
    """Whether a procedure is part of what an appointment in the mirror costs. Pure."""
    is_past = procedure.done_on is not None and procedure.done_on < done_since(at)
    return not procedure.deleted and procedure.appointment_id != "" and not is_past


def appointment_owner(appointment_id: str) -> str:
    """What an appointment's sealed detail is bound to, beside the practice."""
    return f"mirror appointment {appointment_id}"


def procedure_owner(procedure_id: str) -> str:
    """What a procedure's sealed detail is bound to, beside the practice."""
    return f"mirror procedure {procedure_id}"
