"""The CONSOLE role: a web server with a bounded number of threads, at work while its ledger answers."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError, Role
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.role_loop import run_loop
from streams.settings import ProgramSettings

if TYPE_CHECKING:
    from sinks.operations.ledger_pool import LedgerPool

LOOK_EVERY_S: Final = 2.0
TIDY_EVERY_S: Final = 3600.0
"""Between two deletions of what is over: sessions, and connections that somebody began and nobody finished."""
LARGEST_BODY: Final = 64 * 1024
LARGEST_HEAD: Final = 16 * 1024
MOST_OPEN: Final = 200
"""Connections of browsers that are open at once; further ones wait."""
SILENT_S: Final = 30
"""A browser that sends or takes nothing for so long is let go."""
ENDING_S: Final = 20.0

_LOG: Final = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Serve until stopped; returns the exit code 0. Blocks.

    Raises ConfigurationError where a schema does not fit, the port is taken, or the key is missing; and what an outage
    of the ledger ended in.
    """
    from sinks.console.process import THREADS, Console, install
    from sinks.console.schema import require_console_schema
    from sinks.console.setup import set_up

    made = Console(settings)
    set_up(settings, made.secrets.signing_keys())
    made.pool.require_schema()
    require_console_schema(settings)
    install(made)
    made.pool.open()
    made.signals.start()
    server = _Server(settings, THREADS)
    try:
        server.start()
        return run_loop(Role.CONSOLE, _Watch(made.pool, server, stop, health), stop, health)
    finally:
        server.end()
        made.close()


class _Server:
    """Waitress in a thread of its own: it reads slow browsers without a thread each."""

    def __init__(self, settings: ProgramSettings, threads: int) -> None:
        """Raises ConfigurationError where the port cannot be used."""
        import waitress
        from django.core.wsgi import get_wsgi_application

        from sinks.console.counted import counted

        logging.getLogger("waitress").setLevel(logging.ERROR)
        behind_tls = settings.console_url.startswith("https://")
        trusted: dict[str, Any] = {
            "trusted_proxy": "*",
            "trusted_proxy_count": 1,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        }
        try:
            self._server = waitress.create_server(
                counted(get_wsgi_application()),
                host=settings.console_host,
                port=settings.console_port,
                threads=threads,
                connection_limit=MOST_OPEN,
                channel_timeout=SILENT_S,
                max_request_body_size=LARGEST_BODY,
                max_request_header_size=LARGEST_HEAD,
                ident=None,
                clear_untrusted_proxy_headers=True,
                **(trusted if behind_tls else {}),
            )
        except OSError as error:
            raise ConfigurationError(
                f"port {settings.console_port} on {settings.console_host} cannot be used ({error.strerror}): choose "
                "another with WRITEBACK_CONSOLE_PORT or --port; 0 takes a free one"
            ) from None
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)
        host = f"[{settings.console_host}]" if ":" in settings.console_host else settings.console_host
        self._address = f"http://{host}:{self._server.effective_port}"

    def start(self) -> None:
        self._thread.start()
        _LOG.info("listening", url=self._address)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        """Answer what was asked, take nothing new. Blocks for ENDING_S at most."""
        self._server.close()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=ENDING_S)


class _Watch:
    """The work of the role between requests: readiness is what its ledger says."""

    def __init__(self, pool: LedgerPool, server: _Server, stop: Stop, health: Health) -> None:
        self._pool, self._server, self._stop, self._health = pool, server, stop, health
        self._tidy_at = 0.0

    def iterate(self) -> None:
        """Raises RuntimeError where the server has ended by itself, and what the ledger's client raises."""
        if not self._server.running:
            raise RuntimeError("the web server has ended")
        self._pool.reach()
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_EVERY_S
            _tidy(self._pool)
        self._health.ready(True)
        self._stop.wait(LOOK_EVERY_S)

    def disconnect(self) -> None:
        """Requests are answered with an apology meanwhile; nothing is held between two looks."""


def _tidy(pool: LedgerPool) -> None:
    """Delete sessions that are over, and what nobody came back for of connections that were begun, of every
    practice: it holds credentials, sealed."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection

    from sinks.operations.setup.connection_draft import forget_unfinished

    with pool.ledger() as ledger:
        forget_unfinished(ledger)
    try:
        SessionStore.clear_expired()
    finally:
        connection.close()
