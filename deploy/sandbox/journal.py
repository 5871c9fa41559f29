"""The optional state file: rows as JSON lines, so that a sandbox may be stopped and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from deploy.sandbox.exchange import decoded, encoded


class Journal:
    """Append-only. A line is `[vendor, account, table, row]`; a later line of the same row replaces it.

    Without a path nothing is kept. A last line that a kill cut short is dropped at the next start.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def replay(self) -> Iterator[tuple[str, str, str, Any]]:
        """Lines of the last run, then open for appending. Call once, before `write`."""
        if self._path is None:
            return
        whole = 0
        if self._path.exists():
            for line in self._path.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                vendor, account, table, row = decoded(line)
                yield vendor, account, table, row
        self._file = self._path.open("ab")
        self._file.truncate(whole)

    def write(self, vendor: str, account: str, table: str, row: object) -> None:
        if self._file is not None:
            self._file.write(encoded([vendor, account, table, row]) + b"\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
