"""Child processes that are ended exactly, and never outlive the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from deploy.local.folders import LocalStackError, open_log

# Kafka needs about 2 s and Postgres below 1 s; a busy machine gets ten times that before SIGKILL.
STOP_S: Final = 20.0
LOG_TAIL_LINES: Final = 12


class Child:
    """A running server process with its log file. Started and stopped by one thread."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, stop_signal: int) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._stop_signal = stop_signal

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens when the process has ended."""
        if self.running():
            self._process.send_signal(number)

    def stop(self, within_s: float = STOP_S) -> None:
        """Ask the process to end, wait, and kill it only after `within_s`. Does nothing when it has ended."""
        if not self.running():
            return
        if within_s > 0:
            self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until(self, ready: Callable[[], bool], within_s: float) -> None:
        """Block until `ready()`; raises LocalStackError with the end of the log if the process ends or is late."""
        from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

        def settled() -> bool:
            return ready() or not self.running()

        try:
            Retrying(
                retry=retry_if_result(lambda done: not done), stop=stop_after_delay(within_s), wait=wait_fixed(0.05)
            )(settled)
        except RetryError as error:
            raise LocalStackError(f"{self.name} was not ready within {within_s:.0f} s; {self._tail()}") from error
        if not self.running():
            raise LocalStackError(f"{self.name} ended while it started; {self._tail()}")

    def last_line(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it logged nothing"

    def _tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return f"the end of its log {self.log}:\n  " + "\n  ".join(lines[-LOG_TAIL_LINES:])


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    user: str | None = None,
    stop_signal: int = signal.SIGTERM,
    death_signal: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Child:
    """Start `command` tethered to this process (see `tether`), its output appended to `log`.

    Call it from the main thread: the kernel counts the death of the starting *thread*.
    """
    tethered = [
        *(sys.executable, "-m", "deploy.local.tether", str(os.getpid())),
        *(str(int(death_signal or stop_signal)), user or "-"),
        *command,
    ]
    with open_log(log) as output:
        # Its own session: Ctrl-C reaches the supervisor alone, which then stops everything in order.
        process = subprocess.Popen(
            tethered,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=dict(environ) if environ is not None else None,
        )
    return Child(name, process, log, stop_signal)


def end_leftover(pid: int, *, named: str, stop_signal: int = signal.SIGTERM) -> bool:
    """End the process `pid` of an earlier run if it still runs and its command line holds `named`.

    The name guards against a reused process id. Returns whether there was one.
    """
    try:
        process = psutil.Process(pid)
        if not any(named in part for part in process.cmdline()):
            return False
        process.send_signal(stop_signal)
        try:
            process.wait(STOP_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
    except psutil.NoSuchProcess:
        return False
    return True
