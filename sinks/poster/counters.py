"""Metrics of the poster; each labelled child is looked up once, not per call."""

from __future__ import annotations

import time
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from schemas.vocabulary import ConnectionReason, State
from sinks.poster.call_outcome import Verdict
from sinks.targets.port import Answer, Found, NothingSent, Posted, Prepared, ReadFailed, Refused
from streams.runtime import metrics


@cache
def _calls(target: str, operation: str, outcome: str) -> Counter:
    return metrics.CALLS.labels(target, operation, outcome)


@cache
def _seconds(target: str, operation: str) -> Histogram:
    return metrics.CALL_SECONDS.labels(target, operation)


@cache
def _last_success(target: str, operation: str) -> Gauge:
    return metrics.LAST_SUCCESS.labels(target, operation)


@cache
def _transition(target: str, from_state: str, to_state: str) -> Counter:
    return metrics.TRANSITIONS.labels(target, from_state, to_state)


@cache
def _in_flight(target: str) -> Gauge:
    return metrics.CALLS_IN_FLIGHT.labels(target)


def started(target: str) -> None:
    """A call starts."""
    _in_flight(target).inc()


def ended(target: str) -> None:
    """A call has ended."""
    _in_flight(target).dec()


def closed(target: str, reason: str) -> None:
    """A connection was closed by an error of its own."""
    metrics.GATES_CLOSED.labels(target, reason).inc()


def reopened(target: str) -> None:
    """A closed connection answered again. The reason it was closed for stands in the ledger."""
    for reason in ConnectionReason:
        metrics.GATES_CLOSED.labels(target, reason.value).set(0)


def posted(target: str, answer: Answer, seconds: float) -> None:
    """A call to post has ended."""
    _calls(target, "post", type(answer).__name__).inc()
    _seconds(target, "post").observe(seconds)
    if isinstance(answer, Posted):
        _last_success(target, "post").set(time.time())
    elif isinstance(answer, NothingSent) and answer.code == "LATE":
        metrics.LATE_STARTS.labels(target).inc()
    elif isinstance(answer, Refused) and answer.reason == "THROTTLED":
        metrics.RATE_LIMITED.labels(target).inc()


def read(target: str, reading: Found | ReadFailed, verdict: Verdict, seconds: float) -> None:
    """A read-back has ended."""
    _calls(target, "read_back", type(reading).__name__).inc()
    _seconds(target, "read_back").observe(seconds)
    if isinstance(reading, Found):
        _last_success(target, "read_back").set(time.time())
        if verdict.state is not State.UNCERTAIN:
            metrics.UNCERTAIN_RESOLVED.labels(target, verdict.state.value).inc()


def prepared(target: str, reading: Prepared | ReadFailed, seconds: float) -> None:
    """A balance read before a posting has ended."""
    _calls(target, "prepare", type(reading).__name__).inc()
    _seconds(target, "prepare").observe(seconds)


def moved(target: str, from_state: str, to_state: str, count: int = 1) -> None:
    """Effects changed their state."""
    _transition(target, from_state, to_state).inc(count)


def retried(target: str, reason: str) -> None:
    """A call was refused without effect, or nothing was sent; it is due again."""
    metrics.RETRIES.labels(target, reason).inc()


def fenced(target: str) -> None:
    """An answer came under a lease that another owner has taken over, and changed nothing."""
    metrics.FENCED_ANSWERS.labels(target).inc()


def doubled(target: str) -> None:
    """An entry stands twice at the target, or may."""
    metrics.DUPLICATES_AT_TARGET.labels(target).inc()
