"""The real roles as processes: started, killed, frozen and stopped as an operator or a fault would."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from pathlib import Path
from typing import Any

from tests.processes import Program, interpreter
from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World


class Role:
    """One process of one role, by the words of its command. Its output goes to a file that a failing test shows.

    `fresh`: by an interpreter of its own instead of a fork (tests/processes.py).
    """

    def __init__(self, world: World, name: str, folder: Path, *, fresh: bool = False, **settings: Any) -> None:
        self.name = name
        self.world = world
        self.settings = {"state_dir": folder / "state"} | settings
        self.log = folder / f"{name.replace(' ', '-')}-{len(list(folder.iterdir()))}.log"
        self.log.touch()
        start = interpreter if fresh else Program
        self.process = start(name.split(), world.environ(**self.settings), self.log)

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        self.process.kill()
        self.process.wait(WITHIN_S)

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM and the exit code."""
        if self.running:
            self.process.terminate()
        return self.process.wait(WITHIN_S)

    def until_dead(self, within: float = WITHIN_S) -> int:
        """Wait for the process to end by itself; its exit code (negative: the signal)."""
        until(lambda: not self.running, f"{self.name} ends by itself", within, self.text)
        return self.process.wait()

    def until_said(self, words: str, within: float = WITHIN_S) -> None:
        until(lambda: words in self.text(), f"{self.name} says {words!r}", within, self.text)

    def address(self) -> str:
        """Where a role that others call listens."""
        said = re.compile(r" listening .*?url=(http://\S+)")
        until(lambda: said.search(self.text()), f"{self.name} listens", show=self.text)
        found = said.search(self.text())
        return "" if found is None else found[1]

    def metric(self, name: str) -> float:
        """The sum over the labels of one metric, as its endpoint shows it now."""
        lines = self.metrics_text().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}[ {{]", line))

    def metrics_text(self) -> str:
        """All of them, as Prometheus reads them."""
        found = re.search(r"url=(http://\S+/metrics)", self.text())
        if found is None:
            raise AssertionError(f"{self.name} has not said where its metrics are")
        with urllib.request.urlopen(found[1], timeout=WITHIN_S) as answer:  # noqa: S310 - our own, on loopback
            return str(answer.read().decode())

    def end(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self.running:
            self.process.kill()
        self.process.wait(WITHIN_S)
