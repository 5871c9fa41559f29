"""The console's own tables: brought to this release by `writeback migrate`, looked at by the role."""

from __future__ import annotations

from typing import Any, Final

from sinks.console.setup import set_up
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

_LOCK_KEY: Final = 7_203_114_456  # any constant beside the ledger's: one migration at a time per database
_MIGRATE_MS: Final = 600_000


def migrate_console(settings: ProgramSettings) -> int:
    """Apply what is missing and return how many migrations that was. Idempotent; safe to call from many processes.

    What a later release has applied stays. Blocks while another process migrates. Raises Django's OperationalError
    where the database cannot be reached.
    """
    set_up(settings)
    from django.core.management import call_command
    from django.db import connection

    from sinks.console.django_settings import SCHEMA

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(_MIGRATE_MS)])
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {connection.ops.quote_name(SCHEMA)}")
        missing = len(_missing())
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
    finally:
        _end()
    return missing


def require_console_schema(settings: ProgramSettings) -> None:
    """Raises ConfigurationError, which says what to do, where the tables are not this release's. Blocks."""
    if console_schema_is_behind(settings):
        raise ConfigurationError(
            "the console's tables are not this program's yet: run `writeback migrate` of this release, then start again"
        )


def console_schema_is_behind(settings: ProgramSettings) -> bool:
    """Whether `migrate_console` has something to do; a later release's tables serve this one. Blocks."""
    set_up(settings)
    try:
        return bool(_missing())
    finally:
        _end()


def _missing() -> list[Any]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return list(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _end() -> None:
    """Give the connection back and end it: with it go its lock and its time-out."""
    from django.db import connection

    connection.close()
    connection.close_pool()
