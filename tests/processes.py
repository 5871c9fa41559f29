"""The program as processes of their own, forked from one that has imported it already.

A start costs milliseconds instead of most of a second of importing, and a scenario starts a dozen. The rest is as after
`python -m deploy.command`: own session, own environment, killed and frozen by signals, an exit code. What a fresh
interpreter alone can show (that each role finds its own imports) is shown by `up`, by `tests/deploy/commands` and by
the scenario of a day's money, which start them so.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Final

from deploy.commands.roles import AGENTS, CONSOLE, ROLES, WEBHOOKS
from streams.runtime.errors import Role

LONGEST_S: Final = 180.0
"""Of a command that ends by itself."""

_IMPORTED: Final = [
    "deploy.command",
    "deploy.commands.roles",
    # Without Faust: none of the other roles has it.
    *(entry.run.partition(":")[0] for entry in (*ROLES, AGENTS, WEBHOOKS, CONSOLE) if entry.role is not Role.HEALTH),
    "sinks.targets.open_dental.adapter",
    "sinks.targets.quickbooks.adapter",
    __name__,
]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["__main__", *_IMPORTED])


def prepare() -> None:
    """Have the process that others are forked from running, so that it counts as nobody's left-over."""
    forkserver.ensure_running()


class Program:
    """`writeback ARGUMENTS…` with this environment; its output goes to files, its input comes from one or is empty."""

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        output: Path,
        *,
        errors: Path | None = None,
        stdin: Path | None = None,
    ) -> None:
        files = (str(stdin or os.devnull), str(output), str(errors or output))
        self._process = _context.Process(target=_run, args=(tuple(arguments), dict(environ), files), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float = LONGEST_S) -> int:
        """The exit code. Raises TimeoutExpired, as subprocess does."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    arguments: Sequence[str], environ: Mapping[str, str], *, stdin: str | bytes = b"", timeout: float = LONGEST_S
) -> subprocess.CompletedProcess[str]:
    """`writeback ARGUMENTS…` to its end, as `subprocess.run` with its output captured as text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given, output, errors = folder / "stdin", folder / "stdout", folder / "stderr"
        given.write_bytes(stdin.encode() if isinstance(stdin, str) else stdin)
        program = Program(arguments, environ, output, errors=errors, stdin=given)
        try:
            code = program.wait(timeout)
        finally:
            program.kill()
        return subprocess.CompletedProcess(arguments, code, output.read_text(), errors.read_text())


def interpreter(arguments: Sequence[str], environ: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    """The same command as an operator starts it."""
    with output.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.command", *arguments],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _run(arguments: tuple[str, ...], environ: dict[str, str], files: tuple[str, str, str]) -> None:
    """In the new process: what `subprocess` and the interpreter do for a command."""
    from deploy.command import main

    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    for descriptor, path in enumerate(files):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND if descriptor else os.O_RDONLY
        file = os.open(path, flags, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - multiprocessing has closed the inherited one
    sys.argv = ["writeback", *arguments]
    main()
