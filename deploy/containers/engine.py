"""Calls of the Docker engine by its command line, with a clear error where it does not answer."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

DOCKER: Final = "docker"
BUILD_S: Final = 1800
"""Of one image: the first one fetches Debian packages."""
ASK_S: Final = 60


class EngineError(Exception):
    """The engine or a tool beside it is missing or refused; the message says what to do."""


def run(
    command: Sequence[str],
    *,
    within_s: float = ASK_S,
    stdin: IO[bytes] | int | None = subprocess.DEVNULL,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """What the command printed. Blocks. Raises EngineError with the end of what it said where it fails."""
    program = shutil.which(command[0])
    if program is None:
        raise EngineError(f"{command[0]} is not installed: `sudo make debian-packages` brings it on Debian")
    try:
        done = subprocess.run(
            [program, *command[1:]],
            stdin=stdin,
            capture_output=True,
            check=False,
            timeout=within_s,
            env=environ,
            cwd=cwd,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"`{' '.join(command[:3])}` did not end within {within_s:.0f} s") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise EngineError(f"`{' '.join(command[:3])}` failed with code {done.returncode}: {said[-2000:]}")
    return done.stdout.decode(errors="replace")


def docker(*arguments: str, within_s: float = ASK_S, stdin: IO[bytes] | int | None = subprocess.DEVNULL) -> str:
    """`docker ARGUMENTS`; the engine is that of DOCKER_HOST, or the machine's."""
    return run([DOCKER, *arguments], within_s=within_s, stdin=stdin)


def answers() -> bool:
    """Whether a Docker engine answers here."""
    try:
        docker("version", "--format", "{{.Server.Version}}")
    except EngineError:
        return False
    return True


def has_image(name: str) -> bool:
    """Whether the engine holds this image."""
    return bool(docker("images", "--quiet", name).strip())
