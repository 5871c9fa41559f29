"""`writeback stack start|stop|status`: the local broker and database for development."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import Json

app = typer.Typer(no_args_is_help=True, help="Keep a local Apache Kafka and Postgres running for development.")

StateDir = Annotated[
    Path | None, typer.Option(help="Where the data is kept; default WRITEBACK_STATE_DIR or the system's place.")
]


@app.command()
def start(
    state_dir: StateDir = None,
    foreground: Annotated[bool, typer.Option(help="Stay here until Ctrl-C.")] = False,
    throw_away: Annotated[bool, typer.Option(help="Delete the data at the end; quicker and less durable.")] = False,
    new_ports: Annotated[bool, typer.Option(help="Forget the remembered ports and choose free ones.")] = False,
    as_json: Json = False,
) -> None:
    """Start the stack (or find it running) and print where it answers."""
    from deploy.local.folders import cache_folder
    from deploy.local.keeper import keep, start_in_background
    from deploy.local.stack import LocalStack, running
    from streams.settings import ProgramSettings

    folder = _state(state_dir)
    cache = cache_folder(ProgramSettings.load().cache_dir)
    found = running(folder)
    if found is not None and found.owner != 0 and not foreground and _addresses(folder):
        _print_running(folder, found.owner, f"already running: process {found.owner}", as_json)
    elif foreground:
        say = _say_on_stderr if as_json else print
        stack = LocalStack(folder, cache=cache, say=say, new_ports=new_ports, throw_away=throw_away)
        sys.exit(keep(stack, announce=lambda: _print_running(folder, os.getpid(), None, as_json)))
    else:
        pid = start_in_background(folder, cache, throw_away=throw_away, new_ports=new_ports)
        _print_running(folder, pid, f"started: process {pid}; `writeback stack stop` ends it", as_json)


@app.command()
def stop(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Stop the stack that runs in the background."""
    from deploy.commands.printing import print_json
    from deploy.local.keeper import stop_in_background

    stopped = stop_in_background(_state(state_dir))
    if as_json:
        print_json({"stopped": stopped})
    else:
        print("stopped" if stopped else "nothing was running")


@app.command()
def status(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Say whether it runs, where it answers and where its data is; exit code 1 when it does not run."""
    from deploy.commands.printing import print_json

    folder = _state(state_dir)
    addresses = _addresses(folder)
    if as_json:
        print_json({"running": bool(addresses), "state_dir": str(folder), "addresses": addresses})
    else:
        print(f"state folder: {folder}")
        _print_addresses(addresses)
        if not addresses:
            print("not running")
    if not addresses:
        sys.exit(1)


def _state(chosen: Path | None) -> Path:
    from deploy.local.folders import state_folder
    from streams.settings import ProgramSettings

    return state_folder(chosen or ProgramSettings.load().state_dir)


def _addresses(folder: Path) -> dict[str, str]:
    from deploy.local.stack import found_running
    from deploy.servers import LOCAL_DATABASE

    found = found_running(folder, LOCAL_DATABASE)
    if found is None:
        return {}
    addresses = {"KAFKA_BOOTSTRAP_SERVERS": found.bootstrap, "DATABASE_URL": found.database_url}
    if found.kafka_client_file is not None:
        addresses["WRITEBACK_KAFKA_CLIENT_FILE"] = str(found.kafka_client_file)
    return addresses


def _print_running(folder: Path, pid: int, said: str | None, as_json: bool) -> None:
    from deploy.commands.printing import print_json

    addresses = _addresses(folder)
    if as_json:
        print_json({"running": True, "pid": pid, "state_dir": str(folder), "addresses": addresses})
        return
    if said is not None:
        print(said)
    _print_addresses(addresses)


def _print_addresses(addresses: dict[str, str]) -> None:
    """As lines for a shell; the password belongs to this machine's loopback database and to its owner alone."""
    for name, value in addresses.items():
        print(f"export {name}={value}")


def _say_on_stderr(line: str) -> None:
    print(line, file=sys.stderr)
