"""`writeback backup-drill`: does a dump of the ledger restore to the same ledger?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from sinks.operations.queries.backup_drill import DrillReport

COPY_URL: Final = "WRITEBACK_DRILL_DATABASE_URL"


def backup_drill(
    programs: Annotated[
        Path | None,
        typer.Option(help="Folder of pg_dump and pg_restore; default: the local Postgres' own, else those of PATH."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Dump the ledger, restore it into an empty database, and compare every row. Exit code 1 when they differ.

    The environment's WRITEBACK_DRILL_DATABASE_URL names that database. The ledger is only read.
    """
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import print_json
    from deploy.local.postgres import client_programs
    from sinks.operations.queries.backup_drill import drill
    from streams.runtime.errors import ConfigurationError

    copy_url = os.environ.get(COPY_URL, "")
    if not copy_url:
        raise ConfigurationError(f"set {COPY_URL} to an empty database to restore into; drop it after the drill")
    with open_ledger("drill") as opened:
        database_url = opened.settings.database_url
    report = drill(database_url, copy_url, programs or client_programs())
    if as_json:
        print_json({"sound": report.sound, "report": report})
    else:
        _print(report)
    if not report.sound:
        raise typer.Exit(1)


def _print(report: DrillReport) -> None:
    from deploy.commands.printing import counted

    print(
        f"{counted(report.tables, 'table')}, {counted(report.rows, 'row')}: dumped in {report.dump_s:.0f} s "
        f"({report.dump_bytes / 1_000_000:.1f} MB), restored in {report.restore_s:.0f} s"
    )
    for name in report.differing:
        print(f"  differs: {name}")
    if report.broken_audit_entries:
        print(f"  {counted(report.broken_audit_entries, 'entry', 'entries')} of the restored audit trail do not fit")
    print(
        "The restored ledger is the same."
        if report.sound
        else "The restored ledger is NOT the same: do not rely on it."
    )
