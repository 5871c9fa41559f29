"""`writeback migrate`: bring the ledger's schema, and the console's, to this release, or say whether that is needed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from deploy.commands.options import Json


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 when it is needed.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the ledger's schema and the console's tables to this release. Roles of the release before go on meanwhile.

    Nothing else changes the schema of a database that DATABASE_URL names; a later release's is never taken back.
    """
    from deploy.commands.printing import print_json
    from deploy.servers import protect_if_local, settings_here
    from sinks.console.schema import console_schema_is_behind, migrate_console
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.migrate import migrate as bring_up
    from sinks.ledger.schema.version import SchemaState, program_version, schema_state

    settings = settings_here()
    database_url = settings.database_url
    applied = to_console = 0
    if not check:
        applied = bring_up(database_url)
        protect_if_local(settings)
        to_console = migrate_console(settings)
    with connect(database_url, "migrate") as connection:
        state = schema_state(connection)
    if state is SchemaState.CURRENT and console_schema_is_behind(settings):
        state = SchemaState.BEHIND
    if as_json:
        print_json({"state": state, "version": program_version(), "applied": applied, "applied_to_console": to_console})
    else:
        print(_said(state, applied, to_console, program_version()))
    if check and state in (SchemaState.ABSENT, SchemaState.BEHIND, SchemaState.TOO_NEW):
        sys.exit(1)


def _said(state: object, applied: int, to_console: int, version: int) -> str:
    from deploy.commands.printing import counted
    from sinks.ledger.schema.version import SchemaState

    if state is SchemaState.CURRENT:
        done = f"{counted(applied, 'migration')} applied: " if applied else ""
        beside = f"; {counted(to_console, 'migration')} of the console's tables applied" if to_console else ""
        return f"{done}the ledger has the schema of this release ({version}){beside}"
    if state is SchemaState.AHEAD:
        return f"the ledger has the schema of a later release, which serves this one ({version}); nothing to do"
    if state is SchemaState.TOO_NEW:
        return f"the ledger has the schema of a later release, which does not serve this one ({version}): install that"
    return f"the ledger's schema is not that of this release ({version}) yet: run `writeback migrate`"
