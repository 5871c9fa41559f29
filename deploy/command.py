"""The `writeback` command.

Sub-commands are found by name and imported only when they are called, so that each role starts quickly and holds
no more in memory than it uses.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import Annotated, Any, Final, NoReturn

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError
from typer.core import TyperGroup

from deploy.commands.printing import VisibleText
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import CALLED, ConfigurationError, Role, Transient, WritebackError, category_of

COMMANDS: Final = {
    "up": "deploy.commands.up:up",
    "ready": "deploy.commands.ready:ready",
    "doctor": "deploy.commands.doctor:doctor",
    **{role.value: f"deploy.commands.roles:{role.value}" for role in Role if role not in CALLED},
    Role.HEALTH.value: "deploy.commands.health:app",
    Role.HEALTH.value: "deploy.commands.health:app",
    Role.SYNC.value: "deploy.commands.sync:app",
    "stack": "deploy.commands.stack:app",
    "migrate": "deploy.commands.migrate:migrate",
    "topics": "deploy.commands.topics:app",
    "sandbox": "deploy.commands.sandbox:sandbox",
    "webhooks": "deploy.commands.webhooks:webhooks",
    Role.CONSOLE.value: "deploy.commands.console:app",
    "send": "deploy.commands.send:send",
    "trigger": "deploy.commands.trigger:trigger",
    "results": "deploy.commands.results:results",
    "clock": "deploy.commands.clock:app",
    "practice": "deploy.commands.practice:app",
    "settings": "deploy.commands.settings:app",
    "organisation": "deploy.commands.organisation:app",
    "user": "deploy.commands.user:app",
    "golive": "deploy.commands.golive:app",
    "whatif": "deploy.commands.whatif:whatif",
    "backfill": "deploy.commands.backfill:backfill",
    "link": "deploy.commands.link:app",
    "member": "deploy.commands.member:app",
    "audit": "deploy.commands.audit:app",
    "backup-drill": "deploy.commands.backup_drill:backup_drill",
    "audit-receipts": "deploy.commands.audit_receipts:audit_receipts",
    "quickbooks": "deploy.commands.quickbooks:app",
    "target": "deploy.commands.target:app",
    "targets": "deploy.commands.targets:targets",
    "connector": "deploy.commands.connector:app",
    "transactions": "deploy.commands.transactions:app",
    "explain": "deploy.commands.explain:explain",
    "dlq": "deploy.commands.dlq:app",
    "entries": "deploy.commands.entries:app",
    "worklist": "deploy.commands.worklist:worklist",
    "payouts": "deploy.commands.payouts:app",
    "restored": "deploy.commands.restored:restored",
    "retention": "deploy.commands.retention:retention",
    "reconcile": "deploy.commands.reconcile:reconcile",
    "exceptions": "deploy.commands.exceptions:exceptions",
    "day": "deploy.commands.review:day",
    "week": "deploy.commands.review:week",
    "inbox": "deploy.commands.inbox:inbox",
    "notices": "deploy.commands.notices:app",
    "lag": "deploy.commands.lag:lag",
    "top": "deploy.commands.top:top",
    "demo": "deploy.commands.demo:demo",
}
"""Name of each sub-command, and `module:attribute` of its function or Typer app."""

USAGE: Final = 2  # exit code: what was asked for cannot work
FAILED: Final = 1

HELP: Final = "--help"

RENAMED: Final = {"--apply": "--yes", "--as": "--by"}
"""Spellings of the releases before this one, still taken, with a warning."""


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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Names the nearest command; groups below find theirs by themselves."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UsageError(f"there is no command {args[0]}{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Lazy,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would print payloads (H-1)
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"writeback {importlib.metadata.version('writeback')}")
        raise typer.Exit


@app.callback()
def _writeback(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Writes dental payments into the practice's own books, once and correctly."""


def main() -> None:
    """The console script. Errors end it with one clear sentence on standard error and a code that scripts can use;
    with --json, the sentence stands in a JSON document there."""
    if not sys.argv[1:] or HELP in sys.argv:  # styled, and nothing of it comes from a practice or a vendor
        _run()
    with redirect_stdout(VisibleText(sys.stdout)), redirect_stderr(VisibleText(sys.stderr)):
        _run()


def _run() -> NoReturn:
    arguments = _renamed(sys.argv[1:])
    try:
        code = app(args=arguments, prog_name="writeback", standalone_mode=False)
    except ClickException as error:
        _end_usage(error, arguments)
    except typer.Abort:
        sys.exit(FAILED)
    except WritebackError as error:
        _end(arguments, str(error), USAGE if isinstance(error, ConfigurationError) else FAILED)
    except Exception as error:  # noqa: BLE001 - the last place: said once, without payloads, and ended
        _end(arguments, _explained(error), FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _renamed(arguments: list[str]) -> list[str]:
    """The arguments with old spellings replaced, up to a `--`."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for old in RENAMED.keys() & set(options):
        print(f"warning: {old} is now {RENAMED[old]}", file=sys.stderr)
    return [*(RENAMED.get(each, each) for each in options), *arguments[len(options) :]]


def _end_usage(error: ClickException, arguments: list[str]) -> NoReturn:
    """What was typed is no command of ours: what is wrong, and where the help is."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        sys.exit(USAGE)
    context = getattr(error, "ctx", None)
    path = "writeback" if context is None else context.command_path
    message = error.format_message().rstrip(".")
    _end(arguments, f"{message[:1].lower()}{message[1:]}; see `{path} --help`", USAGE)


def _end(arguments: list[str], message: str, code: int) -> NoReturn:
    if "--json" in arguments:
        print(json.dumps({"error": {"message": message, "exit_code": code}}), file=sys.stderr)
    else:
        print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


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
