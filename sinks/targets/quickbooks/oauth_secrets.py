"""A connection's OAuth secrets, and the one place where they are read and renewed in the ledger (S-1, S-2, P-12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection

from sinks.targets.credentials import KeyRing

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
"""Gives a database connection for one short transaction: a pool's `connection`, or one of its own."""

LOCK_WAIT_S: Final = 9
"""Longer than a renewal by another worker may take, shorter than the statement's limit (PROTOCOL section 5)."""

_READ = "SELECT secret, secret_version FROM connections WHERE home_practice_id = %s AND connection_id = %s"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('renewal' || chr(31) || %s || chr(31) || %s, 0))"
"""Ends with its transaction, so a killed worker leaves none behind. Not the row's own lock: posters write leases there
while a token is being renewed. Two connections with one hash merely wait for each other."""
_SAVE = (
    "UPDATE connections SET secret = %s, secret_version = secret_version + 1 "
    "WHERE home_practice_id = %s AND connection_id = %s AND secret_version = %s RETURNING secret_version"
)


class SecretsError(ValueError):
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

    def __repr__(self) -> str:
        return "Secrets(…)"


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

    async def read(self) -> Stored:
        """The newest secrets. Raises SecretUnreadableError, psycopg.Error."""
        async with self._connect() as connection:
            row = await (await connection.execute(_READ, self._id)).fetchone()
        return self._opened(row)

    async def renew(self, seen: int, call: Callable[[Stored], Awaitable[Secrets | None]]) -> Stored | None:
        """Replace the secrets of version `seen` by what `call` makes of them; None where `call` gave None.

        1. Lock the renewal. 2. Where another worker was faster, take its token and call nothing; secrets
        that a person gave in the meantime have no token yet and go on to step 3.
        3. Call. 4. Save under the next version and commit; only then may the new access token be used (S-2).
        Blocks for the lock at most LOCK_WAIT_S; `call` must have its own deadline. Raises psycopg.Error.
        """
        async with self._connect() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
            await connection.execute(_LOCK, self._id)
            stored = self._opened(await (await connection.execute(_READ, self._id)).fetchone())
            if stored.version != seen and stored.secrets.access_token is not None:
                return stored
            fresh = await call(stored)
            if fresh is None:
                return None
            blob = self._keys.seal(*self._id, msgspec.json.encode(fresh))
            saved = await (await connection.execute(_SAVE, (blob, *self._id, stored.version))).fetchone()
            if saved is None:
                # A person gave new secrets during the call: theirs count, and nothing of ours is kept.
                return self._opened(await (await connection.execute(_READ, self._id)).fetchone())
            return Stored(fresh, saved[0])

    def _opened(self, row: tuple[Any, ...] | None) -> Stored:
        if row is None or row[0] is None:
            raise SecretsError("this connection has no secrets: give them with `writeback target add`")
        return Stored(load_secrets(self._keys.open(*self._id, bytes(row[0]))), row[1])
