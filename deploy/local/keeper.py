"""A stack kept running by a process of its own, for development and for test runs.

`python -m deploy.local.keeper STATE CACHE [--throw-away] [--open-broker] [--until-pid PID]` runs until SIGTERM or
SIGINT, until one of the two servers ends, or until PID ends.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from deploy.local.children import Child, end_leftover
from deploy.local.folders import STATE_NEEDS_BYTES, LocalStackError, open_log, usable
from deploy.local.stack import LocalStack, running
from deploy.servers import LOCAL_DATABASE

LOOK_EVERY_S: Final = 0.5
START_S: Final = 400.0  # the first start fetches the jars


def keep(stack: LocalStack, until_pid: int | None = None, announce: Callable[[], None] = lambda: None) -> int:
    """Run `stack` until a signal stops it; returns the exit code. Call from the main thread; blocks."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    watched = psutil.Process(until_pid) if until_pid is not None else None
    with stack:
        stack.start(LOCAL_DATABASE)
        announce()
        while not stopping.wait(LOOK_EVERY_S):
            if watched is not None and not watched.is_running():
                return 0
            ended = stack.ended()
            if ended is not None:
                print(f"{ended} has ended by itself; its log is in {stack.state}", file=sys.stderr)
                return 1
    return 0


def start_in_background(
    state: Path,
    cache: Path,
    *,
    throw_away: bool = False,
    until_pid: int | None = None,
    new_ports: bool = False,
    open_broker: bool = False,
) -> int:
    """Start a keeper for `state` that outlives this process, wait until it is ready, return its process id.

    Raises LocalStackError with the end of its log when it cannot start.
    """
    usable(state, needs_bytes=STATE_NEEDS_BYTES, setting="WRITEBACK_STATE_DIR")
    log = state / "stack.log"
    command = [sys.executable, "-m", "deploy.local.keeper", str(state), str(cache)]
    command += ["--throw-away"] if throw_away else []
    command += ["--new-ports"] if new_ports else []
    command += ["--open-broker"] if open_broker else []
    command += ["--until-pid", str(until_pid)] if until_pid is not None else []
    with open_log(log, begin_again=True) as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    keeper = Child("the local stack", process, log, signal.SIGTERM)

    def announced() -> bool:
        found = running(state)
        return found is not None and found.owner == process.pid

    keeper.wait_until(announced, START_S)
    return process.pid


def stop_in_background(state: Path) -> bool:
    """Stop the keeper of `state` and wait for its end. Returns whether there was one."""
    found = running(state)
    return found is not None and found.owner != 0 and end_leftover(found.owner, named="deploy.local.keeper")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="deploy.local.keeper")
    parser.add_argument("state", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--throw-away", action="store_true")
    parser.add_argument("--new-ports", action="store_true")
    parser.add_argument("--open-broker", action="store_true")
    parser.add_argument("--until-pid", type=int)
    chosen = parser.parse_args(arguments)
    stack = LocalStack(
        chosen.state,
        cache=chosen.cache,
        say=lambda line: print(line, flush=True),
        new_ports=chosen.new_ports,
        throw_away=chosen.throw_away,
        open_broker=chosen.open_broker,
    )
    try:
        code = keep(stack, chosen.until_pid)
    except LocalStackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if code == 0 and chosen.throw_away:
        shutil.rmtree(chosen.state, ignore_errors=True)
    return code


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
