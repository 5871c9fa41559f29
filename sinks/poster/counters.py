"""Metrics of the poster; each labelled child is looked up once, not per call."""

from __future__ import annotations

import time
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from schemas.vocabulary import DeadLetterReason, Stage, State
from sinks.poster.call_outcome import Verdict
from sinks.poster.connection_leases import ConnectionLease
from sinks.targets.port import Answer, Found, NothingSent, Posted, Prepared, ReadFailed, Refused
from streams.runtime import metrics


@cache
def _calls(route: str, operation: str, outcome: str) -> Counter:
    return metrics.CALLS.labels(route, operation, outcome)


@cache
def _seconds(route: str, operation: str) -> Histogram:
    return metrics.CALL_SECONDS.labels(route, operation)


@cache
def _last_success(route: str, operation: str) -> Gauge:
    return metrics.LAST_SUCCESS.labels(route, operation)


@cache
def _transition(target: str, from_state: str, to_state: str) -> Counter:
    return metrics.TRANSITIONS.labels(target, from_state, to_state)


@cache
def _in_flight(route: str) -> Gauge:
    return metrics.CALLS_IN_FLIGHT.labels(route)


def started(route: str) -> None:
    """A call starts."""
    _in_flight(route).inc()


def ended(route: str) -> None:
    """A call has ended."""
    _in_flight(route).dec()


def closed(route: str, reason: str) -> None:
    """A connection was closed by an error of its own. How many are closed now is the ledger's to say (`gauges`)."""
    metrics.CLOSINGS.labels(route, reason).inc()


def posted(route: str, answer: Answer, seconds: float) -> None:
    """A call to post has ended."""
    _calls(route, "post", type(answer).__name__).inc()
    _seconds(route, "post").observe(seconds)
    if isinstance(answer, Posted):
        _last_success(route, "post").set(time.time())
    elif isinstance(answer, NothingSent) and answer.code == "LATE":
        metrics.LATE_STARTS.labels(route).inc()
    elif isinstance(answer, Refused) and answer.reason == "THROTTLED":
        metrics.RATE_LIMITED.labels(route).inc()


def read(connection: ConnectionLease, reading: Found | ReadFailed, verdict: Verdict, seconds: float) -> None:
    """A read-back has ended."""
    _calls(connection.route, "read_back", type(reading).__name__).inc()
    _seconds(connection.route, "read_back").observe(seconds)
    if isinstance(reading, Found):
        _last_success(connection.route, "read_back").set(time.time())
        if verdict.state is not State.UNCERTAIN:
            metrics.UNCERTAIN_RESOLVED.labels(connection.target_name, verdict.state.value).inc()


def prepared(route: str, reading: Prepared | ReadFailed, seconds: float) -> None:
    """A balance read before a posting has ended."""
    _calls(route, "prepare", type(reading).__name__).inc()
    _seconds(route, "prepare").observe(seconds)


def dead(stage: Stage, reason: DeadLetterReason) -> None:
    """A dead letter of an entry was written."""
    metrics.DEAD_LETTERS.labels(stage.value, reason.value).inc()


def moved(target: str, from_state: str, to_state: str, count: int = 1) -> None:
    """Effects changed their state."""
    _transition(target, from_state, to_state).inc(count)


def retried(target: str, answer: str) -> None:
    """A call was refused without effect, or nothing was sent; it is due again. `answer` is the answer's type."""
    metrics.RETRIES.labels(target, answer).inc()


def fenced(target: str) -> None:
    """An answer came under a lease that another owner has taken over, and changed nothing."""
    metrics.FENCED_ANSWERS.labels(target).inc()


def doubled(target: str) -> None:
    """An entry stands twice at the target, or may."""
    metrics.DUPLICATES_AT_TARGET.labels(target).inc()
