"""Practices that connect to companies of the sandbox, in one ledger."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import msgspec

from deploy.sandbox.running import CompanySandbox, SandboxProcess
from schemas.practice_settings import PracticeSettings
from sinks.ledger.practices.settings.settings_store import Saving, add_practice
from sinks.ledger.schema.database import connect
from sinks.operations.ledger import Ledger
from sinks.operations.quickbooks.begin_connect import ConnectBegun, ConnectWanted, begin_connect
from sinks.operations.quickbooks.finish_connect import CompanyConnected, finish_connect
from sinks.targets.credentials import KeyRing
from sinks.targets.quickbooks.oauth_secrets import Secrets, load_secrets
from streams.runtime.clock import SystemClock
from streams.settings import ProgramSettings
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.operations.quickbooks.browser import pick
from tests.sinks.poster.offices import SECRET, SECRET_TEXT
from tests.worlds import World

KEYS = KeyRing(SECRET)
PRACTICE = "practice-1"
"""The one that rules, intake and posters work for."""


class Practices:
    """Blocks; for tests that run no loop of their own."""

    def __init__(self, world: World, sandbox: SandboxProcess) -> None:
        self.world = world
        self.sandbox = sandbox
        self.connection = connect(world.database_url, "test")
        self.settings: ProgramSettings = world.settings(secret_key=SECRET_TEXT)

    @property
    def ledger(self) -> Ledger:
        return ledger_of(self.connection, SystemClock())

    @property
    def client(self) -> bytes:
        quickbooks = self.sandbox.quickbooks
        return msgspec.json.encode({"client_id": quickbooks.client_id, "client_secret": quickbooks.client_secret})

    def add(self) -> str:
        practice = f"practice-{uuid.uuid4().hex[:8]}"
        add_practice(
            self.connection,
            practice,
            PracticeSettings(zone="America/New_York"),
            Saving(actor="test", reason="test"),
            clock=SystemClock(),
            jitter_s=0,
        )
        return practice

    def company(self, **settings: Any) -> CompanySandbox:
        """Its name is its realm's, so that a person can pick it."""
        realm = str(uuid.uuid4().int)[:15]
        return self.sandbox.quickbooks.add_company(realm, **({"name": f"Dental {realm}"} | settings))

    def begin(self, practice: str, *, apply: bool = True, **wanted: Any) -> ConnectBegun:
        given = {"base_url": self.sandbox.quickbooks.url, "client": self.client} | wanted
        asked = ConnectWanted(practice_id=practice, **given)
        return asyncio.run(begin_connect(self.ledger, self.settings, asked, KEYS, order(apply=apply)))

    def finish(self, practice: str, answer: str, *, other_company: bool = False) -> CompanyConnected:
        return asyncio.run(finish_connect(self.ledger, practice, answer, KEYS, order(), other_company=other_company))

    def connect(self, practice: str, company: CompanySandbox, *, other_company: bool = False) -> CompanyConnected:
        begun = self.begin(practice)
        return self.finish(practice, pick(begun.address, f"Dental {company.realm}"), other_company=other_company)

    def secrets(self, practice: str) -> Secrets | None:
        ((blob,),) = self.rows("SELECT secret FROM connections WHERE home_practice_id = %s", practice)
        return None if blob is None else load_secrets(KEYS.open(practice, "quickbooks", bytes(blob)))

    def config(self, practice: str) -> dict[str, Any]:
        ((config,),) = self.rows("SELECT config FROM connections WHERE home_practice_id = %s", practice)
        found: dict[str, Any] = config
        return found

    def rows(self, query: str, *parameters: object) -> list[Any]:
        return self.connection.execute(query.encode(), parameters).fetchall()

    def close(self) -> None:
        self.connection.close()
