"""A role in a thread of the test's own process; elsewhere roles are processes (tests/scenarios)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streams.runtime.lifecycle import Stop
from tests.scenarios.waiting import WITHIN_S


@contextmanager
def role_thread(run: Callable[[Stop], object]) -> Iterator[threading.Thread]:
    """Runs while the block does; told to stop and waited for afterwards, and what it raised fails the test."""
    stop = Stop()
    failures: list[BaseException] = []

    def body() -> None:
        try:
            run(stop)
        except BaseException as error:  # noqa: BLE001 - handed to the test, which fails with it
            failures.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(WITHIN_S)
    if failures:
        raise failures[0]
