"""Decides when a message is due and which one it is. Pure: the ledger's rows go in, steps come out."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from sinks.notices.causes import NEWS, Cause, CauseKind

BUNDLE: Final = timedelta(minutes=15)
"""After a message about a cause, more of the same is bundled for this long."""
REMINDER: Final = timedelta(hours=24)
"""An open cause is reported again after this long; events that wait for others are in the morning's digest instead."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says is open now for one practice and cause. Counts and times only: no patient, no amount."""

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


class StepKind(StrEnum):
    OPENED = "opened"
    MORE = "more"
    REMINDER = "reminder"
    RESOLVED = "resolved"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is due now."""

    kind: StepKind
    number: int
    more: int = 0
    """How many came since the last message: the suppressed ones, counted ("12 more like this")."""

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
    if now >= notice.told_at + REMINDER and notice.cause.kind is not CauseKind.EVENT:
        return Step(kind=StepKind.REMINDER, number=notice.steps + 1)
    return None


def resolved_step(notice: Notice) -> Step | None:
    """The closing message; None when nobody was notified (it was solved within a bundle's time), and for news."""
    if notice.told_at is None or notice.cause.reason in NEWS:
        return None
    return Step(kind=StepKind.RESOLVED, number=notice.steps + 1)
