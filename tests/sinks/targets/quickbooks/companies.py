"""A sandbox company with its practice's connection in a ledger, and targets opened on it."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from deploy.sandbox.demonstration import quickbooks_mapping, quickbooks_secrets
from deploy.sandbox.running import CompanySandbox, SandboxProcess
from sinks.targets.credentials import KeyRing
from sinks.targets.port import StartGuard
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from sinks.targets.quickbooks.mapping import QuickBooksMapping, load_mapping
from sinks.targets.quickbooks.oauth_secrets import Secrets, SecretStore, load_secrets

KEYS = KeyRing(b"k" * 32)
CONNECTION = "quickbooks"


class Always(StartGuard):
    def may_start(self) -> bool:
        return True


class Never(StartGuard):
    def may_start(self) -> bool:
        return False


class Company(msgspec.Struct, frozen=True):
    """A fresh company, its practice's connection in the ledger, and ways to open targets on it."""

    sandbox: SandboxProcess
    inside: CompanySandbox
    practice: str
    database_url: str
    chart: dict[str, Any]
    """A mapping onto the chart as it was at first."""
    opened: list[QuickBooksTarget]

    def mapping(self, **changes: Any) -> QuickBooksMapping:
        return load_mapping(self.chart | changes)

    def store(self) -> SecretStore:
        return SecretStore(self._connect, KEYS, self.practice, CONNECTION)

    def open(self, *, base_url: str | None = None, **changes: Any) -> QuickBooksTarget:
        """A target as one more poster process would have it."""
        target = QuickBooksTarget(
            base_url=base_url or self.sandbox.quickbooks.url,
            mapping=self.mapping(**changes),
            secrets=self.store(),
        )
        self.opened.append(target)
        return target

    def stored(self) -> Secrets:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT secret FROM connections WHERE home_practice_id = %s", (self.practice,)
            ).fetchone()
        assert row is not None
        return load_secrets(KEYS.open(self.practice, CONNECTION, bytes(row[0])))

    def save(self, secrets: Secrets) -> None:
        """As a person's repair does: the next version."""
        blob = KEYS.seal(self.practice, CONNECTION, msgspec.json.encode(secrets))
        with psycopg.connect(self.database_url) as connection:
            connection.execute(
                "UPDATE connections SET secret = %s, secret_version = secret_version + 1 WHERE home_practice_id = %s",
                (blob, self.practice),
            )

    @property
    def refreshes(self) -> int:
        return self.inside.tokens().refreshes

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            yield connection


def a_company(sandbox: SandboxProcess, database_url: str) -> Company:
    """A company of one's own, connected. Its refresh token changes at every refresh, the strictest reading (P-12)."""
    realm = str(uuid.uuid4().int)[:15]
    inside = sandbox.quickbooks.add_company(realm, refresh_token_changes_after_s=0)
    found = Company(sandbox, inside, f"practice-{realm}", database_url, quickbooks_mapping(sandbox, realm), [])
    _connect_practice(found, load_secrets(msgspec.json.encode(quickbooks_secrets(sandbox, realm))))
    return found


def _connect_practice(company: Company, secrets: Secrets) -> None:
    with psycopg.connect(company.database_url) as connection:
        connection.execute("INSERT INTO practices (practice_id) VALUES (%s)", (company.practice,))
        connection.execute(
            """INSERT INTO connections (home_practice_id, connection_id, target, route, base_url,
                   account_fingerprint, config, secret, secret_version)
               VALUES (%s, %s, 'QUICKBOOKS', 'quickbooks', %s, %s, %s, %s, 1)""",
            (
                company.practice,
                CONNECTION,
                company.sandbox.quickbooks.url,
                os.urandom(8).hex(),
                Jsonb({}),
                KEYS.seal(company.practice, CONNECTION, msgspec.json.encode(secrets)),
            ),
        )
