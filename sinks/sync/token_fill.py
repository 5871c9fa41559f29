"""Makes tokens of patients that were stored before there were any, or under another key, a stretch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.linking.tokens import TokenKeys
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.sync.identities.store import upstream_owner
from sinks.sync.page_store import identity_owner
from sinks.sync.patient_tokens import tokens_column
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from sinks.targets.reading import Identity
from streams.runtime.logging import log

STRETCH: Final = 250
"""Rows of one transaction: a tenth of a second of work, in a thread."""
_HIGHEST: Final = 2**31 - 1
_NOTHING: Final = "{}"

_SQL: Final = named_queries("sinks.sync", "token_fill.sql")
_LOG: Final = log(__name__)


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    patient_id: str
    identity: bytes | None


class TokenFill:
    """Of one process; several may run side by side. Methods raise psycopg.Error."""

    def __init__(self, keys: KeyRing, token_keys: TokenKeys) -> None:
        self._keys = keys
        self._token_keys = token_keys

    async def step(self, connection: AsyncConnection[Any]) -> int:
        """One stretch of each table; how many rows were filled. 0: nothing is left, or others are at it."""
        mirrored = await self._stretch(connection, "patients", "fill_patients", self._mirror_tokens)
        return mirrored + await self._stretch(connection, "identities", "fill_identities", self._upstream_tokens)

    async def _stretch(
        self, connection: AsyncConnection[Any], read: str, fill: str, tokens_of: Callable[[_Sealed], str]
    ) -> int:
        made_by = self._token_keys.made_by
        filled = 0
        for low, high in ((0, made_by), (made_by + 1, _HIGHEST)):
            async with connection.transaction():
                asked = {"low": low, "high": high, "most": STRETCH}
                found: Sequence[_Sealed] = await fetch_all_async(connection, _Sealed, _SQL[read], asked)
                if not found:
                    continue
                tokens = await asyncio.to_thread(list, map(tokens_of, found))
                given = {
                    "practice_ids": [each.practice_id for each in found],
                    "ids": [each.patient_id for each in found],
                    "tokens": tokens,
                    "tokens_by": made_by,
                }
                await connection.execute(_SQL[fill], given)
                filled += len(found)
        return filled

    def _mirror_tokens(self, row: _Sealed) -> str:
        return self._tokens(row, identity_owner(row.patient_id), Identity)

    def _upstream_tokens(self, row: _Sealed) -> str:
        return self._tokens(row, upstream_owner(row.patient_id), UpstreamIdentity)

    def _tokens(self, row: _Sealed, owner: str, kind: type[Identity] | type[UpstreamIdentity]) -> str:
        """None of what cannot be opened: it is found again once it was read again."""
        if row.identity is None:
            return _NOTHING
        try:
            plain = self._keys.open(row.practice_id, owner, row.identity)
            identity = msgspec.json.decode(plain, type=kind)
        except (SecretUnreadableError, msgspec.MsgspecError) as error:
            _LOG.warning("a stored identity cannot be opened", error=type(error).__name__)
            return _NOTHING
        return tokens_column(self._token_keys, row.practice_id, identity)
