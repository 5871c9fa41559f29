"""`writeback up` as an operator runs it: a process of its own, its output in a file."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.scenarios.waiting import until
from tests.worlds import World


class Up:
    """Whoever starts one ends its `process`."""

    def __init__(self, world: World, folder: Path, *options: str, **settings: str) -> None:
        self.state = folder / "state"
        self._log = folder / "up.log"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.command", "up", "--state-dir", str(self.state), *options],
                env=world.environ(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def says(self, what: str) -> None:
        until(lambda: what in self.text() or self.process.poll() is not None, what, show=self.text)
        assert what in self.text()

    def roles(self) -> dict[str, int]:
        """Process ids by name, the newest of each."""
        found = re.findall(r"^(\w+-\d+)(?: is at work again:)? +process (\d+)", self.text(), re.MULTILINE)
        return {name: int(pid) for name, pid in found}

    def signal(self, role: str, number: signal.Signals) -> None:
        """To the newest process of a role, by its name and slot."""
        os.kill(self.roles()[role], number)
