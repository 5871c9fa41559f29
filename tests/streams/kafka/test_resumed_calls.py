"""Calls to the broker end: done, resumed, given up, or known to hang (law 1)."""

from __future__ import annotations

import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.kafka import resumed_calls
from streams.kafka.resumed_calls import HungCall, ResumedCalls
from streams.runtime.endpoints import Health
from streams.runtime.lifecycle import Stop

AGAIN = KafkaException(KafkaError(KafkaError._TIMED_OUT, "", False, True))
NEVER = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))


@pytest.mark.parametrize("may_hang", [False, True])
def test_what_timed_out_is_resumed_and_what_cannot_help_is_raised(may_hang: bool) -> None:
    answers: list[Exception | None] = [AGAIN, AGAIN, None, AGAIN, NEVER]

    def call(_: float) -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    insisting = ResumedCalls(Health(), Stop())
    insisting.until_done(call, may_hang=may_hang)
    assert len(answers) == 2
    with pytest.raises(KafkaException) as raised:
        insisting.until_done(call, may_hang=may_hang)
    assert raised.value is NEVER


def test_a_call_that_never_returns_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client may forget its own timeout: another producer goes on, in this process or the next."""
    monkeypatch.setattr(resumed_calls, "HANG_S", 0.05)
    released = threading.Event()
    try:
        with pytest.raises(HungCall, match="does not return"):
            ResumedCalls(Health(), Stop()).until_done(lambda _: released.wait(60), may_hang=True)
    finally:
        released.set()
