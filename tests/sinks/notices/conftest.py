"""Fixtures: a mailbox, and a ledger that a notifier reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from sinks.notices import role
from tests.sinks.notices.notice_ledger import Mailbox, NoticeLedger, a_mailbox
from tests.worlds import World


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with a_mailbox() as box:
        yield box


@pytest.fixture
def ledger(world: World, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NoticeLedger]:
    monkeypatch.setattr(role, "POLL_S", 0.05)
    migrate(world.database_url)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        yield NoticeLedger(world, connection, mailbox, tmp_path)
