"""The thread that reads `patients.v1` beside the role's rounds. What it meets stops no round, and no round stops it."""

from __future__ import annotations

import threading
from typing import Final

from schemas.identity_keys import IdentityKeys
from sinks.ledger.schema.database import connect
from sinks.linking.tokens import TokenKeys
from sinks.sync.identities.changes import read_change
from sinks.sync.identities.feed import GROUP, IdentityFeed, RejoinError
from sinks.sync.identities.store import IdentityStore, PositionMovedError
from sinks.targets.credentials import KeyRing
from streams.runtime.errors import Consequence, Role, category_of, consequence
from streams.runtime.logging import log
from streams.runtime.metrics import ERRORS
from streams.settings import ProgramSettings

AGAIN_S: Final = 10.0
"""Between two tries after an error: who patients are is no part of the money path, and nothing is lost meanwhile."""
CLOSE_S: Final = 10.0
"""For the thread to see the end; then the process goes without it, and what it had not stored is read again."""

_LOG: Final = log(__name__)


class IdentityReader:
    """Of one process. Reads until closed; any error is logged, counted, and followed by a new beginning from what is
    stored: the broker may be away, or refuse, for any time."""

    def __init__(self, settings: ProgramSettings) -> None:
        self._settings = settings
        self._ending = threading.Event()
        self._said: str | None = None
        self._thread = threading.Thread(target=self._run, name="patient-identities", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Blocks until the thread has ended, for CLOSE_S at most."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - judged below; none of them may end the role's rounds
                self._report(error)
                if not isinstance(error, PositionMovedError | RejoinError):
                    self._ending.wait(AGAIN_S)

    def _report(self, error: Exception) -> None:
        """Once for each kind of error in a row: a topic that is not there stays away for long."""
        category, chosen = category_of(error), consequence(error, Role.SYNC)
        if chosen is Consequence.EXIT:
            chosen = Consequence.RETRY
        ERRORS.labels(Role.SYNC.value, category.__name__ if category else "unknown", chosen.value).inc()
        if category is None:
            _LOG.failure("patients' identities are not read: a fault of the program", error)
            return
        said = type(error).__name__
        if said != self._said:
            self._said = said
            _LOG.warning("patients' identities are not read now", error=said)

    def _read(self) -> None:
        settings = self._settings
        keys = IdentityKeys(settings.secret(), settings.retired_secrets())
        connection = connect(settings.database_url, "sync-identities")
        try:
            token_keys = TokenKeys(settings.secret(), settings.retired_secrets())
            group = settings.prefixed(GROUP)
            store = IdentityStore(connection, KeyRing.of(settings), token_keys, group, settings.clock())
            for _ in store.open_kept(keys):
                if self._ending.is_set():
                    return
            self._consume(store, keys)
        finally:
            connection.close()

    def _consume(self, store: IdentityStore, keys: IdentityKeys) -> None:
        feed = IdentityFeed(self._settings, store)
        try:
            while not self._ending.is_set():
                records = feed.take()
                store.store(feed.positions, [read_change(each, keys) for each in records])
                _follow_ends(feed, store)
                self._said = None
        finally:
            feed.close()


def _follow_ends(feed: IdentityFeed, store: IdentityStore) -> None:
    """Positions past the last record, what a reading from the beginning did not show, and each minute a word that quiet
    partitions are read."""
    stamped = feed.look()
    for part, position in list(feed.positions.items()):
        end = feed.ends.get(part, position.next_offset)
        if end > position.next_offset or part in stamped:
            position = store.move(part, position, max(end, position.next_offset))
        is_whole = position.rebuilt_to is not None and position.next_offset >= position.rebuilt_to
        if is_whole and not store.sweep(part, position):
            position = store.end_run(part, position)
        feed.positions[part] = position
