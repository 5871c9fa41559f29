"""The base image: a minimal Debian made by debootstrap and imported, so that no image registry is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.containers.engine import DOCKER, EngineError, docker, has_image, run
from deploy.containers.names import SUITE

BOOTSTRAP_S: Final = 1200
IMPORT_S: Final = 300


def ensure_base(name: str, say: Callable[[str], None]) -> None:
    """Make the base image under `name` where the engine has none. Blocks for about a minute; needs root.

    An image of that name that is there stays, also one from a registry (`debian:bookworm-slim`).
    """
    if has_image(name):
        return
    if os.geteuid() != 0:
        raise EngineError(
            f"the engine has no image {name}, and making one with debootstrap needs root: run this as root, or name an "
            "image of Debian that the engine has in IMAGE_BASE"
        )
    say(f"{name}: a minimal Debian {SUITE} by debootstrap")
    folder = Path(tempfile.mkdtemp(prefix="writeback-base-"))
    try:
        folder.chmod(0o755)  # the folder itself becomes the image's root
        run(["debootstrap", "--variant=minbase", SUITE, str(folder)], within_s=BOOTSTRAP_S)
        run(["chroot", str(folder), "apt-get", "clean"])
        _import(folder, name)
    finally:
        shutil.rmtree(folder)


def _import(folder: Path, name: str) -> None:
    """The folder's files as one layer; the kernel's own file systems stay out."""
    command = ["tar", "--numeric-owner", "--exclude=./proc/*", "--exclude=./sys/*", "-C", str(folder), "-c", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        docker("import", "--change", 'CMD ["bash"]', "-", name, stdin=tar.stdout, within_s=IMPORT_S)
    if tar.returncode != 0:
        docker("rmi", name)
        raise EngineError(f"the base image {name} could not be packed: {DOCKER} import got half of it")
