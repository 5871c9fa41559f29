"""What a poster counts of its attempts, and that counting neither grows without bound nor says more than happened."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.health_codec import decode_heartbeat, encode_heartbeat
from schemas.heartbeats import LATENCY_BOUNDS_MS, LONGER
from schemas.vocabulary import FAILED, AnswerClass, ConnectionReason, Target
from sinks.poster import heartbeats
from sinks.poster.answer_classes import class_of, class_of_read
from sinks.poster.call_outcome import Closing
from sinks.poster.heartbeats import Heartbeats
from sinks.targets.port import NoAnswer, NothingSent, Posted, ReadFailed, Scope
from tests.sinks.poster.test_verdicts import answers

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

attempts = st.lists(
    st.tuples(
        st.sampled_from(["p1", "p2"]),
        st.sampled_from(Target),
        st.sampled_from(AnswerClass),
        st.floats(0, 200),
        st.booleans(),
    ),
    max_size=40,
)


class Ticking:
    """A clock that is a second later each time it is read."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@given(attempts)
def test_a_heartbeat_says_what_happened_since_the_last_one(
    done: list[tuple[str, Target, AnswerClass, float, bool]],
) -> None:
    """Every attempt is in one heartbeat of its practice and target, and in no second one; the bytes carry all of it."""
    counted = Heartbeats("poster-1", Ticking())
    for practice, target, answer, seconds, retried in done:
        counted.count(practice, target, answer, seconds, retried=retried)
    taken = [decode_heartbeat(encode_heartbeat(each)) for each in counted.take()]
    assert counted.take() == []
    assert len({each.heartbeat_id for each in taken}) == len(taken)
    assert {(each.practice_id, each.target) for each in taken} == {(each[0], each[1]) for each in done}
    for beat in taken:
        mine = [each for each in done if (each[0], each[1]) == (beat.practice_id, beat.target)]
        assert {each.answer: each.count for each in beat.answers} == Counter(each[2] for each in mine)
        assert sum(each.count for each in beat.latencies) == len(mine)
        assert {each.up_to_ms for each in beat.latencies} <= {*LATENCY_BOUNDS_MS, LONGER}
        assert beat.retries == sum(each[4] for each in mine)
        assert (beat.last_failed_at is None) == (not any(each[2] in FAILED for each in mine))
        assert beat.began_at <= (beat.last_answered_at or beat.last_failed_at or NOON) <= beat.ended_at


@given(answers)
def test_every_answer_has_a_class(answer: object) -> None:
    """Only what is not sent for a reason of our own counts as no attempt."""
    found = class_of(answer)  # type: ignore[arg-type]
    assert (found is None) == (isinstance(answer, NothingSent) and answer.scope is Scope.EFFECT)


def test_classes_say_whom_a_failure_concerns() -> None:
    """A revoked key is not an office that is off, and neither is a refusal of one entry."""
    assert class_of(Posted(external_id="payments/1")) is AnswerClass.ANSWERED
    assert class_of(NoAnswer(code="TIMEOUT")) is AnswerClass.NO_ANSWER
    assert class_of(ReadFailed(scope=Scope.EFFECT, reason=None, code="X")) is AnswerClass.REFUSED
    assert class_of_read(None) is AnswerClass.ANSWERED
    assert {reason: class_of_read(Closing(reason)) for reason in ConnectionReason} == {
        ConnectionReason.NEEDS_RECONNECT: AnswerClass.CREDENTIALS,
        ConnectionReason.SUBSCRIPTION_ENDED: AnswerClass.CREDENTIALS,
        ConnectionReason.WRONG_COMPANY: AnswerClass.CREDENTIALS,
        ConnectionReason.THROTTLED: AnswerClass.BUSY,
        ConnectionReason.UNREACHABLE: AnswerClass.UNREACHABLE,
        ConnectionReason.TARGET_DOWN: AnswerClass.DOWN,
    }


def test_more_practices_than_can_be_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of the process is bounded; those that are counted already go on."""
    monkeypatch.setattr(heartbeats, "MOST_TARGETS", 2)
    counted = Heartbeats("poster-1")
    for practice in ("p1", "p2", "p3", "p1"):
        counted.count(practice, Target.PMS, AnswerClass.ANSWERED, 0.1)
    assert {each.practice_id: each.answers[0].count for each in counted.take()} == {"p1": 2, "p2": 1}
