"""Says what an answer of a target is to HEALTH: one class for each, whatever becomes of the entry. Pure."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import AnswerClass, ConnectionReason
from sinks.poster.call_outcome import Closing
from sinks.targets.port import (
    Accepted,
    Answer,
    Found,
    NoAnswer,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
)

_CONNECTION: Final[dict[ConnectionReason, AnswerClass]] = {
    ConnectionReason.NEEDS_RECONNECT: AnswerClass.CREDENTIALS,
    ConnectionReason.SUBSCRIPTION_ENDED: AnswerClass.CREDENTIALS,
    ConnectionReason.WRONG_COMPANY: AnswerClass.CREDENTIALS,
    ConnectionReason.THROTTLED: AnswerClass.BUSY,
    ConnectionReason.UNREACHABLE: AnswerClass.UNREACHABLE,
    ConnectionReason.TARGET_DOWN: AnswerClass.DOWN,
}


def class_of(answer: Answer | Found | ReadFailed) -> AnswerClass | None:
    """None: no attempt, as nothing was sent for a reason of our own."""
    match answer:
        case Posted() | Accepted() | Found():
            return AnswerClass.ANSWERED
        case NothingSent(scope=Scope.EFFECT):
            return None
        case NothingSent():
            return _CONNECTION[answer.reason or ConnectionReason.UNREACHABLE]
        case Refused(scope=Scope.EFFECT, kind=RefusalClass.TEMPORARY):
            return AnswerClass.BUSY
        case Refused(scope=Scope.EFFECT):
            return AnswerClass.REFUSED
        case Refused():
            reason = answer.reason if isinstance(answer.reason, ConnectionReason) else ConnectionReason.UNREACHABLE
            return _CONNECTION[reason]
        case ReadFailed(scope=Scope.EFFECT):
            return AnswerClass.REFUSED
        case ReadFailed():
            return _CONNECTION[answer.reason or ConnectionReason.TARGET_DOWN]
        case NoAnswer():
            return AnswerClass.NO_ANSWER


def class_of_read(closing: Closing | None) -> AnswerClass:
    """Of a read before a mark: what it said of its connection."""
    return AnswerClass.ANSWERED if closing is None else _CONNECTION[closing.reason]
