"""A page of a reader whose turn has passed to another is void, and so is nothing else of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from sinks.linking.tokens import TokenKeys
from sinks.sync.access import SyncAccess
from sinks.sync.page_store import PageStore, TurnLostError
from sinks.sync.records import Claimed, StoredRead
from sinks.sync.schedule import window_from
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.reading import Identity, MirrorPage, MirrorPatient, ReadKind
from sinks.targets.route import AdapterContext
from streams.fault_injection import Control, install
from streams.runtime.clock import SystemClock
from tests.sinks.poster.offices import SECRET_TEXT
from tests.sinks.sync.readers import Readers

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAGE = MirrorPage(
    patients=(MirrorPatient(pms_patient_id="7", guarantor_id=None, in_use=True, identity=Identity()),),
)


def _store(readers: Readers, epoch: int) -> PageStore:
    settings = readers.world.settings(secret_key=SECRET_TEXT)

    @asynccontextmanager
    async def connect() -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with await psycopg.AsyncConnection.connect(readers.world.database_url, autocommit=True) as opened:
            yield opened

    access = SyncAccess(
        settings=settings,
        connect=connect,
        clock=SystemClock(),
        me="an older reader",
        adapters=AdapterContext(settings=settings, keys=readers.keys, connect=connect),
        memory=AnswerMemory(1024 * 1024),
        keys=readers.keys,
        token_keys=TokenKeys(settings.secret()),
    )
    claimed = Claimed(practice_id="practice-1", epoch=epoch, account=None, round_at=NOW, round_full=False, failures=0)
    return PageStore(access, claimed)


async def _page_of_an_older_reader(readers: Readers) -> None:
    store = _store(readers, epoch=1)
    await store.begin(ReadKind.PATIENTS, None, window_from(ReadKind.PATIENTS, NOW), NOW)
    # A later process has the turn: its epoch is another one.
    readers.database.connection.execute("UPDATE mirror_practices SET owner = 'a newer reader', epoch = 2")
    read = StoredRead(kind=ReadKind.PATIENTS, run=1, run_began_at=NOW)
    await store.keep_page(read, PAGE)


def _practice(readers: Readers) -> None:
    readers.open()
    readers.database.connection.execute(
        "INSERT INTO mirror_practices (practice_id, due_at, owner, epoch) VALUES ('practice-1', now(),"
        " 'an older reader', 1)"
    )


def test_a_page_of_a_lost_turn_is_void(readers: Readers) -> None:
    _practice(readers)
    with pytest.raises(TurnLostError):
        asyncio.run(_page_of_an_older_reader(readers))
    assert readers.patients() == {}


def test_control_mirror_fence(readers: Readers) -> None:
    """Its control: what an older reader held is stored over what the newer one knows."""
    _practice(readers)
    install([Control.MIRROR_FENCE])
    asyncio.run(_page_of_an_older_reader(readers))
    assert readers.patients() == {"7": (None, True, False)}
