"""`writeback clock set|advance|show`: business time of a rehearsal (PROTOCOL section 5, two clocks)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import Json

app = typer.Typer(no_args_is_help=True, help="Set, advance or show the rehearsal clock.")

File = Annotated[
    Path | None, typer.Option("--file", help="The clock's file; default WRITEBACK_REHEARSAL_CLOCK.", dir_okay=False)
]


@app.command("set")
def set_(
    instant: Annotated[str, typer.Argument(help="With its zone, for example 2026-03-02T17:30:00-05:00.")],
    file: File = None,
    as_json: Json = False,
) -> None:
    """Make business time INSTANT from now on, for every role that uses the file."""
    from streams.runtime.clock import set_rehearsal
    from streams.runtime.errors import ConfigurationError

    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        raise ConfigurationError(f"{instant!r} is no instant: write it like 2026-03-02T17:30:00-05:00") from None
    set_rehearsal(_file(file), moment)
    _show(_file(file), as_json)


@app.command()
def advance(
    by: Annotated[str, typer.Argument(help="How far, for example 90s, 30m, 6h, 1d or 1d12h.")],
    file: File = None,
    as_json: Json = False,
) -> None:
    """Move business time forward."""
    from streams.runtime.clock import advance_rehearsal

    advance_rehearsal(_file(file), _span(by))
    _show(_file(file), as_json)


@app.command()
def show(file: File = None, as_json: Json = False) -> None:
    """Print business time as it is now."""
    _show(_file(file), as_json)


def _show(file: Path, as_json: bool) -> None:
    from deploy.commands.printing import print_json
    from streams.runtime.clock import RehearsalClock

    now = RehearsalClock(file).now().isoformat(timespec="seconds")
    if as_json:
        print_json({"now": now})
    else:
        print(now)


def _file(chosen: Path | None) -> Path:
    from streams.runtime.errors import ConfigurationError
    from streams.settings import ProgramSettings

    file = chosen or ProgramSettings.load().rehearsal_clock
    if file is None:
        raise ConfigurationError("which clock? set WRITEBACK_REHEARSAL_CLOCK to its file, or name it with --file")
    return file


def _span(text: str) -> timedelta:
    from streams.runtime.errors import ConfigurationError

    found = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    if not text or found is None:
        raise ConfigurationError(f"{text!r} is no span of time: write it like 90s, 30m, 6h, 1d or 1d12h")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
