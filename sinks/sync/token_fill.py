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
from sinks.sync.patient_tokens import Prints, form_of, prints_columns, prints_of, tokens_column
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


class _Made(msgspec.Struct, frozen=True):
    tokens: str
    prints: Prints | None = None


class TokenFill:
    """Of one process; several may run side by side. Methods raise psycopg.Error."""

    def __init__(self, keys: KeyRing, token_keys: TokenKeys) -> None:
        self._keys = keys
        self._token_keys = token_keys

    async def step(self, connection: AsyncConnection[Any]) -> int:
        """One stretch of each table; how many rows were filled. 0: nothing is left, or others are at it."""
        mirrored = await self._stretch(connection, "patients", "fill_patients", self._mirrored)
        return mirrored + await self._stretch(connection, "identities", "fill_identities", self._upstream)

    async def _stretch(
        self, connection: AsyncConnection[Any], read: str, fill: str, made_of: Callable[[_Sealed], _Made]
    ) -> int:
        made_by = self._token_keys.made_by
        filled = 0
        for low, high in ((0, made_by), (made_by + 1, _HIGHEST)):
            async with connection.transaction():
                asked = {"low": low, "high": high, "most": STRETCH}
                found: Sequence[_Sealed] = await fetch_all_async(connection, _Sealed, _SQL[read], asked)
                if not found:
                    continue
                made = await asyncio.to_thread(list, map(made_of, found))
                given = {
                    "practice_ids": [each.practice_id for each in found],
                    "ids": [each.patient_id for each in found],
                    "tokens": [each.tokens for each in made],
                    "tokens_by": made_by,
                }
                if read == "patients":
                    given["name_prints"] = [each.prints.name if each.prints else None for each in made]
                    given["date_prints"] = [each.prints.date if each.prints else None for each in made]
                await connection.execute(_SQL[fill], given)
                if read == "patients":
                    rows = [
                        (row.practice_id, row.patient_id, each.prints)
                        for row, each in zip(found, made, strict=True)
                        if each.prints is not None
                    ]
                    await connection.execute(_SQL["settle_links"], prints_columns(rows))
                filled += len(found)
        return filled

    def _mirrored(self, row: _Sealed) -> _Made:
        return self._made(row, identity_owner(row.patient_id), Identity)

    def _upstream(self, row: _Sealed) -> _Made:
        return self._made(row, upstream_owner(row.patient_id), UpstreamIdentity)

    def _made(self, row: _Sealed, owner: str, kind: type[Identity] | type[UpstreamIdentity]) -> _Made:
        """None of what cannot be opened: it is found again once it was read again."""
        if row.identity is None:
            return _Made(_NOTHING)
        try:
            plain = self._keys.open(row.practice_id, owner, row.identity)
            identity = msgspec.json.decode(plain, type=kind)
        except (SecretUnreadableError, msgspec.MsgspecError) as error:
            _LOG.warning("a stored identity cannot be opened", error=type(error).__name__)
            return _Made(_NOTHING)
        return _Made(
            tokens_column(self._token_keys, row.practice_id, identity),
            prints_of(self._token_keys, row.practice_id, form_of(identity)),
        )
