"""What the console forgets by itself: what somebody began and nobody came back for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.sinks.console.conftest import SECRET_KEY, RunningConsole
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

BEGIN = """
INSERT INTO connect_attempts (practice_id, route, state_digest, attempt, began_at, ends_at, began_by)
VALUES (%s, 'open_dental', %s, %s, now() - interval '1 h', now() + %s::interval, 'sam')
"""


def test_credentials_that_nobody_came_back_for_are_deleted(
    console: RunningConsole, ledger: LedgerDatabase, tmp_path: Path
) -> None:
    """S-1: of every practice, without anybody beginning another; what may still be finished stays."""
    for practice, ends in (("tidy-1", "-1 s"), ("tidy-2", "-30 min"), ("tidy-3", "1 h")):
        ledger.add(practice, connected=False)
        ledger.connection.execute(BEGIN, (practice, b"digest", b"sealed", ends))
    role = Role(console.world, "console", tmp_path, console_port=0, secret_key=SECRET_KEY)
    try:
        left = "SELECT practice_id FROM connect_attempts WHERE practice_id LIKE 'tidy-%%' ORDER BY 1"
        until(lambda: ledger.rows(left) == [("tidy-3",)], "what is over is deleted")
    finally:
        role.end()
