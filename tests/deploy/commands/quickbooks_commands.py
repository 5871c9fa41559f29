"""`writeback quickbooks` as a person runs it: real processes, a ledger, a browser, the sandbox."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from deploy.local.ports import free_ports
from deploy.sandbox.running import SandboxProcess
from tests import processes
from tests.deploy.commands.test_target import APPLY, TargetCommands
from tests.scenarios.waiting import until
from tests.sinks.operations.quickbooks.browser import go, pick
from tests.worlds import World

_ADDRESS = re.compile(r"http://\S+/connect/oauth2\?\S+")


class QuickBooksCommands(TargetCommands, frozen=True):
    """The commands, on a ledger with practices and companies."""

    def quickbooks(self, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return processes.run(["quickbooks", *arguments], self.environ() | environ, stdin=stdin)

    def answered(self, *arguments: str) -> Any:
        done = self.quickbooks(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def client(self) -> str:
        quickbooks = self.sandbox.quickbooks
        return self.file({"client_id": quickbooks.client_id, "client_secret": quickbooks.client_secret})

    def start_connect(self, practice: str, *arguments: str) -> tuple[processes.Program, Path, str]:
        """The command while it waits for the browser: its output, and the address that it printed."""
        (port,) = free_ports(1)
        output = self.folder / f"connect-{practice}.txt"
        program = processes.Program(
            ["quickbooks", "connect", practice, "--base-url", self.sandbox.quickbooks.url, "--client", self.client(),
             "--redirect-uri", f"http://localhost:{port}/cb", *APPLY, *arguments],
            self.environ(),
            output,
        )  # fmt: skip
        until(
            lambda: output.exists() and (_ADDRESS.search(output.read_text()) or program.poll() is not None),
            "an address",
        )
        found = _ADDRESS.search(output.read_text())
        assert found is not None, output.read_text()
        return program, output, found[0]

    def connect_by_browser(self, practice: str, name: str, *arguments: str) -> str:
        """What the command printed once somebody picked the company called `name`."""
        program, output, address = self.start_connect(practice, *arguments)
        status, _ = go(pick(address, name).replace("localhost", "127.0.0.1"))
        assert status == 200
        assert program.wait() == 0, output.read_text()
        return output.read_text()


def commands_on(world: World, sandbox: SandboxProcess, folder: Path) -> QuickBooksCommands:
    return QuickBooksCommands(world, sandbox, folder)
