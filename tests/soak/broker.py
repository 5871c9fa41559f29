"""A broker of one's own, to be killed: the run's shared one serves other tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from deploy.local import LocalStackError, cache_folder
from deploy.local.stack import LocalStack, running
from tests.scenarios.waiting import until

STARTS = 3


class Broker:
    """One KRaft node on ports that stay. Started and restarted by the main thread only (see `deploy.local.tether`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = LocalStack(folder, cache=cache_folder(), with_postgres=False, open_broker=True)
        self.deaths = 0
        self.bootstrap = self._stack.start().bootstrap

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        found = running(self._folder)
        if found is None or not found.kafka:
            raise AssertionError("the broker does not run")
        os.kill(found.kafka, signal.SIGKILL)
        until(lambda: self._stack.ended() is not None, "the broker is dead")
        self._stack.stop()
        self.deaths += 1

    def start_again(self) -> None:
        """On the same data and ports; blocks until it answers. A busy machine may need more than one start-up time."""
        for left in reversed(range(STARTS)):
            try:
                self._stack.start()
                return
            except LocalStackError:
                if not left:
                    raise

    def stop(self) -> None:
        self._stack.stop()
