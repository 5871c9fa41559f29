"""Hands ended spans to an exporter by a thread of its own: a bounded queue, and whatever does not fit is counted.

The SDK's own processor lets the oldest spans go without counting them, and its end waits for the exporter.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from streams.runtime.logging import log
from streams.runtime.metrics import TRACE_SPANS

MOST_WAITING: Final = 4096
"""About 8 MB of spans."""
MOST_AT_ONCE: Final = 512
GATHER_S: Final = 0.5
"""How long spans are gathered for one request, while they are fewer."""
CLOSE_S: Final = 3.0
"""How long the end of a process waits for the exporter."""

_LOG: Final = log(__name__)


class SpanQueue(SpanProcessor):
    """Takes ended spans from any thread. Only `shutdown` blocks, CLOSE_S seconds at most; nothing here raises."""

    def __init__(
        self, exporter: SpanExporter, role: str, *, most: int = MOST_WAITING, close_s: float = CLOSE_S
    ) -> None:
        self._exporter = exporter
        self._most = most
        self._close_s = close_s
        self._exported = TRACE_SPANS.labels(role, "exported")
        self._dropped = TRACE_SPANS.labels(role, "dropped")
        self._failed = TRACE_SPANS.labels(role, "failed")
        self._waiting: deque[ReadableSpan] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._working = True
        """The last request was accepted; it is said once that none is."""
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Called by the SDK. A span that finds the queue full is dropped: what is being worked on goes on."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._changed:
            if self._closing or len(self._waiting) >= self._most:
                self._dropped.inc()
                return
            self._waiting.append(span)
            if len(self._waiting) in (1, MOST_AT_ONCE):
                self._changed.notify()

    def shutdown(self) -> None:
        """Export what waits while there is time; drop and count the rest."""
        until = time.monotonic() + self._close_s
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(self._close_s)
        if self._thread.is_alive():
            self._exporter.shutdown()  # ends its waiting between two tries
            self._thread.join(max(until - time.monotonic(), 0.1))
        with self._changed:
            self._dropped.inc(len(self._waiting))
            self._waiting.clear()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Not used: nobody waits for spans but `shutdown`."""
        return not self._waiting

    def _run(self) -> None:
        while batch := self._next():
            self._export(batch)

    def _next(self) -> list[ReadableSpan]:
        """The next spans; none once the queue is closed and empty."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            if not self._closing and len(self._waiting) < MOST_AT_ONCE:
                self._changed.wait(GATHER_S)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]

    def _export(self, batch: list[ReadableSpan]) -> None:
        try:
            stored = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - an exporter's own fault costs spans and nothing else
            stored = False
            if self._working:
                _LOG.failure("an exporter of traces raised", error)
        (self._exported if stored else self._failed).inc(len(batch))
        if stored is not self._working:
            self._working = stored
            if stored:
                _LOG.info("traces are taken again")
            else:
                _LOG.warning("traces are not taken: the events themselves go on", count=len(batch))
