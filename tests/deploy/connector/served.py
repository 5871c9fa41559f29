"""A reference connector on a free port, whole or broken on purpose, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from deploy.connector.limits import Limits
from deploy.connector.practice_system import PracticeSystem
from deploy.connector.server import application
from deploy.connector.service import Connector, HostedAccount
from tests.contract.connector_case import keys

ACCOUNT = "office-1"
PATIENT = "17"
KEYS = keys("k1", "k2")


def a_connector(limits: Limits | None = None, kind: type[Connector] = Connector) -> Connector:
    """In memory, with one patient and her guarantor."""
    system = PracticeSystem()
    system.open_account(ACCOUNT)
    system.add_patient(ACCOUNT, "16", "Sample Guarantor")
    system.add_patient(ACCOUNT, PATIENT, "Sample Patient", guarantor_id="16")
    return kind(system, {ACCOUNT: HostedAccount(keys=KEYS, limits=limits or Limits())})


@asynccontextmanager
async def served(connector: Connector) -> AsyncIterator[str]:
    """Its address while it is served."""
    runner = web.AppRunner(application(connector), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[-1][1]}"
    finally:
        await runner.cleanup()
