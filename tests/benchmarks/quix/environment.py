"""The environment that Quix Streams runs in: made once in the cache, from pinned and hashed packages."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).with_name("requirements.lock")
INSTALL_S: Final = 300.0


class NotInstalledError(RuntimeError):
    """The environment cannot be had; the message says what to do."""


def python(cache: Path) -> Path:
    """Its interpreter. Blocks for up to a minute the first time; NotInstalledError without the package index."""
    folder = cache / f"quix-{sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    interpreter = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.exists() and interpreter.exists():
        return interpreter
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=INSTALL_S)
        subprocess.run([*install, "--require-hashes", "-r", str(LOCK)], check=True, timeout=INSTALL_S)
    except (subprocess.SubprocessError, OSError) as error:
        raise NotInstalledError(
            f"the packages of {LOCK.name} could not be installed: is the package index reachable?"
        ) from error
    complete.touch()
    return interpreter
