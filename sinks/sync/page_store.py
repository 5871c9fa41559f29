"""Stores what was read, page by page, each in one transaction under the reader's fence.

The mirror is no part of the books: its writers lock their practice's row of `mirror_practices` and no other, and a page
of a reader whose turn has passed to another is void (`TurnLostError`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_value_async
from sinks.sync.access import SyncAccess
from sinks.sync.changes import Suspect, Watch
from sinks.sync.coverage_rows import FORGET_COVERAGE, CoverageRows
from sinks.sync.patient_tokens import Prints, form_of, prints_columns, prints_of, tokens_column
from sinks.sync.records import Claimed, StoredRead
from sinks.sync.schedule_rows import FORGET_SCHEDULE, ScheduleRows
from sinks.targets.choices import Choice
from sinks.targets.port import OriginState
from sinks.targets.reading import MirrorEntry, MirrorPage, MirrorPatient, ReadKind
from streams.fault_injection import Control, disabled
from streams.runtime.errors import Fenced

LEASE_S: Final = 300.0
"""Of a practice's turn; each stored page renews it. A page takes a minute or two at most."""
STRETCH: Final = 5_000
"""Rows of one statement that looks for what is gone, or forgets what is void."""

OPEN_CHANGES: Final = frozenset({OriginState.GONE.value, OriginState.CHANGED.value})

_CHANGES: Final = named_queries("sinks.sync", "changes.sql")
_CLAIMS: Final = named_queries("sinks.sync", "claims.sql")
_SQL: Final = named_queries("sinks.sync", "pages.sql")
_TOKENS: Final = named_queries("sinks.sync", "token_fill.sql")


class TurnLostError(Fenced):
    """The turn has passed to another reader: what this one still holds is void. Ends the turn, not the role."""


class PageStore:
    """Of one turn. Methods raise psycopg.Error and TurnLostError; then nothing of the page is stored."""

    def __init__(self, access: SyncAccess, claimed: Claimed) -> None:
        self._access = access
        self._claimed = claimed
        self._schedule = ScheduleRows(access, claimed.practice_id)
        self._coverage = CoverageRows(access, claimed.practice_id)

    async def reads(self) -> dict[ReadKind, StoredRead]:
        """How far each kind has come."""
        async with self._access.connect() as connection:
            found = await fetch_all_async(connection, StoredRead, _SQL["reads"], self._key)
        return {each.kind: each for each in found}

    async def begin(self, kind: ReadKind, since: str | None, window_from: date, began_at: datetime) -> None:
        """A new read of a kind: from its watermark, or of everything."""
        given = {"kind": kind.value, "since": since, "window_from": window_from, "began_at": began_at}
        async with self._fenced() as connection:
            await connection.execute(_SQL["begin_run"], self._key | given)

    async def keep_page(self, read: StoredRead, page: MirrorPage) -> None:
        """A page, and the place where the next one begins; `read` is how it stands with this page in it."""
        async with self._fenced() as connection:
            await self._put_patients(connection, read, page.patients)
            await self._put_entries(connection, read, page.entries)
            await self._schedule.put(connection, read, page)
            await self._coverage.put(connection, read, page)
            await self._advance(connection, read)

    async def keep_choices(self, read: StoredRead, choices: Sequence[Choice]) -> None:
        """A whole list at once."""
        given = self._of_run(read) | {
            "kinds": [each.kind for each in choices],
            "values": [each.value for each in choices],
            "names": [each.name for each in choices],
            "details": [each.detail for each in choices],
            "usable": [bool(each.fields) for each in choices],
        }
        async with self._fenced() as connection:
            await connection.execute(_SQL["put_choices"], given)
            await connection.execute(_SQL["forget_choices"], given)
            await self._end(connection, read, whole=True)

    async def sweep_patients(self, read: StoredRead) -> str | None:
        """Marks one stretch of those that a whole read did not show as gone; the last number of it, None at the end."""
        given = self._of_run(read) | {"after": read.run_swept or "", "most": STRETCH}
        async with self._fenced() as connection:
            last: str | None = await fetch_value_async(connection, _SQL["patients_gone"], given)
            await self._advance(connection, msgspec.structs.replace(read, run_swept=last))
        return last

    async def end(self, read: StoredRead, *, whole: bool) -> None:
        """The read has ended: what it did not show and would have is gone, and what is old is forgotten."""
        for sweep in (*self._schedule.sweeps(read, self._claimed.round_at), *self._coverage.sweeps(read)):
            after: str | None = ""
            while after is not None:
                async with self._fenced() as connection:
                    after = await sweep(connection, after)
        async with self._fenced() as connection:
            if read.run_window is not None and read.kind in (ReadKind.PAYMENTS, ReadKind.ADJUSTMENTS):
                if read.run_whole_from is not None and not read.run_skipped:
                    gone = self._of_run(read) | {"made_from": read.run_whole_from}
                    await connection.execute(_SQL["entries_gone"], gone)
                old = self._of_run(read) | {"made_before": read.run_window, "most": STRETCH}
                await connection.execute(_SQL["forget_entries"], old)
            await self._end(connection, read, whole=whole)

    async def give_up(self, kind: ReadKind, code: str) -> None:
        """This kind cannot be read: it begins anew with the next round."""
        async with self._fenced() as connection:
            await connection.execute(_SQL["give_up_run"], self._key | {"kind": kind.value, "code": code})

    async def suspects(self, watch: Watch) -> list[Suspect]:
        """Entries of ours that are to be looked at."""
        async with self._access.connect() as connection:
            return await fetch_all_async(connection, Suspect, _CHANGES["suspects"], self._key | watch.parameters())

    async def keep_look(self, effect_id: int, state: str) -> bool:
        """What a look at an entry found; True where it is gone or changed and that was not known."""
        given = {"effect_id": effect_id, "state": state, "is_change": state in OPEN_CHANGES}
        async with self._fenced() as connection:
            return bool(await fetch_value_async(connection, _CHANGES["keep_look"], self._key | given))

    async def forget(self, account: str) -> None:
        """What was read from another account is void: its numbers name other people here."""
        for query in (_SQL["forget_patients"], _SQL["forget_ledger"], *FORGET_SCHEDULE, *FORGET_COVERAGE):
            more = True
            while more:
                async with self._fenced() as connection:
                    more = bool(await fetch_value_async(connection, query, self._key | {"most": STRETCH}))
        async with self._fenced() as connection:
            for name in ("forget_reads", "forget_lists", "keep_account"):
                await connection.execute(_SQL[name], self._key | {"account": account})

    @asynccontextmanager
    async def _fenced(self) -> AsyncIterator[AsyncConnection[Any]]:
        """One transaction, while the turn is this reader's: renewed, and locked against the next one."""
        fence = self._key | {"me": self._access.me, "epoch": self._claimed.epoch, "lease_s": LEASE_S}
        async with self._access.connect() as connection, connection.transaction():
            renewed = await fetch_value_async(connection, _CLAIMS["renew"], fence)
            if renewed is None and not disabled(Control.MIRROR_FENCE):
                raise TurnLostError(f"another reader has {self._claimed.practice_id} now")
            yield connection

    async def _put_patients(
        self, connection: AsyncConnection[Any], read: StoredRead, patients: Sequence[MirrorPatient]
    ) -> None:
        if not patients:
            return
        once = {each.pms_patient_id: each for each in patients}.values()
        prints = await asyncio.to_thread(self._prints, once)
        given = {
            "ids": [each.pms_patient_id for each in once],
            "name_prints": [each.name for each in prints],
            "date_prints": [each.date for each in prints],
            "guarantors": [each.guarantor_id for each in once],
            "in_use": [each.in_use for each in once],
            "identities": [self._sealed(each) for each in once],
            "tokens": await asyncio.to_thread(self._tokens, once),
            "tokens_by": self._access.token_keys.made_by,
        }
        await connection.execute(_SQL["put_patients"], self._of_run(read) | given)
        practice_id = self._claimed.practice_id
        rows = [(practice_id, each.pms_patient_id, made) for each, made in zip(once, prints, strict=True)]
        await connection.execute(_TOKENS["settle_links"], prints_columns(rows))

    def _sealed(self, patient: MirrorPatient) -> bytes:
        """Bound to its practice and number, so that no row's identity opens as another's (H-13)."""
        owner = identity_owner(patient.pms_patient_id)
        return self._access.keys.seal(self._claimed.practice_id, owner, msgspec.json.encode(patient.identity))

    def _tokens(self, patients: Iterable[MirrorPatient]) -> list[str]:
        """By which the sealed identities are found."""
        keys, practice_id = self._access.token_keys, self._claimed.practice_id
        return [tokens_column(keys, practice_id, each.identity) for each in patients]

    def _prints(self, patients: Iterable[MirrorPatient]) -> list[Prints]:
        """By which a record that has become somebody else's is noticed."""
        keys, practice_id = self._access.token_keys, self._claimed.practice_id
        return [prints_of(keys, practice_id, form_of(each.identity)) for each in patients]

    async def _put_entries(
        self, connection: AsyncConnection[Any], read: StoredRead, entries: Sequence[MirrorEntry]
    ) -> None:
        if not entries:
            return
        once = {each.external_id: each for each in entries}.values()
        given = {
            "ids": [each.external_id for each in once],
            "patients": [each.pms_patient_id for each in once],
            "minors": [each.amount_minor for each in once],
            "entry_dates": [each.entry_date for each in once],
            "made_on": [each.made_on for each in once],
            "marked": [each.marked for each in once],
            "deleted": [each.deleted for each in once],
        }
        await connection.execute(_SQL["put_entries"], self._of_run(read) | given)

    async def _advance(self, connection: AsyncConnection[Any], read: StoredRead) -> None:
        given = {
            "position": read.run_position,
            "watermark": read.run_watermark,
            "whole_from": read.run_whole_from,
            "swept": read.run_swept,
            "rows": read.run_rows,
            "skipped": read.run_skipped,
        }
        await connection.execute(_SQL["advance_run"], self._of_run(read) | given)

    async def _end(self, connection: AsyncConnection[Any], read: StoredRead, *, whole: bool) -> None:
        given = {"whole": whole, "rows": read.run_rows, "skipped": read.run_skipped}
        await connection.execute(_SQL["end_run"], self._of_run(read) | given)

    def _of_run(self, read: StoredRead) -> dict[str, Any]:
        return self._key | {"kind": read.kind.value, "run": read.run}

    @property
    def _key(self) -> dict[str, Any]:
        return {"practice_id": self._claimed.practice_id, "now": self._access.clock.for_database()}


def identity_owner(pms_patient_id: str) -> str:
    """What a patient's sealed identity is bound to, beside the practice. No connection has such an id."""
    return f"mirror patient {pms_patient_id}"
