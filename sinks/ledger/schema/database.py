"""Connections to the ledger."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

STATEMENT_TIMEOUT_S: Final = 10
TRANSACTION_TIMEOUT_S: Final = 15
"""One old snapshot slows every claim (law 28), so no transaction of a role outlives this."""
CONNECT_TIMEOUT_S: Final = 10


def connection_options(application: str) -> dict[str, Any]:
    """Keyword arguments that every connection of a role is opened with, in sync code and in pools alike. Pure.

    Statement 10 s < transaction 15 s (PROTOCOL section 5); the session's zone is UTC.
    """
    return {
        "application_name": f"writeback-{application}",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "autocommit": True,
        "options": (
            f"-c statement_timeout={STATEMENT_TIMEOUT_S * 1000} -c transaction_timeout={TRANSACTION_TIMEOUT_S * 1000}"
            " -c timezone=UTC"
        ),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def connect(database_url: str, application: str) -> psycopg.Connection[TupleRow]:
    """An autocommit connection; use `with connection.transaction()`. Blocks up to 10 s; raises OperationalError."""
    return psycopg.connect(database_url, **connection_options(application))
