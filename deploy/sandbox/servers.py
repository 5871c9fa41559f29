"""All sandbox servers in one process, on loopback: `python -m deploy.sandbox`."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
from aiohttp import web

from deploy.sandbox.connector.vendor import ConnectorVendor
from deploy.sandbox.journal import Journal
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.mail import MailSink
from deploy.sandbox.nexhealth.vendor import NexHealth
from deploy.sandbox.open_dental.vendor import OpenDental
from deploy.sandbox.quickbooks.vendor import QuickBooks
from deploy.sandbox.serving import SandboxServer, control_application
from deploy.sandbox.sms import SmsSink
from streams.runtime.clock import Clock, RehearsalClock

HOST = "127.0.0.1"


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """0 takes a free port."""

    open_dental: int = 0
    nexhealth: int = 0
    quickbooks: int = 0
    connector: int = 0
    smtp: int = 0
    mail: int = 0
    sms: int = 0


class SandboxAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers listen. `open_dental` includes `/api/v1`, as the vendor's base URL does."""

    open_dental: str
    nexhealth: str
    quickbooks: str
    connector: str
    smtp: str
    mail: str
    sms: str
    pid: int = 0


class SandboxServers:
    """Owns the servers of one process. `start` binds them all or raises OSError."""

    def __init__(self, state: Path | None = None, rehearsal: Clock | None = None) -> None:
        self._journal = Journal(state)
        ledger = self._ledger(OpenDental.name)
        self.open_dental = SandboxServer(OpenDental(ledger, self._journal, rehearsal), ledger)
        ledger = self._ledger(NexHealth.name)
        self.nexhealth = SandboxServer(NexHealth(ledger, self._journal, rehearsal), ledger)
        ledger = self._ledger(QuickBooks.name)
        self.quickbooks = SandboxServer(QuickBooks(ledger, self._journal), ledger)
        ledger = self._ledger(ConnectorVendor.name)
        self.connector = SandboxServer(ConnectorVendor(ledger, self._journal, state, rehearsal), ledger)
        self.mail = MailSink()
        self.sms = SmsSink()
        self._runners: list[web.AppRunner] = []
        self._smtp: asyncio.Server | None = None

    def _targets(self) -> tuple[SandboxServer, ...]:
        return self.open_dental, self.nexhealth, self.quickbooks, self.connector

    def _ledger(self, vendor: str) -> Ledger:
        return Ledger(lambda mutation: self._journal.write(vendor, "", "mutation", mutation))

    async def start(self, ports: Ports) -> SandboxAddress:
        """1. the last run's state, 2. the listeners. Answers their addresses."""
        vendors = {server.vendor.name: server.vendor for server in self._targets()}
        for name, account, table, row in self._journal.replay():
            vendors[name].restore(account, table, row)
        open_dental = await self._listen(self.open_dental.application(), ports.open_dental)
        nexhealth = await self._listen(self.nexhealth.application(), ports.nexhealth)
        quickbooks = await self._listen(self.quickbooks.application(), ports.quickbooks)
        connector = await self._listen(self.connector.application(), ports.connector)
        mail = await self._listen(control_application("mail", self.mail.routes()), ports.mail)
        sms = await self._listen(control_application("sms", self.sms.routes()), ports.sms)
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(self.mail.server, HOST, ports.smtp)
        smtp = self._smtp.sockets[0].getsockname()[1]
        return SandboxAddress(
            open_dental=f"http://{HOST}:{open_dental}{self.open_dental.vendor.base}",
            nexhealth=f"http://{HOST}:{nexhealth}",
            quickbooks=f"http://{HOST}:{quickbooks}",
            connector=f"http://{HOST}:{connector}",
            smtp=f"smtp://{HOST}:{smtp}",
            mail=f"http://{HOST}:{mail}",
            sms=f"http://{HOST}:{sms}",
        )

    async def _listen(self, application: web.Application, port: int) -> int:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, HOST, port, backlog=1024)
        await site.start()
        address: tuple[str, int] = runner.addresses[-1]
        return address[1]

    async def stop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        for runner in self._runners:
            await runner.cleanup()
        self._journal.close()


async def serve(ports: Ports, state: Path | None, clock: Path | None, until_stdin_closes: bool) -> None:
    """Serves until a signal, or until standard input closes (the parent is gone).

    The first line on standard output is the `SandboxAddress` as JSON.
    """
    servers = SandboxServers(state, RehearsalClock(clock) if clock else None)
    address = await servers.start(ports)
    sys.stdout.write(msgspec.json.encode(address).decode() + "\n")
    sys.stdout.flush()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    watcher = asyncio.create_task(_stdin_closed(stopped)) if until_stdin_closes else None
    await stopped.wait()
    if watcher is not None:
        watcher.cancel()
    await servers.stop()


async def _stdin_closed(stopped: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    stopped.set()
