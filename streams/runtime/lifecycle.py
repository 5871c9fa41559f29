"""Stops a role in order: on a signal, and when its supervisor dies."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

import psutil

# Where the kernel does not signal a parent's death, it is checked this often.
PARENT_LOOK_S: Final = 1.0


class Stop:
    """The token that asks a role to stop in order.

    The first SIGTERM or SIGINT sets it; a second one ends the process at once, and marks then become UNCERTAIN
    (PROTOCOL section 5). Loops wait on it instead of sleeping: `wait(seconds)` in threads, `watch` in asyncio.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return self._event.is_set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        """Ask for the end. May be called from a signal handler or any thread."""
        if self._event.is_set():
            return
        self._event.set()
        for callback in list(self._callbacks):
            callback()

    def wait(self, seconds: float) -> bool:
        """Block until the stop or for `seconds`; True when stopped."""
        return self._event.wait(seconds)

    def call(self, callback: Callable[[], None]) -> None:
        """Have `callback` called at the stop, in the thread that stops (it must be safe in a signal handler)."""
        self._callbacks.append(callback)
        if self._event.is_set():
            callback()

    def watch(self, loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Event:
        """An asyncio event of `loop` (default: the running one) that is set at the stop."""
        running = loop or asyncio.get_running_loop()
        event = asyncio.Event()

        def set_event() -> None:
            if not running.is_closed():
                running.call_soon_threadsafe(event.set)

        self.call(set_event)
        return event

    def on_signals(self) -> None:
        """Take SIGTERM and SIGINT. Main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self._event.is_set():
            os._exit(128 + number)
        self.set()


def end_with(parent: int, stop: Stop) -> None:
    """Set `stop` when the process `parent` ends, even by SIGKILL: no role outlives its supervisor.

    Linux signals it by itself when the supervisor starts its children through `deploy.local.tether`; this thread covers
    every other system and costs one look a second.
    """
    watched = psutil.Process(parent)

    def look() -> None:
        while not stop.wait(PARENT_LOOK_S):
            if not watched.is_running():
                stop.set()

    threading.Thread(target=look, name="parent-watch", daemon=True).start()
