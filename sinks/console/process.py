"""What the pages of this process share: the program's settings, the ledger's connections, the key of sign-ins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sinks.operations.ledger_pool import LedgerPool
from sinks.operations.live.endpoints import Processes
from sinks.operations.live.watch import SignalWatch
from sinks.operations.queries.find_patients import SearchKeys
from sinks.operations.sign_in_secrets import SignInSecrets
from sinks.operations.sign_in_trail import SignIn, note_sign_in
from streams.runtime.errors import Transient
from streams.settings import ProgramSettings

THREADS: Final = 8
"""Requests that are answered at once."""
CONNECTIONS: Final = 2 * THREADS + 1
"""To the ledger: each request has its own, and a second one at most for what is kept outside the practice that it
shows; and one looks whether the ledger answers. No request ever waits for a connection that another one holds."""
SEARCHES: Final = 3
"""Of these, that wait for a practice's own system: the others are left for whoever waits for no other system."""

REPORTS: Final = 2
"""Of these, that add up months: the others are left for whoever looks at a day."""


class Console:
    """One for each process. Any thread may use it; `close` ends its connections."""

    def __init__(self, settings: ProgramSettings) -> None:
        """Raises ConfigurationError without the key that seals credentials."""
        self.settings = settings
        self.secrets = SignInSecrets(settings)
        self.search_keys = SearchKeys.of(settings)
        self.pool = LedgerPool(settings, "console", CONNECTIONS)
        self.signals = SignalWatch(Processes(settings.metrics_targets))
        self._searches = threading.BoundedSemaphore(SEARCHES)
        self._reports = threading.BoundedSemaphore(REPORTS)

    def note_sign_in(self, what: SignIn, who: str | None, *, subject: str | None = None) -> None:
        """Keep it in the audit trail. Blocks; raises what the database's client raises."""
        with self.pool.ledger() as ledger:
            note_sign_in(ledger, what, who, subject=subject)

    @contextmanager
    def asking_other_systems(self) -> Iterator[None]:
        """A place among those that may wait for a practice's own system. Raises Transient where none is free."""
        if not self._searches.acquire(blocking=False):
            raise Transient("the practices' systems are being asked by others: try again in some seconds")
        try:
            yield
        finally:
            self._searches.release()

    @contextmanager
    def making_a_report(self) -> Iterator[None]:
        """A place among those that may add up a long stretch. Raises Transient where none is free."""
        if not self._reports.acquire(blocking=False):
            raise Transient("other reports are being made: try again in some seconds")
        try:
            yield
        finally:
            self._reports.release()

    def close(self) -> None:
        self.signals.end()
        self.pool.close()


_installed: list[Console] = []


def install(made: Console) -> None:
    """The console of this process from now on."""
    _installed[:] = [made]


def console() -> Console:
    """That of this process. Raises RuntimeError before `install`."""
    if not _installed:
        raise RuntimeError("the console of this process has not been made")
    return _installed[0]
