"""A connection's OAuth secrets, and the one place where they are read and renewed in the ledger (S-1, S-2, P-12)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.row_factory import rows_as
from sinks.targets.credentials import KeyRing
from sinks.targets.mapping_error import MappingError

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
"""Gives a database connection for one short transaction: a pool's `connection`, or one of its own."""

LOCK_WAIT_S: Final = 9
"""Longer than a renewal by another worker may take, shorter than the statement's limit (PROTOCOL section 5)."""

_SQL: Final = named_queries("sinks.targets.quickbooks", "oauth_secrets.sql")


class SecretsError(MappingError):
    """Secrets that cannot be; the message names the field, never its value."""


class Secrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the envelope holds. Never printed: `repr` shows no field."""

    client_id: str
    client_secret: str
    refresh_token: str
    access_token: str | None = None
    renew_at: datetime | None = None
    """Machine time from which the access token is renewed before it is used."""
    earlier_refresh_token: str | None = None
    """The one before: tried once where the newest is refused, because a crash can hide which of the two counts."""

    refresh_until: datetime | None = None
    """Machine time at which the refresh token ends unless it is used before."""

    def __repr__(self) -> str:
        return "Secrets(…)"


class _SealedSecret(msgspec.Struct, frozen=True):
    """The columns of `connections` that hold the secret."""

    secret: bytes | None
    secret_version: int


class Stored(msgspec.Struct, frozen=True):
    secrets: Secrets
    version: int


def load_secrets(text: bytes) -> Secrets:
    """From the JSON that a person gave or that was stored. Raises SecretsError that names what is missing."""
    try:
        return msgspec.json.decode(text, type=Secrets)
    except msgspec.ValidationError as error:
        raise SecretsError(f"secrets: {error}") from None
    except msgspec.DecodeError:
        raise SecretsError("secrets: not a JSON object with client_id, client_secret and refresh_token") from None


class SecretStore:
    """The connection's row in the ledger, and the lock that makes a renewal single across all processes (S-2)."""

    def __init__(self, connect: Connect, keys: KeyRing, home_practice_id: str, connection_id: str) -> None:
        self._connect = connect
        self._keys = keys
        self._id = (home_practice_id, connection_id)
        self._key = {"home_practice_id": home_practice_id, "connection_id": connection_id}

    async def read(self) -> Stored:
        """The newest secrets. Raises SecretUnreadableError, psycopg.Error."""
        async with self._connect() as connection:
            return await self._read(connection)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[Stored]:
        """The newest secrets, and no renewal beside the block: for who is about to end them. The block has the time of
        one renewal. Raises as `read`; blocks for the lock at most LOCK_WAIT_S."""
        async with self._connect() as connection, connection.transaction():
            await self._lock(connection)
            yield await self._read(connection)

    async def renew(self, seen: int, call: Callable[[Stored], Awaitable[Secrets | None]]) -> Stored | None:
        """Replace the secrets of version `seen` by what `call` makes of them; None where `call` gave None.

        1. Lock the renewal. 2. Where another worker was faster, take its token and call nothing; secrets
        that a person gave in the meantime have no token yet and go on to step 3.
        3. Call. 4. Save under the next version and commit; only then may the new access token be used (S-2).
        Blocks for the lock at most LOCK_WAIT_S; `call` must have its own deadline. Raises psycopg.Error.
        """
        async with self._connect() as connection, connection.transaction():
            await self._lock(connection)
            stored = await self._read(connection)
            if stored.version != seen and stored.secrets.access_token is not None:
                return stored
            fresh = await call(stored)
            if fresh is None:
                return None
            sealed = self._keys.seal(*self._id, msgspec.json.encode(fresh))
            written = self._key | {"secret": sealed, "secret_until": fresh.refresh_until, "version": stored.version}
            saved = await _row(connection, _SQL["save_secret"], written)
            if saved is None:
                # A person gave new secrets during the call: theirs count, and nothing of ours is kept.
                return await self._read(connection)
            return Stored(fresh, saved.secret_version)

    async def _lock(self, connection: AsyncConnection[Any]) -> None:
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
        await connection.execute(_SQL["lock_renewal"], self._key)

    async def _read(self, connection: AsyncConnection[Any]) -> Stored:
        row = await _row(connection, _SQL["read_secret"], self._key)
        if row is None or row.secret is None:
            raise SecretsError("this connection has no secrets: connect it with `writeback quickbooks connect`")
        return Stored(load_secrets(self._keys.open(*self._id, row.secret)), row.secret_version)


async def _row(
    connection: AsyncConnection[Any], query: LiteralString, parameters: Mapping[str, Any]
) -> _SealedSecret | None:
    cursor = connection.cursor(row_factory=rows_as(_SealedSecret))
    return await (await cursor.execute(query, parameters)).fetchone()
