"""RULES' view of practice settings (law 14; scenarios 65, 67, 69)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.codec import encode_settings
from schemas.practice_settings import SettingsHistory
from schemas.topics import TopicName
from streams.kafka.settings_view import SettingsView
from streams.runtime.errors import ConfigurationError
from streams.runtime.lifecycle import Stop
from streams.runtime.metrics import SETTINGS_BAD_RECORDS
from tests.processors.rules.event_examples import NOON, history, version
from tests.processors.running_rules import RulesAtWork
from tests.scenarios.waiting import until
from tests.worlds import World

pytestmark = pytest.mark.stack

OLD = history()
NEW = history(version(), version(2, NOON))


@pytest.fixture
def work(world: World) -> RulesAtWork:
    return RulesAtWork(world)


def view_of(work: RulesAtWork) -> SettingsView:
    view = SettingsView(work.settings)
    view.catch_up(Stop())
    return view


def bad(reason: str) -> float:
    return float(SETTINGS_BAD_RECORDS.labels(reason)._value.get())


def follows(view: SettingsView, practice_id: str, expected: SettingsHistory | None) -> None:
    def seen() -> bool:
        view.follow()
        return view.history(practice_id) == expected

    until(seen, "the view has followed")


def follows_after(view: SettingsView, work: RulesAtWork) -> None:
    """Everything that was put before is seen: a marker in each partition came behind it."""
    for number in range(12):
        work.save(history(practice_id=f"marker-{number}"))
    for number in range(12):
        follows(view, f"marker-{number}", history(practice_id=f"marker-{number}"))


def test_ready_is_the_end_of_every_partition(work: RulesAtWork) -> None:
    """Law 14: an empty topic is ready at once; what stood before the start is seen, the newest per practice."""
    empty = view_of(work)
    assert len(empty) == 0
    assert empty.history("practice-1") is None
    empty.close()
    work.save(*(history(practice_id=f"practice-{number}") for number in range(30)), OLD, NEW)
    view = view_of(work)
    assert len(view) == 30
    assert view.history("practice-1") == NEW
    assert view.history("practice-2") == history(practice_id="practice-2")
    view.close()


def test_it_keeps_following(work: RulesAtWork) -> None:
    """Law 14: a version saved during the run is seen, decoded histories included."""
    work.save(OLD)
    view = view_of(work)
    assert view.history("practice-1") == OLD
    work.save(NEW)
    follows(view, "practice-1", NEW)
    view.close()


def test_a_tombstone_changes_nothing(work: RulesAtWork) -> None:
    """Scenario 67: ignored and counted; OFFBOARDED is a version."""
    before = bad("tombstone")
    work.save(OLD)
    work.put(TopicName.SETTINGS, b"practice-1", None)
    view = view_of(work)
    assert view.history("practice-1") == OLD
    assert bad("tombstone") == before + 1
    view.close()


@pytest.mark.expects_errors
@pytest.mark.parametrize("live", [False, True])
def test_a_corrupt_record_keeps_the_last_good_one(work: RulesAtWork, live: bool) -> None:
    """Scenario 69: while catching up and while following; another practice's record is corrupt too."""
    before = bad("unreadable")
    work.save(OLD)
    corrupt = [b"\x00\x00\x00", encode_settings(OLD)[:-3], encode_settings(history(practice_id="practice-2"))]
    if live:
        view = view_of(work)
        for value in corrupt:
            work.put(TopicName.SETTINGS, b"practice-1", value)
        follows_after(view, work)
        assert bad("unreadable") == before + 3
    else:
        for value in corrupt:
            work.put(TopicName.SETTINGS, b"practice-1", value)
        view = view_of(work)
        assert bad("unreadable") == before + 3
    assert view.history("practice-1") == OLD
    work.save(NEW)
    follows(view, "practice-1", NEW)
    view.close()


@pytest.mark.expects_errors
def test_a_practice_with_nothing_but_a_corrupt_record_is_unknown(work: RulesAtWork) -> None:
    """Law 10: its events wait; no default is made up."""
    work.put(TopicName.SETTINGS, b"practice-1", b"not settings")
    view = view_of(work)
    assert view.history("practice-1") is None
    view.close()


def test_a_missing_topic_says_what_to_do(world: World) -> None:
    with pytest.raises(ConfigurationError, match="writeback topics ensure"):
        SettingsView(world.settings()).catch_up(Stop())


def test_a_stop_ends_the_wait(work: RulesAtWork) -> None:
    stop = Stop()
    stop.set()
    view = SettingsView(work.settings)
    view.catch_up(stop)
    view.close()


def test_a_long_history_is_one_record(work: RulesAtWork) -> None:
    """Law 14: compaction leaves the newest record, so it holds every version."""
    versions = [version(number, NOON + number * timedelta(days=1)) for number in range(1, 400)]
    work.save(history(*versions))
    view = view_of(work)
    found = view.history("practice-1")
    assert found is not None
    assert len(found.versions) == 399
    view.close()
