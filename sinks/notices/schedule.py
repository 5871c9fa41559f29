"""Decides when a message is due and which one it is. Pure: the ledger's rows go in, steps come out."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from schemas.vocabulary import DeadLetterReason
from sinks.notices.cases import Case
from sinks.notices.causes import NEWS, Cause, CauseKind

BUNDLE: Final = timedelta(minutes=15)
"""After a message about a cause, more of the same is bundled for this long."""
REMINDERS: Final = (timedelta(hours=24), timedelta(days=3), timedelta(days=7))
"""The pauses before the first reminder, the second, and each later one. Somebody who has not acted after a day is
reminded; a mail a day would only be filtered away."""
_OF_THE_SETUP: Final = frozenset(
    {
        DeadLetterReason.MAPPING_MISSING,
        DeadLetterReason.MAPPING_INVALID,
        DeadLetterReason.ACCOUNT_INACTIVE,
    }
)
"""Every payment fails until it is repaired. With closed connections these alone are repeated; all else stands in the
morning's digest until it ends."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says is open now for one practice and cause. Nothing names a patient."""

    practice_id: str
    cause: Cause
    count: int
    oldest_at: datetime
    dependents: int = 0
    """Entries that wait for one of these (PROTOCOL section 3: the origin's notice counts them)."""
    vendor_code: str | None = None
    """The newest code of the target, digits and capitals only (H-3)."""
    answer_by: datetime | None = None
    """The first day by which somebody else wants an answer (R-10)."""
    cases: tuple[Case, ...] = ()
    """The newest of them, not all."""
    details: tuple[str, ...] = ()
    """Ids and amounts of what payouts differ in, a line each."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An open row of `notices`."""

    practice_id: str
    cause: Cause
    opened_at: datetime
    not_before: datetime
    """The first message waits until here: the same cause was reported shortly before (flapping is bundled)."""
    told_at: datetime | None
    """When the last message was planned; None = none yet."""
    shown: int
    """How many of those open now the practice has been notified of."""
    steps: int
    """Messages planned so far; numbers the next one."""
    reminders: int = 0
    """How many of them were reminders."""
    escalated: timedelta = timedelta(0)
    """Contacts that are told after so long have been."""
    acknowledged_by: str | None = None
    """Who has said that they see to it."""


class StepKind(StrEnum):
    OPENED = "opened"
    MORE = "more"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is due now."""

    kind: StepKind
    number: int
    more: int = 0
    """How many came since the last message: the suppressed ones, counted ("12 more like this")."""
    again: int = 0
    """How many of those that are open were sent again and failed again."""
    acknowledged_by: str | None = None
    """Who sees to it."""
    others_after: timedelta | None = None
    """After how long others are told, where nobody acknowledges it."""

    @property
    def name(self) -> str:
        """The `step` column: unique within a notice, so a message is planned once."""
        return f"{self.number}-{self.kind.value}"


def next_step(notice: Notice, problem: Problem, now: datetime) -> Step | None:
    """The message that an open notice owes now: at once, then bundles, then reminders; None = nothing yet."""
    if notice.told_at is None:
        return Step(kind=StepKind.OPENED, number=notice.steps + 1) if now >= notice.not_before else None
    if problem.count > notice.shown and now >= notice.told_at + BUNDLE:
        return Step(kind=StepKind.MORE, number=notice.steps + 1, more=problem.count - notice.shown)
    if is_repeated(notice.cause) and now >= notice.told_at + REMINDERS[min(notice.reminders, len(REMINDERS) - 1)]:
        return Step(kind=StepKind.REMINDER, number=notice.steps + 1)
    return None


def is_repeated(cause: Cause) -> bool:
    """Whether an open cause is reported again by itself: a connection that is closed, or a setting that is wrong."""
    return cause.kind is CauseKind.CONNECTION or (cause.kind is CauseKind.POSTING and cause.reason in _OF_THE_SETUP)


def resolved_step(notice: Notice) -> Step | None:
    """The closing message; None when nobody was notified (it was solved within a bundle's time), and for news."""
    if notice.told_at is None or notice.cause.reason in NEWS:
        return None
    return Step(kind=StepKind.RESOLVED, number=notice.steps + 1)
