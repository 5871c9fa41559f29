"""Looks at the disks of this machine's data folders: the state folder, the local broker's and database's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from sinks.operations.doctor.facts import FreeSpace, Looked
from sinks.operations.doctor.finding import Check
from streams.settings import ProgramSettings

PARTS: Final = (".", "kafka", "postgres")
"""Of a state folder; each may be a mount of its own."""


def look_at_disks(settings: ProgramSettings, looked: Looked) -> None:
    """The space of each disk once; nothing where no data is kept on this machine. Blocks while a disk does."""
    state = settings.state_dir
    if state is None:
        return
    seen: set[int] = set()
    for folder in (state / part for part in PARTS):
        _see(folder, seen, looked)


def _see(folder: Path, seen: set[int], looked: Looked) -> None:
    try:
        if not folder.exists() or (device := folder.stat().st_dev) in seen:
            return
        seen.add(device)
        space = shutil.disk_usage(folder)
    except OSError as error:
        looked.could_not(Check.DISK, f"{folder}: {error.strerror}")
        return
    looked.saw("disks", (FreeSpace(str(folder), space.free, space.total),))
