"""The `writeback` command as a person runs it: a process of its own."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from unittest.mock import patch

from deploy.command import main
from tests import processes
from tests.worlds import World

WIDE = {"COLUMNS": "200"}
"""A terminal on which no cell of a table breaks its words."""


class Said(str):
    """Standard output; `code` and `errors` beside it."""

    code: int
    errors: str


def writeback(world: World, *arguments: str, **settings: Any) -> Said:
    """Run the command in this world and return what it said."""
    ended = processes.run(arguments, world.environ(**settings) | WIDE)
    said = Said(ended.stdout)
    said.code, said.errors = ended.returncode, ended.stderr
    return said


def writeback_json(world: World, *arguments: str, **settings: Any) -> Any:
    """Run it with --json and return the document. Fails with its error text otherwise."""
    said = writeback(world, *arguments, "--json", **settings)
    assert said.code == 0, said.errors
    return json.loads(said)


def writeback_here(world: World, *arguments: str, **settings: Any) -> Said:
    """The same command in this process: for those that start no role, many to a test."""
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with (
        patch.dict(os.environ, world.environ(**settings) | WIDE, clear=True),
        patch.object(sys, "argv", ["writeback", *arguments]),
        redirect_stdout(out),
        redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    said = Said(out.getvalue())
    said.code, said.errors = code, errors.getvalue()
    return said


def writeback_json_here(world: World, *arguments: str, **settings: Any) -> Any:
    """`writeback_json`, in this process."""
    said = writeback_here(world, *arguments, "--json", **settings)
    assert said.code == 0, said.errors
    return json.loads(said)
