"""A sandbox company, a ledger and connected targets for the tests of this package."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
import pytest
import pytest_asyncio
from psycopg.types.json import Jsonb

from deploy.sandbox.demonstration import quickbooks_mapping, quickbooks_secrets
from deploy.sandbox.running import CompanySandbox, SandboxProcess, running_sandbox
from sinks.credentials import KeyRing
from sinks.ledger.migrate import migrate
from sinks.port import StartGuard
from sinks.quickbooks.mapping import QuickBooksMapping, load_mapping
from sinks.quickbooks.secrets import Secrets, SecretStore, load_secrets
from sinks.quickbooks.target import QuickBooksTarget
from streams.controls import Controls
from tests.worlds import Stack, fresh_world

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

    def open(self, **changes: Any) -> QuickBooksTarget:
        """A target as one more poster process would have it."""
        target = QuickBooksTarget(
            base_url=self.sandbox.quickbooks.url,
            mapping=self.mapping(**changes),
            secrets=self.store(),
            controls=Controls(),
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


@pytest.fixture(scope="package")
def ledger(stack: Stack) -> Iterator[str]:
    """The URL of a migrated database."""
    with fresh_world(stack) as mine:
        migrate(mine.database_url)
        yield mine.database_url


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest_asyncio.fixture
async def company(sandbox: SandboxProcess, ledger: str) -> AsyncIterator[Company]:
    """A company of one's own, connected; what was opened on it is closed afterwards."""
    realm = str(uuid.uuid4().int)[:15]
    sandbox.quickbooks.clear_faults()
    inside = sandbox.quickbooks.add_company(realm)
    found = Company(sandbox, inside, f"practice-{realm}", ledger, quickbooks_mapping(sandbox, realm), [])
    secrets = load_secrets(msgspec.json.encode(quickbooks_secrets(sandbox, realm)))
    _connect_practice(found, secrets)
    yield found
    await asyncio.gather(*(target.close() for target in found.opened))
    sandbox.quickbooks.clear_faults()


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
