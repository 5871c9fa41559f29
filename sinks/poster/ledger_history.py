"""What a poster checks of the ledger's history before it claims, and what it keeps outside the ledger (law 4)."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from sinks.ledger.history.broker import ask_broker
from sinks.ledger.history.settle import Evidence, current_stamp, settle
from sinks.ledger.history.stamp_file import Kept, StampFile, StampUnreadableError, kept_by_others, stamp_path
from sinks.ledger.history.stamps import LastMark, LedgerStamp
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.ledger.rows.row_factory import rows_as
from sinks.ledger.schema import era
from sinks.ledger.schema.database import connect
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.ledger.history")
_ERA: Final = named_queries("sinks.ledger.schema", "era.sql")


class Server(msgspec.Struct, frozen=True):
    """The running server and the database. A database is set back only by another process of the server, or as another
    database: while neither changed, nothing has to be asked again."""

    started_at: datetime
    database_oid: int
    database_name: str
    system_id: int


class LedgerHistory:
    """One for a poster process. Its file is made where the settings name a state folder."""

    def __init__(self, settings: ProgramSettings) -> None:
        self._settings = settings
        self._checked: Server | None = None
        self._stamp: LedgerStamp | None = None
        self._file: StampFile | None = None
        self._one_at_a_time = threading.Lock()

    def check(self) -> None:
        """Compare the ledger with what the broker and the file know. Blocks; raises psycopg.Error, KafkaException,
        Transient: then nothing may be claimed."""
        with self._one_at_a_time, connect(self._settings.database_url, "poster-history") as connection:
            server = fetch_one(connection, Server, _SQL["server"])
            if server is None or server == self._checked:
                return
            file = self._opened(server)
            kept, unreadable = _read(file)
            evidence = Evidence(ask_broker(self._settings), kept, unreadable)
            now = self._settings.clock().for_database()
            was_set_back = settle(connection, now, evidence)
            for other in self._others(server):
                was_set_back = settle(connection, now, Evidence(kept=other)) or was_set_back
            self._stamp = current_stamp(connection)
            if file is not None and self._stamp is not None:
                file.write(Kept(self._stamp, None if was_set_back or kept is None else kept.mark))
            self._checked = server

    async def configure(self, connection: AsyncConnection[TupleRow]) -> None:
        """For a pool: a connection to a server that was not compared yet is lent only after that (law 4)."""
        if await self._is_checked(connection):
            return
        await asyncio.to_thread(self.check)
        if not await self._is_checked(connection):
            raise psycopg.OperationalError("the database was restarted while it was looked at")

    def keep(self, mark: LastMark, at_era: int, lsn: int) -> None:
        """Keep a mark that is committed, before its call is sent."""
        if self._stamp is None or self._file is None:
            return
        self._stamp = msgspec.structs.replace(self._stamp, era=at_era, lsn=max(lsn, self._stamp.lsn))
        self._file.write(Kept(self._stamp, mark))

    def close(self) -> None:
        """Close the file, after the last mark."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _is_checked(self, connection: AsyncConnection[TupleRow]) -> bool:
        current = await (
            await connection.cursor(row_factory=rows_as(era.CurrentEra)).execute(_ERA["current_era"])
        ).fetchone()
        server = await (await connection.cursor(row_factory=rows_as(Server)).execute(_SQL["server"])).fetchone()
        return current is not None and current.same_server and server == self._checked

    def _others(self, server: Server) -> list[Kept]:
        """What posters of other slots keep in the same folder: a process may be started again under another number."""
        if self._settings.state_dir is None:
            return []
        mine = stamp_path(self._settings.state_dir, self._settings.slot, server.system_id, server.database_name)
        return kept_by_others(mine)

    def _opened(self, server: Server) -> StampFile | None:
        """The file of this database of this server."""
        self.close()
        if self._settings.state_dir is not None:
            path = stamp_path(self._settings.state_dir, self._settings.slot, server.system_id, server.database_name)
            self._file = StampFile(path)
        return self._file


def _read(file: StampFile | None) -> tuple[Kept | None, bool]:
    """What the file holds, and whether it cannot be read."""
    try:
        return (file.read() if file is not None else None), False
    except StampUnreadableError:
        return None, True
