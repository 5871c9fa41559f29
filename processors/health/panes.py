"""Tumbling windows of one target's attempts, a minute each, and the sums of several: the hopping windows. Pure.

A window of Faust's own knows no end of itself, forgets after a restart which ones have expired and cannot be read
side by side; so these stand in one record, which its table keeps whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas.heartbeats import LONGER, Heartbeat
from schemas.vocabulary import AWAY, AnswerClass

SLOW_MS: Final = 10_000
"""An answer after more than this is slow: people wait for a confirmation in seconds."""


class Pane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the heartbeats that ended in one tumbling window say together. Adding to it makes a new one."""

    answers: dict[AnswerClass, int] = {}
    slow: int = 0
    retries: int = 0
    answered_at: datetime | None = None
    failed_at: datetime | None = None
    """The last attempt of each sort."""
    seen: tuple[str, ...] = ()
    """Short names of the heartbeats that are in it: a repeat changes nothing."""

    def plus(self, heartbeat: Heartbeat) -> Pane:
        """With one heartbeat more; itself where it has that one. In whatever order, the same."""
        name = short_name(heartbeat.heartbeat_id)
        if name in self.seen:
            return self
        answers = dict(self.answers)
        for each in heartbeat.answers:
            answers[each.answer] = answers.get(each.answer, 0) + each.count
        slow = sum(each.count for each in heartbeat.latencies if each.up_to_ms == LONGER or each.up_to_ms > SLOW_MS)
        return Pane(
            answers=dict(sorted(answers.items())),
            slow=self.slow + slow,
            retries=self.retries + heartbeat.retries,
            answered_at=latest(self.answered_at, heartbeat.last_answered_at),
            failed_at=latest(self.failed_at, heartbeat.last_failed_at),
            seen=tuple(sorted((*self.seen, name))),
        )

    def away_after(self, before: int) -> int:
        """Attempts without an answer between them, where there were so many before it. In whatever order its attempts
        came, one that was answered begins anew."""
        away = sum(count for answer, count in self.answers.items() if answer in AWAY)
        return before + away if away == sum(self.answers.values()) else 0

    def closed(self) -> Pane:
        """Without the names: nothing more is added to it."""
        return msgspec.structs.replace(self, seen=())


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """A hopping window: several panes side by side."""

    answers: dict[AnswerClass, int]
    slow: int
    retries: int

    @property
    def attempts(self) -> int:
        return sum(self.answers.values())

    @property
    def answered(self) -> int:
        return self.answers.get(AnswerClass.ANSWERED, 0)

    @property
    def failed(self) -> int:
        return self.attempts - self.answered

    @property
    def away(self) -> int:
        return sum(count for answer, count in self.answers.items() if answer in AWAY)

    @property
    def failure(self) -> AnswerClass | None:
        """The most common class of failures."""
        failures = {answer: n for answer, n in self.answers.items() if answer is not AnswerClass.ANSWERED and n}
        return max(failures, key=lambda answer: (failures[answer], answer), default=None)


def sums(panes: Iterable[Pane | None]) -> Sums:
    """Of these panes; None is an empty one."""
    answers: dict[AnswerClass, int] = {}
    slow = retries = 0
    for pane in panes:
        if pane is not None:
            for answer, count in pane.answers.items():
                answers[answer] = answers.get(answer, 0) + count
            slow += pane.slow
            retries += pane.retries
    return Sums(answers=answers, slow=slow, retries=retries)


def number_of(at: datetime, pane_s: float) -> int:
    """Which pane an instant lies in, counted from 1970."""
    return int(at.timestamp() // pane_s)


def start_of(number: int, pane_s: float) -> datetime:
    """When a pane begins."""
    return datetime.fromtimestamp(number * pane_s, UTC)


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two instants that may be missing."""
    return max((at for at in (one, other) if at is not None), default=None)


def short_name(heartbeat_id: str) -> str:
    """Twelve digits of an id: two of one window that share them lose one heartbeat, which does no harm."""
    return hashlib.blake2s(heartbeat_id.encode(), digest_size=6).hexdigest()
