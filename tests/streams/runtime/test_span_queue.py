"""Ended spans on their way out: what does not fit is dropped and counted, and the end of a process is bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from streams.runtime.metrics import TRACE_SPANS
from streams.runtime.span_queue import SpanQueue
from tests.scenarios.waiting import until


class Exporter(SpanExporter):
    """Waits for `go` in each export, then answers `result`, or raises it."""

    def __init__(self, result: SpanExportResult | Exception = SpanExportResult.SUCCESS) -> None:
        self.result = result
        self.go = threading.Event()
        self.began = threading.Event()
        self.names: list[str] = []
        self.was_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.began.set()
        self.go.wait()
        if isinstance(self.result, Exception):
            raise self.result
        self.names += [span.name for span in spans]
        return self.result

    def shutdown(self) -> None:
        self.was_shut_down = True


@pytest.fixture
def role(request: pytest.FixtureRequest) -> Iterator[str]:
    """A label of its own for the counters of a test."""
    name = request.node.name
    yield name
    for outcome in ("exported", "dropped", "failed"):
        TRACE_SPANS.remove(name, outcome)


def counted(role: str, outcome: str) -> float:
    return float(TRACE_SPANS.labels(role, outcome)._value.get())


def provider(queue: SpanQueue) -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(queue)
    return made


def end_spans(to: TracerProvider, *names: str) -> None:
    for name in names:
        to.get_tracer("test").start_span(name).end()


def test_a_slow_endpoint_costs_spans_and_no_waiting(role: str) -> None:
    """While one request hangs, the queue fills to its bound; every span beyond it is counted, and `end` returns."""
    exporter = Exporter()
    queue = SpanQueue(exporter, role, most=3)
    spans = provider(queue)
    end_spans(spans, "first")
    assert exporter.began.wait(60)
    end_spans(spans, *(f"n{i}" for i in range(10)))
    assert counted(role, "dropped") == 7
    exporter.go.set()
    spans.shutdown()
    assert exporter.names == ["first", "n0", "n1", "n2"]
    assert counted(role, "exported") == 4


def test_the_end_of_a_process_does_not_wait_for_an_endpoint_that_hangs(role: str) -> None:
    """`shutdown` returns although the exporter never does: what waits is dropped and counted."""
    exporter = Exporter()
    queue = SpanQueue(exporter, role, close_s=0.05)
    spans = provider(queue)
    end_spans(spans, "hangs")
    assert exporter.began.wait(60)
    end_spans(spans, "waits")
    spans.shutdown()
    assert not exporter.go.is_set()
    assert exporter.was_shut_down
    assert counted(role, "dropped") == 1
    end_spans(spans, "comes after the end")
    assert counted(role, "dropped") == 2
    exporter.go.set()


def test_what_waits_is_exported_at_the_end(role: str) -> None:
    exporter = Exporter()
    exporter.go.set()
    spans = provider(SpanQueue(exporter, role))
    end_spans(spans, "a", "b")
    spans.shutdown()
    assert exporter.names == ["a", "b"]


@pytest.mark.expects_errors
@pytest.mark.parametrize("result", [SpanExportResult.FAILURE, RuntimeError("the exporter's own fault")])
def test_what_an_exporter_cannot_do_is_counted(role: str, result: SpanExportResult | Exception) -> None:
    """And the next spans are tried again."""
    exporter = Exporter(result)
    exporter.go.set()
    spans = provider(SpanQueue(exporter, role))
    end_spans(spans, "lost")
    until(lambda: counted(role, "failed") == 1, "the lost span is counted")
    exporter.result = SpanExportResult.SUCCESS
    end_spans(spans, "taken")
    until(lambda: exporter.names[-1:] == ["taken"], "the next span is exported")
    spans.shutdown()
