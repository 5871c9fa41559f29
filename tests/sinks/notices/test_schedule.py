"""At once, then bundles of 15 minutes, reminders further and further apart, one closing message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.vocabulary import ConnectionReason, DeadLetterReason, Target
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.schedule import BUNDLE, REMINDERS, Notice, Problem, StepKind, next_step, resolved_step

T0 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CAUSE = Cause(CauseKind.POSTING, Target.PMS, DeadLetterReason.MAPPING_MISSING)


def problem(count: int) -> Problem:
    return Problem(practice_id="northside", cause=CAUSE, count=count, oldest_at=T0)


def notice(
    *,
    told_at: datetime | None = None,
    shown: int = 0,
    steps: int = 0,
    wait: timedelta = timedelta(),
    cause: Cause = CAUSE,
    reminders: int = 0,
) -> Notice:
    return Notice(
        practice_id="northside",
        cause=cause,
        opened_at=T0,
        not_before=T0 + wait,
        told_at=told_at,
        shown=shown,
        steps=steps,
        reminders=reminders,
    )


def test_the_first_message_goes_at_once() -> None:
    step = next_step(notice(), problem(1), T0)
    assert step is not None
    assert (step.kind, step.name) == (StepKind.OPENED, "1-opened")


def test_more_of_the_same_waits_for_the_bundle_and_is_counted() -> None:
    reported = notice(told_at=T0, shown=1, steps=1)
    assert next_step(reported, problem(13), T0 + BUNDLE - timedelta(seconds=1)) is None
    step = next_step(reported, problem(13), T0 + BUNDLE)
    assert step is not None
    assert (step.kind, step.more, step.name) == (StepKind.MORE, 12, "2-more")


def test_nothing_new_is_reported_again_after_a_day_three_days_and_weekly() -> None:
    for reminders, pause in enumerate([*REMINDERS, REMINDERS[-1], REMINDERS[-1]]):
        reported = notice(told_at=T0, shown=3, steps=1, reminders=reminders)
        assert next_step(reported, problem(3), T0 + pause - timedelta(seconds=1)) is None
        step = next_step(reported, problem(3), T0 + pause)
        assert step is not None
        assert step.kind is StepKind.REMINDER
    assert [pause.days for pause in REMINDERS] == [1, 3, 7]


def test_only_what_keeps_failing_until_it_is_repaired_is_repeated() -> None:
    """The rest stands in the morning's digest: one conflict brings one mail."""
    year = T0 + timedelta(days=365)
    repeated = [Cause(CauseKind.CONNECTION, Target.PMS, reason) for reason in ConnectionReason]
    silent = [Cause(CauseKind.RECORD, None, DeadLetterReason.CONFLICT)] + [
        Cause(CauseKind.POSTING, Target.PMS, reason)
        for reason in (DeadLetterReason.REFUSED_BY_TARGET, DeadLetterReason.FOUND_TWICE, DeadLetterReason.PERIOD_CLOSED)
    ]
    for cause in repeated + silent:
        step = next_step(notice(told_at=T0, shown=3, steps=1, cause=cause), problem(3), year)
        assert (step is not None) == (cause in repeated), cause


def test_fewer_open_ones_tell_nothing() -> None:
    assert next_step(notice(told_at=T0, shown=3, steps=1), problem(2), T0 + timedelta(hours=1)) is None


def test_a_cause_that_comes_back_shortly_after_is_bundled() -> None:
    """A cause that opens and closes every minute does not send a mail every minute (G12)."""
    reopened = notice(wait=timedelta(minutes=10))
    assert next_step(reopened, problem(1), T0 + timedelta(minutes=9)) is None
    assert next_step(reopened, problem(1), T0 + timedelta(minutes=10)) is not None


def test_resolved_is_sent_once_and_only_to_those_who_were_notified() -> None:
    step = resolved_step(notice(told_at=T0, shown=1, steps=2))
    assert step is not None
    assert step.name == "3-resolved"
    assert resolved_step(notice()) is None
