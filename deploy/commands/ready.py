"""`writeback ready`: wait for the `writeback up` of this machine, in scripts and in another terminal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.commands.options import Json
from deploy.commands.printing import print_json

LOOK_EVERY_S: Final = 0.2
# Long enough for a first start that fetches Apache Kafka.
WITHIN_S: Final = 300.0


def ready(
    within: Annotated[float, typer.Option(min=0, help="Wait at most this many seconds.")] = WITHIN_S,
    state_dir: Annotated[
        Path | None, typer.Option(help="That of `writeback up`; default WRITEBACK_STATE_DIR or the system's place.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Wait until every role of `writeback up` is at work; exit code 1 when it is not in time."""
    from deploy.at_work import at_work
    from deploy.local.folders import state_folder
    from streams.runtime.errors import Permanent
    from streams.runtime.lifecycle import Stop
    from streams.settings import ProgramSettings

    state = state_folder(ProgramSettings.load(state_dir=state_dir).state_dir)
    stop = Stop()
    stop.on_signals()
    deadline = time.monotonic() + within
    while not at_work(state):
        if time.monotonic() >= deadline or stop.wait(LOOK_EVERY_S):
            raise Permanent(f"after {within:.0f} s no `writeback up` is at work on {state}: look at what it says")
    if as_json:
        print_json({"ready": True})
    else:
        print("ready: every role is at work")
