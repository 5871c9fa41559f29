"""Traces of calls: a span from the call to its confirmation, and the ids that its log lines carry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sinks.poster.call_outcome import Outcome
from sinks.poster.planned_call import EffectKey, PlannedCall
from streams.runtime.correlation import Correlation, correlated
from streams.runtime.spans import Attribute, Kind, Span
from streams.runtime.trace_context import parse_traceparent
from streams.runtime.tracing import tracer, within

POST: Final = "post"
READ_BACK: Final = "read back"
READ_BEFORE: Final = "read before posting"


class CallTraces:
    """The spans of the calls in flight, one for an effect: its lane is held until its call is confirmed."""

    def __init__(self) -> None:
        self._open: dict[EffectKey, Span] = {}

    @contextmanager
    def calling(self, call: PlannedCall, name: str) -> Iterator[None]:
        """Around a call whose outcome will be confirmed. What is sent within belongs to its span."""
        with correlated(_correlation(call)):
            span = _started(call, name)
            if span is None:
                yield
                return
            self._open[call.key] = span
            with within(span):
                yield

    @contextmanager
    def reading(self, call: PlannedCall) -> Iterator[None]:
        """Around a read that nothing is stored of."""
        with correlated(_correlation(call)):
            span = _started(call, READ_BEFORE)
            if span is None:
                yield
                return
            try:
                with within(span):
                    yield
            finally:
                span.end()

    def confirmed(self, outcome: Outcome, stored: bool) -> None:
        """An outcome is committed, or was fenced: its span ends with the state that the ledger shows now."""
        span = self._open.pop(outcome.call.key, None) if self._open else None
        if span is not None:
            verdict = outcome.verdict
            values: dict[Attribute, str | int | bool] = {
                Attribute.ATTEMPT: outcome.attempt,
                Attribute.ANSWER: outcome.answer,
                Attribute.STATE: verdict.state.value,
                Attribute.STORED: stored,
            }
            if verdict.reason is not None:
                values[Attribute.REASON] = verdict.reason.value
            span.end(values, failed=verdict.reason is not None)


def _started(call: PlannedCall, name: str) -> Span | None:
    """None where traces are off, and for an event that is not traced."""
    found = tracer()
    parent = None if found is None else parse_traceparent(call.traceparent)
    if found is None or parent is None:
        return None
    return found.start(
        name,
        Kind.INTERNAL,
        parent,
        {
            Attribute.PRACTICE: call.practice_id,
            Attribute.SOURCE: call.source,
            Attribute.EVENT: call.event_id,
            Attribute.EFFECT: call.effect_id,
            Attribute.TARGET: call.target.value,
            Attribute.ENTRY_KIND: call.entry_kind.value,
        },
    )


def _correlation(call: PlannedCall) -> Correlation:
    context = parse_traceparent(call.traceparent)
    return Correlation(None if context is None else context.trace_id, call.correlation_id)
