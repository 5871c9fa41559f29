"""The `writeback` command as a person runs it: a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.worlds import World

LONGEST_S = 60


class Said(str):
    """Standard output; `code` and `errors` beside it."""

    code: int
    errors: str


def writeback(world: World, *arguments: str, **settings: Any) -> Said:
    """Run the command in this world and return what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.command", *arguments],
        env=world.environ(**settings),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    said = Said(ended.stdout)
    said.code, said.errors = ended.returncode, ended.stderr
    return said


def writeback_json(world: World, *arguments: str, **settings: Any) -> Any:
    """Run it with --json and return the document. Fails with its error text otherwise."""
    said = writeback(world, *arguments, "--json", **settings)
    assert said.code == 0, said.errors
    return json.loads(said)
