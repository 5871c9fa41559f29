"""Ends a command's wait for a database that hangs: a server that is frozen keeps no time limit of a statement."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

LOOK_EVERY_S: Final = 0.5
WITHIN_S: Final = 15.0
"""Longer than any statement may take."""
ASK_S: Final = 5.0
"""Within which the server has to take another connection."""


@contextmanager
def not_waiting_for_ever(connection: psycopg.Connection[Any], database_url: str) -> Iterator[None]:
    """While the block runs: where the connection has waited for WITHIN_S and the server takes no other one, it is cut.

    The statement that waits then raises OperationalError, which `writeback` says in one sentence.
    """
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(connection, database_url, ended), daemon=True, name="database-watch")
    watch.start()
    try:
        yield
    finally:
        ended.set()


def _watch(connection: psycopg.Connection[Any], database_url: str, ended: threading.Event) -> None:
    from psycopg.pq import TransactionStatus

    idle_at = time.monotonic()
    while not ended.wait(LOOK_EVERY_S):
        if connection.closed:
            return
        if connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
            idle_at = time.monotonic()
        elif time.monotonic() - idle_at >= WITHIN_S:
            if not _answers(database_url):
                _cut(connection)
                return
            idle_at = time.monotonic()


def _answers(database_url: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(database_url, connect_timeout=int(ASK_S)):
            return True
    except psycopg.Error:
        return False


def _cut(connection: psycopg.Connection[Any]) -> None:
    """Both directions of its socket: whoever waits on it hears that it is over."""
    copy = socket.socket(fileno=os.dup(connection.fileno()))
    try:
        copy.shutdown(socket.SHUT_RDWR)
    finally:
        copy.close()
