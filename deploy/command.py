"""The `writeback` command.

Sub-commands are found by name and imported only when they are called, so that each role starts quickly and holds
no more in memory than it uses.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import Any, Final

import typer
from typer.core import TyperGroup

from streams.runtime.errors import ConfigurationError, Transient, WritebackError, category_of

COMMANDS: Final = {
    "up": "deploy.commands.up:up",
    "ready": "deploy.commands.ready:ready",
    "rules": "deploy.commands.roles:rules",
    "intake": "deploy.commands.roles:intake",
    "poster": "deploy.commands.roles:poster",
    "relay": "deploy.commands.roles:relay",
    "notifier": "deploy.commands.roles:notifier",
    "stack": "deploy.commands.stack:app",
    "topics": "deploy.commands.topics:app",
    "sandbox": "deploy.commands.sandbox:sandbox",
    "send": "deploy.commands.send:send",
    "clock": "deploy.commands.clock:app",
    "practice": "deploy.commands.practice:app",
    "settings": "deploy.commands.settings:app",
    "organisation": "deploy.commands.organisation:app",
    "golive": "deploy.commands.golive:app",
    "whatif": "deploy.commands.whatif:whatif",
    "backfill": "deploy.commands.backfill:backfill",
    "link": "deploy.commands.link:link",
    "audit-receipts": "deploy.commands.audit_receipts:audit_receipts",
    "target": "deploy.commands.target:app",
    "transactions": "deploy.commands.transactions:app",
    "explain": "deploy.commands.explain:explain",
    "dlq": "deploy.commands.dlq:app",
    "entries": "deploy.commands.entries:app",
    "lag": "deploy.commands.lag:lag",
    "demo": "deploy.commands.demo:demo",
}
"""Name of each sub-command, and `module:attribute` of its function or Typer app."""

USAGE: Final = 2  # exit code: started in a way that cannot work
FAILED: Final = 1


class _Lazy(TyperGroup):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(name=cmd_name)(found)
            command = typer.main.get_command(alone)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Lazy,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local variables would print payloads (H-1)
)


@app.callback()
def _writeback() -> None:
    """Writes dental payments into the practice's own books, once and correctly."""


def main() -> None:
    """The console script. Errors end it with one clear sentence on standard error and a code that scripts can use."""
    try:
        app()
    except WritebackError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USAGE if isinstance(error, ConfigurationError) else FAILED)
    except Exception as error:  # noqa: BLE001 - the last place: said once, without payloads, and ended
        print(f"error: {_explained(error)}", file=sys.stderr)
        sys.exit(FAILED)


def _explained(error: Exception) -> str:
    if category_of(error) is Transient:
        return (
            f"the broker or the database does not answer ({type(error).__module__.partition('.')[0]}): "
            "check KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL, or start them with `writeback stack start`"
        )
    # Kind and place only: a driver's text may quote the row that it refused (H-1).
    place = "".join(traceback.format_tb(error.__traceback__))
    return f"unexpected {type(error).__name__}; please report this\n{place}"


if __name__ == "__main__":
    main()
