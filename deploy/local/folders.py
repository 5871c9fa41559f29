"""Where caches and state belong, and whether they can be used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO, Final

import platformdirs

from streams.runtime.errors import ConfigurationError

APPLICATION: Final = "writeback"
# The jars take 43 MB, the copy of Postgres 41 MB; an empty broker and an initialised database 60 MB.
CACHE_NEEDS_BYTES: Final = 128 * 1024**2
STATE_NEEDS_BYTES: Final = 256 * 1024**2


class LocalStackError(ConfigurationError):
    """The local broker or database cannot be had here. The message says why and what to do."""


def cache_folder(chosen: Path | None = None) -> Path:
    """The folder of what can be downloaded again. root uses the system's folder, because Postgres runs as
    another user there and cannot look into root's home."""
    if chosen is not None:
        return chosen.expanduser().absolute()
    if _is_root():
        return platformdirs.site_cache_path(APPLICATION)
    return platformdirs.user_cache_path(APPLICATION)


def state_folder(chosen: Path | None = None) -> Path:
    """The folder of the data that `writeback up` keeps between runs."""
    if chosen is not None:
        return chosen.expanduser().absolute()
    if _is_root():
        return platformdirs.site_state_path(APPLICATION)
    return platformdirs.user_state_path(APPLICATION)


def usable(folder: Path, *, needs_bytes: int, setting: str) -> Path:
    """Make `folder` and check that it is writable and has room. Raises LocalStackError naming `setting`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise LocalStackError(
            f"the folder {folder} cannot be written ({error.strerror}): make it writable, or choose another "
            f"with {setting}"
        ) from error
    if free < needs_bytes:
        raise LocalStackError(
            f"{folder} has {free // 1024**2} MiB free and needs {needs_bytes // 1024**2}: "
            f"free some space, or choose another folder with {setting}"
        )
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone can read, also where an older one was open to others."""
    with open(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w", encoding="utf-8"
    ) as made:
        os.fchmod(made.fileno(), 0o600)
        made.write(text)


def open_log(file: Path, *, begin_again: bool = False) -> BinaryIO:
    """A log file to append to that its owner alone can read: names and ids of practices stand in logs."""
    how = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if begin_again else os.O_APPEND)
    opened = os.open(file, how, 0o600)
    os.fchmod(opened, 0o600)
    return open(opened, "wb")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
