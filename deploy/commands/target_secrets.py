"""Where the secrets of a connection are taken from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

SECRETS_VARIABLE: Final = "WRITEBACK_TARGET_SECRETS"
SECRETS_HELP: Final = f"A JSON file, or - for standard input; or set {SECRETS_VARIABLE}. Without: kept."


def secrets_of(chosen: str | None) -> bytes | None:
    """From a file, standard input or the environment; an argument would stand in every process list (S-6)."""
    from deploy.commands.parsing import INPUT_LIMIT, read_file

    if chosen == "-":
        return sys.stdin.buffer.read(INPUT_LIMIT)
    if chosen is not None:
        return read_file(Path(chosen), "--secrets")
    text = os.environ.get(SECRETS_VARIABLE)
    return text.encode() if text else None
