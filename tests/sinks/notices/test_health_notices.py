"""How targets stand reaches the ledger, and people hear of it from there: once, in office hours, until all is well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Producer

from schemas.bookkeeping.office_hours import OfficeCalendar
from schemas.health_codec import encode_practice_health
from schemas.practice_health import PracticeHealth, TargetHealth
from schemas.topics import TopicName, physical
from schemas.vocabulary import AnswerClass, AttentionReason, ConnectionReason, HealthState, Target
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.health_problems import follows_s, joined
from sinks.notices.keep_health import keep_health, tell_at
from sinks.notices.problems import WAITS
from sinks.notices.schedule import Problem
from streams.kafka.topics import ensure_topics
from streams.runtime.times import HealthTimes, Profile, times_of
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TIMES = HealthTimes()
AT_ONCE = HealthTimes(tell_failing_s=0, tell_offline_s=0, tell_degraded_s=0)
HOUR = timedelta(hours=1)


def health(
    state: HealthState, *, target: Target = Target.PMS, good_for: float = 3600, ago: float = 0
) -> PracticeHealth:
    """A statement of `ago` seconds ago about one practice, good for so many seconds from now."""
    now = datetime.now(UTC)
    failed = 0 if state is HealthState.HEALTHY else 9
    stated = TargetHealth(
        target=target,
        state=state,
        since=now - timedelta(seconds=ago),
        attempts=10,
        failed=failed,
        failure=AnswerClass.UNREACHABLE if failed else None,
        slow=0,
        retries=failed,
        last_answered_at=now,
        last_failed_at=now if failed else None,
        posted=3,
        dead=0,
    )
    return PracticeHealth(
        practice_id="northside",
        stated_at=now - timedelta(seconds=ago),
        expires_at=now + timedelta(seconds=good_for),
        targets=(stated,),
        refused_records=0,
    )


def keep(ledger: NoticeLedger, *states: PracticeHealth) -> int:
    return keep_health(ledger.connection, states, AT_ONCE)


@pytest.fixture
def used(ledger: NoticeLedger) -> NoticeLedger:
    """A practice with a contact and a connected system."""
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
        " config, capabilities) VALUES ('northside', 'pms', 'PMS', 'open_dental', 'http://127.0.0.1', 'x', '{}', '{}')"
    )
    ledger.connection.execute("INSERT INTO practice_connections VALUES ('northside', 'PMS', 'northside', 'pms')")
    return ledger


def test_an_older_or_unknown_state_is_not_kept(used: NoticeLedger) -> None:
    """Two notifiers read the same topic, and one of them may be behind."""
    assert keep(used, health(HealthState.OFFLINE)) == 1
    assert keep(used, health(HealthState.HEALTHY, ago=30)) == 1, "it would be another state"
    assert used.one("SELECT state FROM target_health") == "OFFLINE"
    assert keep(used, health(HealthState.OFFLINE), health(HealthState.OFFLINE, ago=5)) == 0
    used.connection.execute("DELETE FROM target_health")
    stranger = PracticeHealth(**{**_fields(health(HealthState.OFFLINE)), "practice_id": "nobody"})
    assert keep(used, stranger) == 0
    assert used.one("SELECT count(*) FROM target_health") == 0


def _fields(state: PracticeHealth) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}


def test_a_state_is_told_once_and_its_end_too(used: NoticeLedger) -> None:
    """Law 27: whatever its state becomes meanwhile, it is one notice until all is well; repeats say nothing new."""
    box = used.mailbox
    keep(used, health(HealthState.FAILING))
    with used.notifier():
        wait_until(lambda: len(box.raw) == 1)
        for state in (HealthState.OFFLINE, HealthState.DEGRADED, HealthState.FAILING):
            keep(used, health(state))
            used.later(timedelta(minutes=20))
        wait_until(lambda: used.one("SELECT count(*) FROM notices") == 1)
        keep(used, health(HealthState.HEALTHY))
        wait_until(lambda: len(box.raw) == 2)
    assert [subject.partition("(")[0] for subject in box.subjects(OFFICE)] == [
        "[Writeback] most attempts to reach Open Dental fail ",
        "[Writeback] Solved: most attempts to reach Open Dental fail ",
    ]
    body = str(box.mails()[0][1].get_content())
    assert "9 of the latest 10 attempts failed; most often: no connection." in body
    assert "writeback target test northside SYSTEM" in body


def test_what_is_repaired_opens_no_second_notice(used: NoticeLedger) -> None:
    """The state that HEALTH found before the repair stands for some time after it: one cause stays one notice. What
    fails after the repair is news."""
    box = used.mailbox
    used.connection.execute("UPDATE connections SET closed_reason = 'NEEDS_RECONNECT', closed_at = now()")
    before = health(HealthState.NEEDS_RECONNECT)
    with used.notifier():
        wait_until(lambda: len(box.raw) == 1)
        keep(used, before)
        used.connection.execute(
            "UPDATE connections SET closed_reason = NULL, closed_at = NULL, changed_at = clock_timestamp()"
        )
        wait_until(lambda: len(box.raw) == 2)
        used.later(HOUR)
        used.practice("southside", "south@example.com")
        used.effect(1, "southside")
        wait_until(lambda: len(box.raw) == 3)
        assert used.one("SELECT count(*) FROM notices WHERE practice_id = 'northside'") == 1
        keep(used, health(HealthState.NEEDS_RECONNECT))
        wait_until(lambda: len(box.raw) == 4)
    assert [subject.partition(" (")[0] for subject in box.subjects(OFFICE)] == [
        "[Writeback] Open Dental is disconnected",
        "[Writeback] Solved: Open Dental is disconnected",
        "[Writeback] Open Dental no longer lets us in",
    ]


def test_a_state_follows_its_connection_before_it_is_news(used: NoticeLedger) -> None:
    """A system that answers again by itself: its state has the time of a window, and is told only if it stays."""
    box = used.mailbox
    used.connection.execute("UPDATE connections SET closed_reason = 'SUBSCRIPTION_ENDED', closed_at = now()")
    with used.notifier():
        wait_until(lambda: len(box.raw) == 1)
        used.connection.execute("UPDATE connections SET closed_reason = NULL, closed_at = NULL")
        wait_until(lambda: len(box.raw) == 2)
        keep(used, health(HealthState.OFFLINE))
        used.practice("southside", "south@example.com")
        used.effect(1, "southside")
        wait_until(lambda: len(box.raw) == 3)
        assert used.one("SELECT count(*) FROM notices WHERE practice_id = 'northside'") == 1
        used.later(timedelta(seconds=follows_s(times_of(Profile.SANDBOX).health) + 1))
        wait_until(lambda: len(box.raw) == 4)


def test_a_state_that_expired_opens_no_notice_and_ends_none(used: NoticeLedger) -> None:
    """Law 27: after three that are missing nobody knows. A letter that says solved would be a guess."""
    keep(used, health(HealthState.FAILING, good_for=-1))
    used.practice("southside", "south@example.com")
    with used.notifier():
        used.effect(1, "southside")
        wait_until(lambda: len(used.mailbox.raw) == 1)
        assert used.one("SELECT count(*) FROM notices WHERE practice_id = 'northside'") == 0
        keep(used, health(HealthState.FAILING))
        wait_until(lambda: len(used.mailbox.raw) == 2)
        used.connection.execute("UPDATE target_health SET expires_at = now() - interval '1 second'")
        used.effect(2, "southside", reason="PATIENT_NOT_FOUND")
        wait_until(lambda: len(used.mailbox.raw) == 3)
        assert used.one("SELECT count(*) FROM notices WHERE practice_id = 'northside' AND closed_at IS NULL") == 1
        keep(used, health(HealthState.HEALTHY))
        wait_until(lambda: len(used.mailbox.raw) == 4)


def test_a_system_that_the_practice_has_left_is_not_told(used: NoticeLedger) -> None:
    """Nobody needs to repair what is not used any more."""
    keep(used, health(HealthState.OFFLINE, target=Target.QUICKBOOKS), health(HealthState.OFFLINE, target=Target.PMS))
    keep(used, health(HealthState.FAILING))
    with used.notifier():
        wait_until(lambda: len(used.mailbox.raw) == 1)
        used.connection.execute("DELETE FROM practice_connections")
        wait_until(lambda: used.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)


def test_the_notifier_reads_the_topic(used: NoticeLedger) -> None:
    """What HEALTH states reaches the ledger by the notifier, from the topic's beginning, bad records passed over."""
    ensure_topics(used.world.settings())
    topic = physical(used.world.prefix, TopicName.HEALTH)
    producer = Producer({"bootstrap.servers": used.world.bootstrap})
    producer.produce(topic, b"no state", b"northside")
    producer.produce(topic, encode_practice_health(health(HealthState.HEALTHY)), b"northside")
    producer.flush()
    with used.notifier():
        wait_until(lambda: used.one("SELECT min(state) FROM target_health") == "HEALTHY")
        producer.produce(topic, encode_practice_health(health(HealthState.FAILING)), b"northside")
        producer.flush()
        wait_until(lambda: used.one("SELECT min(state) FROM target_health") == "FAILING")


# --- pure
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (HealthState.HEALTHY, None),
        (HealthState.NEEDS_RECONNECT, "2026-03-06T23:00+00:00"),
        (HealthState.FAILING, "2026-03-09T12:10+00:00"),
        (HealthState.OFFLINE, "2026-03-09T13:00+00:00"),
        (HealthState.DEGRADED, "2026-03-09T16:00+00:00"),
    ],
)
def test_people_are_told_after_office_hours_have_passed(state: HealthState, expected: str | None) -> None:
    """G7: away since Friday evening is told on Monday morning; a revoked key is told at once."""
    calendar = OfficeCalendar(zone="America/New_York")
    friday = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    found = tell_at(state, friday, calendar, TIMES)
    assert found == (None if expected is None else datetime.fromisoformat(expected))


def row(told_as: AttentionReason | None = None, *, connection_told: bool = False, lags: bool = False) -> Any:
    from sinks.notices.health_problems import _Unhealthy

    return _Unhealthy(
        practice_id="northside",
        target=Target.PMS,
        state=HealthState.OFFLINE,
        since=NOON,
        attempts=10,
        failed=10,
        failure=AnswerClass.UNREACHABLE,
        slow=0,
        told_as=told_as,
        connection_told=connection_told,
        lags=lags,
    )


def closed(reason: ConnectionReason) -> dict[tuple[str, str], Problem]:
    cause = Cause(CauseKind.CONNECTION, Target.PMS, reason)
    return {("northside", cause.key): Problem(practice_id="northside", cause=cause, count=3, oldest_at=NOON)}


def reasons(found: dict[tuple[str, str], Problem]) -> set[str]:
    return {each.cause.reason.value for each in found.values()}


def test_one_cause_is_told_by_one_notice() -> None:
    """Whichever came first; only what a person must do at once is told beside it."""
    failing = AttentionReason.TARGET_FAILING
    away, revoked = closed(ConnectionReason.UNREACHABLE), closed(ConnectionReason.NEEDS_RECONNECT)
    assert reasons(joined({}, [row()], WAITS)) == {"TARGET_OFFLINE"}
    assert reasons(joined(away, [row()], WAITS)) == {"UNREACHABLE"}
    assert reasons(joined(away, [row(failing)], WAITS)) == {"TARGET_FAILING"}
    assert reasons(joined(away, [row(failing, connection_told=True)], WAITS)) == {"TARGET_FAILING", "UNREACHABLE"}
    assert reasons(joined({}, [row(lags=True)], WAITS)) == set()
    assert reasons(joined({}, [row(failing, lags=True)], WAITS)) == {"TARGET_FAILING"}
    assert reasons(joined(revoked, [row(failing)], WAITS)) == {"TARGET_FAILING", "NEEDS_RECONNECT"}
