"""What comes late is booked as ever and flagged in the ledger, and what comes from the future is not (E-10, T-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from processors.rules.source_records import Refusal, decide_record
from schemas.codec import encode_event
from schemas.practice_settings import Timing
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason
from schemas.writebacks import SourcePosition
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()


@pytest.mark.parametrize(("timing", "days", "late"), [("INSTANT", 1, False), ("INSTANT", 3, True), ("DAILY", 1, True)])
def test_late_is_flagged_and_due_on_arrival(database: LedgerDatabase, timing: str, days: int, late: bool) -> None:
    """E-10: older than `late_after_days`; T-11: its cut-off had passed. Scheduled at once all the same, under its own
    date (T-6)."""
    database.add(timing=Timing(timing), late_after_days=2)
    database.link()
    database.clock.instant = NOON + timedelta(days=days)
    database.report(payment())
    rows = database.rows("SELECT state, late, due_at, ledger_date FROM effects ORDER BY effect_id")
    assert rows == [("SCHEDULED", late, database.clock.instant, NOON.date())] * 2


def test_more_than_five_minutes_ahead_is_a_dead_letter() -> None:
    """E-10: a clock that runs ahead is not guessed at: OCCURRED_IN_FUTURE, with its bytes kept for a redrive."""
    for ahead, refused in ((timedelta(minutes=5), False), (timedelta(minutes=5, microseconds=1), True)):
        told = payment(at=NOON + ahead)
        place = SourcePosition(topic=TopicName.PAYMENTS.value, topic_id="t", partition=0, offset=0, appended_at=NOON)
        found = decide_record(place, PRACTICE.encode(), encode_event(told), lambda _: None)
        assert isinstance(found, Refusal) is refused
        if isinstance(found, Refusal):
            assert found.reason is DeadLetterReason.OCCURRED_IN_FUTURE
