"""`writeback top`: the pipeline as it is now, from the roles' own metrics."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.commands.options import Json, StateDir
from deploy.commands.printing import print_json, raw_output, shown_money, visible

if TYPE_CHECKING:
    from sinks.operations.live.scrape import Endpoint
    from sinks.operations.live.view import Counted, LiveView, RoleNow

MOST: Final = 8
"""Lines of each list: the view fits a terminal of 40 lines."""


def top(
    once: Annotated[bool, typer.Option("--once", help="Look once, for two readings' time, and end.")] = False,
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two readings.")] = 2.0,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=HOST:PORT", help="A process elsewhere; repeat. Default: those of `writeback up`."),
    ] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Show who is at work and how fast, what waits, is closed or dead, again and again until Ctrl-C. Asks the roles
    alone: no database, no Prometheus. With --json one look, as with --once."""
    from sinks.operations.live.scrape import scrape
    from sinks.operations.live.view import live_view
    from streams.runtime.lifecycle import Stop

    endpoints = _endpoints(target, state_dir)
    stop = Stop()
    stop.on_signals()
    before = scrape(endpoints)
    stop.wait(every)
    now = scrape(endpoints)
    view = live_view(before, now, time.time())
    if as_json:
        print_json(view)
        return
    if once:
        _console().print(_shown(view))
        return
    from rich.live import Live

    with Live(_shown(view), console=_console(), screen=True, auto_refresh=False) as screen:
        while not stop.wait(every):
            before, now = now, scrape(endpoints)
            screen.update(_shown(live_view(before, now, time.time())), refresh=True)


def _endpoints(given: list[str] | None, state_dir: str | None) -> list[Endpoint]:
    """Raises ConfigurationError where no process is named and no `writeback up` runs here."""
    from pathlib import Path

    from deploy.local.folders import state_folder
    from deploy.scrape_targets import FILE
    from sinks.operations.live.endpoints import endpoints_in, named_endpoints, read_targets
    from streams.runtime.errors import ConfigurationError
    from streams.settings import ProgramSettings

    if given:
        return named_endpoints(given, "--target")
    settings = ProgramSettings.load(state_dir=Path(state_dir) if state_dir else None)
    folder = state_folder(settings.state_dir)
    found = endpoints_in(read_targets(folder / FILE))
    if not found:
        raise ConfigurationError(
            f"no `writeback up` runs on {folder}: start it, or name processes with --target rules=HOST:PORT"
        )
    return found


def _console() -> Any:
    from rich.console import Console

    piped = None if os.isatty(1) or "COLUMNS" in os.environ else 200
    return Console(file=raw_output(), highlight=False, width=piped)


def _shown(view: LiveView) -> Any:
    from rich.columns import Columns
    from rich.console import Group

    lists = [
        _list("Posted a second", view.posted_per_s, "{:.1f}"),
        _list("Open by state", view.open_by_state, "{:.0f}"),
        _list("Oldest by state", view.oldest_s_by_state, "", ages=True),
        _list("Connections closed", view.closed, "{:.0f}"),
        _list("Open dead letters", view.dead, "{:.0f}"),
        _list("Targets by health", view.health, "{:.0f}"),
        _list("Payouts differ", view.payout_differences, "{:.0f}"),
    ]
    return Group(_roles(view.roles), Columns(lists, padding=(0, 3)), _line(view))


def _roles(roles: tuple[RoleNow, ...]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("role", "slot", "state", "done/s", "errors/s", "behind", "for", "memory", "waits for"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "state")
    for each in roles:
        state = Text("ready", style="green") if each.ready else Text("NOT READY", style="bold red")
        cells = (
            _number(each.done_per_s, "{:.1f}"),
            _number(each.errors_per_s, "{:.2f}"),
            _number(each.behind, "{:.0f}"),
            _age(each.behind_s),
            "" if each.memory_bytes is None else f"{each.memory_bytes / 1024**2:.0f} MB",
            visible(each.waits_for),
        )
        table.add_row(visible(each.component), visible(each.slot), state, *map(Text, cells))
    return table


def _list(title: str, counts: tuple[Counted, ...], form: str, *, ages: bool = False) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title), title_justify="left", box=None, show_header=False, pad_edge=False, min_width=len(title)
    )
    for each in counts[:MOST]:
        table.add_row(Text(_age(each.count) if ages else form.format(each.count)), Text(visible(each.of)))
    if len(counts) > MOST:
        table.add_row("…", f"{len(counts) - MOST} more")
    if not counts:
        table.add_row("none", "")
    return table


def _line(view: LiveView) -> str:
    money = ", ".join(shown_money(round(each.minor), each.currency) for each in view.unposted) or "none"
    said = [
        f"not posted: {money}",
        f"outbox: {_number(view.outbox_rows, '{:.0f}') or '?'} ({_age(view.outbox_oldest_s) or '?'})",
        f"notices without a reader: {_number(view.notices_unread, '{:.0f}') or '?'}",
        f"QuickBooks access left: {'none known' if view.token_days is None else f'{view.token_days:.0f} days'}",
        f"ledger measured: {'not yet' if view.measured_ago_s is None else _age(view.measured_ago_s) + ' ago'}",
    ]
    return "\n" + "   ".join(said)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"
