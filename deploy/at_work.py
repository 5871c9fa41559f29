"""Whether `writeback up` runs on a state folder, and whether all its roles are at work: `up` tells, others ask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec
import psutil

from deploy.local.folders import usable
from deploy.local.locks import FileLock
from streams.runtime.errors import ConfigurationError

MARK: Final = "at-work.json"


class Mark(msgspec.Struct, frozen=True):
    """Which process says so; its beginning guards against a reused number."""

    pid: int
    began: float


class AtWork:
    """Held by one `writeback up` for its state folder; ends with its process, however that ends."""

    def __init__(self, state: Path) -> None:
        """Raises ConfigurationError where another one runs: both would have the same slots, and fence each other."""
        self._mark = usable(state, needs_bytes=0, setting="WRITEBACK_STATE_DIR") / MARK
        self._lock = FileLock(state / "up.lock")
        if not self._lock.acquire(wait=False):
            raise ConfigurationError(
                f"`writeback up` runs already on {state}: end that one, or choose another folder with --state-dir; "
                "more processes of a role come with --rules 2, --poster 2 and so on"
            )
        self._mark.unlink(missing_ok=True)

    def announce(self) -> None:
        """Every role has its work."""
        mark = Mark(os.getpid(), psutil.Process().create_time())
        self._mark.write_bytes(msgspec.json.encode(mark))

    def close(self) -> None:
        self._mark.unlink(missing_ok=True)
        self._lock.release()


def at_work(state: Path) -> bool:
    """True while a `writeback up` on this folder runs and has had every role at work."""
    try:
        mark = msgspec.json.decode((state / MARK).read_bytes(), type=Mark)
        return bool(psutil.Process(mark.pid).create_time() == mark.began)
    except (OSError, msgspec.DecodeError, psutil.Error):
        return False
