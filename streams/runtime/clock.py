"""Business time: the clock of due times, cut-offs, settings in force and ages (PROTOCOL section 5).

Leases, epochs and deadlines never use it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from streams.runtime.errors import ConfigurationError


class Clock(Protocol):
    """Where business time is read. `now` does not block."""

    def now(self) -> datetime:
        """The business instant, aware, in UTC."""
        ...

    def for_database(self) -> datetime | None:
        """What goes into SQL as `:now`; None where the database's own clock is business time."""
        ...


class SystemClock:
    """Production: the machine's clock here, the database's clock there."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def for_database(self) -> datetime | None:
        return None


class FixedClock(msgspec.Struct, frozen=True):
    """One instant, for tests of pure code."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def for_database(self) -> datetime | None:
        return self.instant


class RehearsalClock:
    """Business time from a file: the instant in it, plus the time since the file was written.

    So it ticks, all roles agree, and `writeback clock` moves all of them at once. The file is looked at on each
    reading (one stat; read again only when changed), and is replaced atomically by its writer.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp = (-1, -1)
        self._base = datetime.now(UTC)
        self._written = self._base
        self.now()

    def now(self) -> datetime:
        """Raises ConfigurationError when the file is missing or holds no instant with a zone."""
        try:
            found = os.stat(self._file)
            if (found.st_mtime_ns, found.st_ino) != self._stamp:
                self._base = _instant_in(self._file)
                self._written = datetime.fromtimestamp(found.st_mtime, UTC)
                self._stamp = (found.st_mtime_ns, found.st_ino)
        except OSError as error:
            raise ConfigurationError(
                f"the rehearsal clock {self._file} cannot be read ({error.strerror}): "
                "make it with `writeback clock set INSTANT`"
            ) from error
        return self._base + (datetime.now(UTC) - self._written)

    def for_database(self) -> datetime | None:
        return self.now()


def clock_of(rehearsal_clock: Path | None) -> Clock:
    """The clock that the settings ask for."""
    return SystemClock() if rehearsal_clock is None else RehearsalClock(rehearsal_clock)


def set_rehearsal(file: Path, instant: datetime) -> None:
    """Make business time `instant` from now on, for every process that uses `file`. Atomic."""
    if instant.tzinfo is None:
        raise ConfigurationError("an instant needs a zone, for example 2026-03-02T17:30:00-05:00")
    file.parent.mkdir(parents=True, exist_ok=True)
    staging = file.with_name(f".{file.name}.{os.getpid()}")
    staging.write_text(instant.astimezone(UTC).isoformat() + "\n", encoding="utf-8")
    staging.replace(file)


def advance_rehearsal(file: Path, by: timedelta) -> datetime:
    """Move business time on by `by` and return it. Time only moves forward: a negative step is refused."""
    if by < timedelta(0):
        raise ConfigurationError("business time only moves forward; `writeback clock set` starts a new rehearsal")
    moved = RehearsalClock(file).now() + by
    set_rehearsal(file, moved)
    return moved


def _instant_in(file: Path) -> datetime:
    text = file.read_text(encoding="utf-8").strip()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"the rehearsal clock {file} holds no instant: it takes one like 2026-03-02T17:30:00-05:00"
        ) from error
    if instant.tzinfo is None:
        raise ConfigurationError(f"the instant in the rehearsal clock {file} has no zone: add one, for example +00:00")
    return instant.astimezone(UTC)
