"""A version that has not begun can be taken back, and was never in force for anybody (laws 14, 15; H-15)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from schemas.practice_settings import SettingsHistory
from schemas.topics import TopicName
from sinks.ledger.practices import audit
from sinks.ledger.practices.settings import group_membership, groups
from sinks.ledger.practices.settings.withdrawal import Withdrawn, withdraw, withdrawn
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import SAVING, LedgerDatabase

pytestmark = pytest.mark.stack
HOUR = timedelta(hours=1)


def take_back(database: LedgerDatabase, version: int | None = None) -> Withdrawn:
    return withdraw(database.connection, PRACTICE, SAVING, clock=database.clock, version=version)


def saved(database: LedgerDatabase) -> SettingsHistory:
    found = database.history(PRACTICE)
    assert found is not None
    return found


def paid(event_id: str, at: datetime, **changed: Any) -> Any:
    return payment(at=at, event_id=event_id, payment_id=event_id, **changed)


def published(database: LedgerDatabase) -> Any:
    return database.one("SELECT count(*) FROM outbox WHERE topic = %s", TopicName.SETTINGS.value)


def test_an_emergency_stop_is_possible_after_a_later_version_was_saved(database: LedgerDatabase) -> None:
    """Law 15: the earlier save is refused and names the command; then the stop begins at once, under a new number."""
    database.add()
    database.link()
    told = database.decide(payment())
    assert database.save(amount="GROSS", effective_from=NOON + 2 * HOUR) == 2
    with pytest.raises(ConfigurationError, match=f"settings withdraw {PRACTICE} --version 2 --yes --why"):
        database.save(master=False)
    with pytest.raises(ConfigurationError, match=f"settings withdraw {PRACTICE} --version 2 --yes --why"):
        database.save(master=False, effective_from=NOON + HOUR)
    assert take_back(database).version.version == 2
    database.clock.instant = NOON + timedelta(minutes=1)
    assert database.save(master=False) == 3
    assert [(each.version, each.effective_from) for each in saved(database).versions[1:]] == [
        (3, database.clock.instant)
    ]
    database.store(told)
    assert database.states() == ["PAUSED", "PAUSED"]


def test_what_was_withdrawn_stays_with_who_and_why_and_is_published_and_audited(database: LedgerDatabase) -> None:
    """H-15, law 14: the row moves in one transaction with its trail and the new truth for RULES."""
    database.add()
    database.save(amount="GROSS", effective_from=NOON + HOUR)
    before = published(database)
    taken = take_back(database, 2)
    assert published(database) == before + 1
    with database.connection.cursor() as cursor:
        assert withdrawn(cursor, PRACTICE) == (taken,)
        assert audit.broken(cursor, PRACTICE) == []
    assert (taken.withdrawn_at, taken.withdrawn_by, taken.why) == (NOON, "owner", "test")
    assert taken.version.settings.amount == "GROSS"
    assert [each.version for each in saved(database).versions] == [1]
    trail = "SELECT action, actor, subject, before->>'amount', why FROM audit ORDER BY n DESC LIMIT 1"
    assert database.rows(trail) == [("settings.withdraw", "owner", "version 2", "GROSS", "test")]
    for statement in ("UPDATE settings_withdrawn SET why = 'x'", "DELETE FROM settings_withdrawn"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="settings_withdrawn is append-only"):
            database.connection.execute(statement.encode())


def test_what_cannot_be_withdrawn_says_what_to_do(database: LedgerDatabase) -> None:
    """Law 15: a version that begins this instant has begun; the newest goes first; a number is not used twice."""
    database.add()
    database.save(amount="GROSS", effective_from=NOON + HOUR)
    database.save(amount="NET", effective_from=NOON + 2 * HOUR)
    for version, words in ((1, "has begun"), (2, "withdraw version 3 first"), (4, "the newest is 3")):
        with pytest.raises(ConfigurationError, match=words):
            take_back(database, version)
    assert take_back(database, 3).version.version == 3
    with pytest.raises(ConfigurationError, match="was withdrawn already, by owner"):
        take_back(database, 3)
    assert take_back(database, 2).version.version == 2
    assert database.save() == 4
    database.save(effective_from=NOON + 3 * HOUR)
    database.clock.instant = NOON + 3 * HOUR
    for asked in (None, 5):
        with pytest.raises(ConfigurationError, match=rf"version 5 .* has begun.* settings set {PRACTICE}"):
            take_back(database, asked)
    assert [each.version for each in saved(database).versions] == [1, 4, 5]


def test_rules_that_still_know_a_withdrawn_version_decide_nothing_by_it(database: LedgerDatabase) -> None:
    """Law 15: at its start RULES decides under it until the relay has caught up; INTAKE wants the version of the
    remaining history, whose number differs, and asks anew."""
    database.add()
    database.link()
    database.save(amount="GROSS", effective_from=NOON + HOUR)
    old = saved(database)
    take_back(database)
    before = database.decide(paid("ev-before", NOON), history=old)
    database.clock.instant = NOON + HOUR
    after = database.decide(paid("ev-after", NOON + HOUR), history=old)
    assert (before.decision.settings_version, after.decision.settings_version) == (1, 2)
    database.store(before, after)
    assert sorted(map(str, database.waiting())) == ["AWAITING_SETTINGS", "None"]
    assert database.rows("SELECT event_id, settings_version FROM events ORDER BY 1 DESC") == [
        ("ev-before", 1),
        ("ev-after", None),
    ]
    database.store(*(database.decide_again(request) for request in database.redecisions()))
    assert database.waiting() == [None, None]
    assert {row[0] for row in database.rows("SELECT settings_version FROM events")} == {1}
    amounts = "SELECT amount_minor FROM effects WHERE event_id = 'ev-after' ORDER BY effect_id"
    assert [row[0] for row in database.rows(amounts)] == [9680, 320]


def test_the_next_version_is_not_mistaken_for_the_withdrawn_one(database: LedgerDatabase) -> None:
    """Law 15: the same number with other settings would pass INTAKE's check; so the next version has another."""
    database.add()
    database.link()
    database.save(amount="GROSS", effective_from=NOON + HOUR)
    old = saved(database)
    take_back(database)
    assert database.save(amount="NET", notes=True, effective_from=NOON + HOUR) == 3
    database.clock.instant = NOON + HOUR
    database.store(database.decide(paid("ev-after", NOON + HOUR), history=old))
    assert database.waiting() == ["AWAITING_SETTINGS"]
    database.store(*(database.decide_again(request) for request in database.redecisions()))
    assert database.one("SELECT settings_version FROM events") == 3
    assert [row[0] for row in database.rows("SELECT amount_minor FROM effects ORDER BY effect_id")] == [9680, 320]


def test_a_version_that_decided_by_a_clock_ahead_is_not_withdrawn(database: LedgerDatabase) -> None:
    """Law 15: a payment's life needs the version that decided about it, whoever's clock was wrong."""
    database.add()
    database.link()
    database.save(amount="GROSS", effective_from=NOON + HOUR)
    database.clock.instant = NOON + HOUR
    database.report(paid("ev-early", NOON + HOUR))
    database.clock.instant = NOON
    with pytest.raises(ConfigurationError, match="decided under version 2"):
        take_back(database)
    assert saved(database).versions[-1].version == 2


def test_the_only_version_may_be_withdrawn_and_the_next_begins_when_it_should(database: LedgerDatabase) -> None:
    """Law 10: without settings events wait; the first ones that are saved decide about them."""
    database.add()
    database.connection.execute("UPDATE settings SET effective_from = %s", (NOON + HOUR,))
    take_back(database)
    database.link()
    database.report(payment())
    assert database.waiting() == ["AWAITING_SETTINGS"]
    with pytest.raises(ConfigurationError, match="no version to withdraw"):
        take_back(database)
    assert database.save(effective_from=NOON - HOUR) == 2
    assert database.sweeps.request_redecisions() == 1
    database.store(*(database.decide_again(request) for request in database.redecisions()))
    assert database.states() == ["SCHEDULED", "SCHEDULED"]


def test_a_group_is_joined_once_the_later_version_is_withdrawn(database: LedgerDatabase) -> None:
    """SUP-2: what keeps a practice from following its group names the command."""
    database.add()
    groups.add(database.connection, "smile", None, SAVING, clock=database.clock)
    groups.save(
        database.connection,
        "smile",
        lambda _: ({"amount": "GROSS"}, ()),
        SAVING,
        clock=database.clock,
        jitter_s=0,
        action="x",
    )
    database.save(effective_from=NOON + HOUR)

    def join() -> int | None:
        return group_membership.join(
            database.connection, "smile", PRACTICE, (), SAVING, clock=database.clock, jitter_s=0, dry_run=False
        ).version

    with pytest.raises(ConfigurationError, match=f"settings withdraw {PRACTICE} --version 2"):
        join()
    take_back(database)
    assert join() == 3
