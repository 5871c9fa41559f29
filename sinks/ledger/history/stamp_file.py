"""What one poster process remembers of the ledger, in a file of its own state folder (law 4)."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from sinks.ledger.history.stamps import LastMark, LedgerStamp
from streams.runtime.errors import ConfigurationError

FOLDER: Final = "posters"
RECORD_BYTES: Final = 2048
"""One write of always the same length: a killed process leaves the old record or the new one."""


class Kept(msgspec.Struct, frozen=True):
    """The highest stamp that the poster saw, and what it marked then."""

    stamp: LedgerStamp
    mark: LastMark | None = None


class StampUnreadableError(Exception):
    """The file is damaged: what this poster knew is not known, so the ledger is treated as one that was set back."""


class StampFile:
    """Written before each call is sent, so that whatever was sent is known here.

    It outlives the process. A machine that crashes may lose the last seconds of it, because nothing waits for the disk.
    """

    def __init__(self, path: Path) -> None:
        """Makes the file, readable by its owner alone. Raises ConfigurationError where the folder cannot be written."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"the poster keeps a small file in its state folder, and {path} cannot be written ({error.strerror}): "
                "choose another folder with WRITEBACK_STATE_DIR, one that stays when the process is replaced"
            ) from error

    def read(self) -> Kept | None:
        """None before the first write. Raises StampUnreadableError."""
        content = os.pread(self._file, RECORD_BYTES, 0).rstrip(b" \n")
        if not content:
            return None
        try:
            return msgspec.json.decode(content, type=Kept)
        except msgspec.DecodeError as error:
            raise StampUnreadableError from error

    def write(self, kept: Kept) -> None:
        content = msgspec.json.encode(kept)
        os.pwrite(self._file, content.ljust(RECORD_BYTES - 1) + b"\n", 0)

    def close(self) -> None:
        os.close(self._file)


def kept_by_others(mine: Path) -> list[Kept]:
    """What the other files of the same database hold; one that is damaged is its own poster's to judge."""
    found = []
    for path in sorted(mine.parent.glob(f"{mine.name.rpartition('-')[0]}-*.json")):
        if path != mine:
            try:
                found.append(msgspec.json.decode(path.read_bytes().rstrip(b" \n"), type=Kept))
            except (OSError, msgspec.DecodeError):
                continue
    return found


def stamp_path(state: Path, slot: int, system_id: int, database: str) -> Path:
    """A poster's file for one database of one server: a state folder may serve several. Pure."""
    which = sha256(f"{system_id}/{database}".encode()).hexdigest()[:16]
    return state / FOLDER / f"{which}-{slot}.json"
