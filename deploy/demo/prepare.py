"""Prepares servers that run already for the demonstration: key, clock, schema, audit trail and topics."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import psycopg

from deploy.demo.opening import day_before, opening, today_utc
from deploy.servers import make_key
from sinks.ledger.practices.audit_owner import protect
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.migrate import migrate
from streams.kafka.topics import ensure_topics
from streams.runtime.clock import set_rehearsal
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

ADMIN_URL: Final = "WRITEBACK_ADMIN_DATABASE_URL"


def prepare(say: Callable[[str], None]) -> None:
    """Everything that roles need before they start; what is there already stays, so it can be done again. Blocks.

    1. the key file of WRITEBACK_SECRET_KEY_FILE 2. the clock, at the opening of the day 3. schema 4. the audit trail's
    own owner, where WRITEBACK_ADMIN_DATABASE_URL names an administrator 5. topics. Raises ConfigurationError.
    """
    settings = ProgramSettings.load()
    if settings.rehearsal_clock is None or settings.secret_key_file is None:
        raise ConfigurationError(
            "set WRITEBACK_REHEARSAL_CLOCK and WRITEBACK_SECRET_KEY_FILE to files that all roles see"
        )
    make_key(settings.secret_key_file)
    if not settings.rehearsal_clock.exists():
        set_rehearsal(settings.rehearsal_clock, opening(day_before(today_utc())))
    say(f"clock:  {settings.clock().now():%Y-%m-%d %H:%M} UTC")
    say(f"ledger: {migrate(settings.database_url)} migrations applied")
    if admin_url := os.environ.get(ADMIN_URL, ""):
        with connect(settings.database_url, "demo") as ours, psycopg.connect(admin_url, autocommit=True) as admin:
            protect(admin, fetch_value(ours, "SELECT current_user::text"))
    say(f"topics: {len(ensure_topics(settings).created)} created")
