"""Starts the sandbox servers as a child process and hands out their clients. Synchronous; for tests and the demo."""

from __future__ import annotations

import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import urlsplit

import msgspec

from deploy.sandbox.clients import (
    CompanySandbox,
    CompanyTokens,
    ConnectorSandbox,
    MailSandbox,
    OpenDentalSandbox,
    QuickBooksSandbox,
    SmsSandbox,
)
from deploy.sandbox.control_client import SandboxError, TargetSandbox
from deploy.sandbox.faults import Effect, FaultKind
from deploy.sandbox.nexhealth.client import NexHealthSandbox
from deploy.sandbox.servers import Ports, SandboxAddress

__all__ = [
    "CompanySandbox",
    "CompanyTokens",
    "ConnectorSandbox",
    "Effect",
    "FaultKind",
    "MailSandbox",
    "NexHealthSandbox",
    "OpenDentalSandbox",
    "Ports",
    "QuickBooksSandbox",
    "SandboxAddress",
    "SandboxClients",
    "SandboxError",
    "SandboxProcess",
    "SmsSandbox",
    "TargetSandbox",
    "running_sandbox",
]

START_LIMIT_S = 180.0
"""Python's start and imports on a busy machine; past it something is wrong."""


class SandboxClients:
    """Clients of a sandbox that runs somewhere on this machine."""

    def __init__(self, address: SandboxAddress) -> None:
        self.address = address
        self.open_dental = OpenDentalSandbox(address.open_dental)
        self.nexhealth = NexHealthSandbox(address.nexhealth)
        self.quickbooks = QuickBooksSandbox(address.quickbooks)
        self.connector = ConnectorSandbox(address.connector)
        self.mail = MailSandbox(address.mail, address.smtp)
        self.sms = SmsSandbox(address.sms)


class SandboxProcess(SandboxClients):
    """A sandbox in a child process that ends with its parent. Use `start` or `with SandboxProcess.start()`."""

    def __init__(
        self, child: subprocess.Popen[bytes], address: SandboxAddress, state: Path | None, clock: Path | None
    ) -> None:
        super().__init__(address)
        self._child = child
        self._state = state
        self._clock = clock

    @classmethod
    def start(cls, ports: Ports | None = None, state: Path | None = None, clock: Path | None = None) -> SandboxProcess:
        """Blocks until all servers listen; raises SandboxError when they do not within the limit.

        Without `state` the ledger lives as long as the process; with it, as long as the file.
        `clock`: the rehearsal clock's file, so that days up to its day are not refused as future.
        """
        chosen = ports or Ports()
        command = [sys.executable, "-m", "deploy.sandbox", "--until-stdin-closes"]
        for name in Ports.__struct_fields__:
            command += [f"--{name.replace('_', '-')}-port", str(getattr(chosen, name))]
        if state is not None:
            command += ["--state", str(state)]
        if clock is not None:
            command += ["--clock", str(clock)]
        # Its own session: Ctrl-C reaches the owner alone, whose roles still need their targets while they end.
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        try:
            line = _first_line(child)
            address = msgspec.json.decode(line, type=SandboxAddress)
        except (SandboxError, msgspec.MsgspecError) as error:
            child.kill()
            child.communicate()
            raise SandboxError(
                f"the sandbox did not start: {error}; is a port in use? Another one, or 0 for any, is taken with "
                "--open-dental-port, --nexhealth-port, --quickbooks-port, --connector-port, --smtp-port, "
                "--mail-port or --sms-port"
            ) from error
        return cls(child, address, state, clock)

    @property
    def pid(self) -> int:
        return self._child.pid

    def running(self) -> bool:
        """Whether the process is still there."""
        return self._child.poll() is None

    def stop(self, limit_s: float = 10.0) -> None:
        """Ends the process: politely first, then for certain. May be called twice."""
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()

    def restart(self) -> SandboxProcess:
        """Ends it and starts another on the same ports; with `state` its ledger is still there."""
        self.stop()
        address = self.address
        ports = Ports(
            open_dental=_port(address.open_dental),
            nexhealth=_port(address.nexhealth),
            quickbooks=_port(address.quickbooks),
            connector=_port(address.connector),
            smtp=_port(address.smtp),
            mail=_port(address.mail),
            sms=_port(address.sms),
        )
        return SandboxProcess.start(ports, self._state, self._clock)

    def __enter__(self) -> SandboxProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def running_sandbox(state: Path | None = None, clock: Path | None = None) -> Iterator[SandboxProcess]:
    """A sandbox on free ports for the length of a `with` block."""
    process = SandboxProcess.start(state=state, clock=clock)
    try:
        yield process
    finally:
        process.stop()


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def _first_line(child: subprocess.Popen[bytes]) -> bytes:
    stream: IO[bytes] | None = child.stdout
    if stream is None:
        raise SandboxError("the child has no standard output")
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        deadline = time.monotonic() + START_LIMIT_S
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise SandboxError(f"no answer within {START_LIMIT_S:.0f} s")
    line = stream.readline()
    if not line:
        raise SandboxError(f"it ended with exit code {child.wait()}")
    return line
