"""Groups: inherited, overridden, locked; previewed and saved as versions of each practice (SUP-2, E-8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sinks.ledger.practices import audit
from sinks.ledger.practices.settings import group_membership
from sinks.ledger.practices.settings import groups as organisations
from sinks.ledger.practices.settings.fields import parse_changes, with_fields
from sinks.ledger.practices.settings.follow_group import GroupChange
from sinks.ledger.practices.settings.groups import Edit, audit_key
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import checked_values
from sinks.ledger.practices.settings.settings_store import change
from sinks.ledger.practices.settings.withdrawal import outstanding, withdraw
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import SAVING, LedgerDatabase

pytestmark = pytest.mark.stack
GROUP = "smile-group"


def setting(*changes: str) -> Edit:
    values = checked_values(parse_changes(changes))
    return lambda group: (group.fields | values, group.locked)


def locking(*fields: str) -> Edit:
    return lambda group: (group.fields, {*group.locked, *fields})


class Groups:
    """A group with three practices in a ledger of its own."""

    def __init__(self, database: LedgerDatabase) -> None:
        self.database = database
        organisations.add(database.connection, GROUP, "Smile Group", SAVING, clock=database.clock)
        for name in ("a", "b", "c"):
            database.add(name)
        database.clock.instant = NOON + timedelta(hours=1)
        for name in ("a", "b", "c"):
            self.join(name)

    def join(self, name: str, keep: tuple[str, ...] = (), *, dry_run: bool = False) -> GroupChange:
        return group_membership.join(
            self.database.connection, GROUP, name, keep, SAVING, clock=self.database.clock, jitter_s=0, dry_run=dry_run
        )

    def preview(self, edit: Edit, **asked: Any) -> dict[str, list[str]]:
        with self.database.connection.cursor() as cursor:
            group = organisations.edited(cursor, GROUP, edit)
        found = organisations.preview(
            self.database.connection, group, effective_from=asked.get("effective_from"), clock=self.database.clock
        )
        return told(found)

    def save(self, edit: Edit, **asked: Any) -> dict[str, list[str]]:
        self.database.clock.instant += timedelta(minutes=1)
        return told(
            organisations.save(
                self.database.connection,
                GROUP,
                edit,
                SAVING,
                clock=self.database.clock,
                jitter_s=0,
                action="organisation.set",
                **asked,
            )
        )

    def own(self, name: str, *changes: str) -> None:
        self.database.clock.instant += timedelta(minutes=1)
        change(
            self.database.connection,
            name,
            lambda settings: with_fields(settings, parse_changes(changes)),  # type: ignore[arg-type]
            SAVING,
            clock=self.database.clock,
            jitter_s=0,
        )

    def value(self, name: str, field: str) -> Any:
        with self.database.connection.cursor() as cursor:
            standing = newest(cursor, name)
        assert standing is not None
        return getattr(standing.settings, field)

    def versions(self) -> list[int]:
        return [row[0] for row in self.database.rows("SELECT count(*) FROM settings GROUP BY practice_id ORDER BY 1")]


def told(effects: list[GroupChange]) -> dict[str, list[str]]:
    return {effect.practice_id: [str(each) for each in effect.differences] for effect in effects}


@pytest.fixture
def groups(database: LedgerDatabase) -> Groups:
    return Groups(database)


def test_a_change_is_shown_where_it_changes_what_before_it_is_saved(groups: Groups) -> None:
    """SUP-2: practice by practice, from what to what; the preview saves nothing; the save does exactly what it said."""
    groups.own("b", "amount=GROSS")
    before = groups.versions()
    shown = groups.preview(setting("amount=GROSS", "cut_off=17:00"))
    assert shown == {
        "a": ["amount: NET -> GROSS", "cut_off: 18:00 -> 17:00"],
        "b": ["cut_off: 18:00 -> 17:00"],
        "c": ["amount: NET -> GROSS", "cut_off: 18:00 -> 17:00"],
    }
    assert groups.versions() == before
    assert groups.save(setting("amount=GROSS", "cut_off=17:00")) == shown
    assert groups.value("c", "amount") == "GROSS"
    actions = groups.database.rows("SELECT action, why FROM audit WHERE practice_id = 'c' ORDER BY n DESC LIMIT 1")
    assert actions == [("settings.save", "test")]


def test_a_practice_may_override_unless_it_is_locked(groups: Groups) -> None:
    """SUP-2: its own value survives the group's changes; a lock takes it back and is named when it is broken."""
    groups.save(setting("amount=GROSS"))
    groups.own("a", "amount=NET")
    assert groups.save(setting("cut_off=17:00")).keys() == {"a", "b", "c"}
    assert groups.value("a", "amount") == "NET"
    assert groups.preview(locking("amount")) == {"a": ["amount: NET -> GROSS"]}
    groups.save(locking("amount"))
    assert groups.value("a", "amount") == "GROSS"
    with pytest.raises(ConfigurationError, match="amount: the organisation Smile Group has locked it to GROSS"):
        groups.own("a", "amount=NET")
    groups.own("a", "timing=DAILY")


def test_a_value_set_to_the_groups_follows_the_group_again(groups: Groups) -> None:
    groups.save(setting("amount=GROSS"))
    groups.own("a", "amount=NET")
    groups.own("a", "amount=GROSS")
    assert groups.save(setting("amount=NET")).keys() == {"a", "b", "c"}


def test_the_group_never_switches_a_practice_on(groups: Groups) -> None:
    """C4: each practice goes live by itself."""
    for text in ("master=on", "status=OFFBOARDED"):
        with pytest.raises(ConfigurationError, match="each practice decides"):
            setting(text)


def test_a_lock_needs_a_value_and_a_field_that_exists(groups: Groups) -> None:
    with pytest.raises(ConfigurationError, match="no value to lock"):
        groups.save(locking("amount"))
    with pytest.raises(ConfigurationError, match="did you mean smile-group"):
        group_membership.join(
            groups.database.connection,
            "smil-group",
            "a",
            (),
            SAVING,
            clock=groups.database.clock,
            jitter_s=0,
            dry_run=True,
        )


def test_joining_shows_and_takes_the_groups_values_but_those_it_keeps(groups: Groups) -> None:
    groups.save(setting("amount=GROSS", "timing=DAILY"))
    groups.database.add("d")
    groups.database.clock.instant += timedelta(hours=1)
    assert told([groups.join("d", dry_run=True)]) == {"d": ["amount: NET -> GROSS", "timing: INSTANT -> DAILY"]}
    assert groups.value("d", "amount") == "NET"
    groups.join("d", keep=("amount",))
    assert (groups.value("d", "amount"), groups.value("d", "timing")) == ("NET", "DAILY")
    groups.save(setting("cut_off=17:00"))
    assert groups.value("d", "amount") == "NET"


def test_leaving_keeps_the_settings_and_ends_the_locks(groups: Groups) -> None:
    groups.save(setting("amount=GROSS"))
    groups.save(locking("amount"))
    group_membership.leave(groups.database.connection, "a", SAVING, clock=groups.database.clock)
    assert groups.value("a", "amount") == "GROSS"
    groups.own("a", "amount=NET")
    assert "a" not in groups.save(setting("cut_off=16:00"))
    with pytest.raises(ConfigurationError, match="belongs to no organisation"):
        group_membership.leave(groups.database.connection, "a", SAVING, clock=groups.database.clock)


def test_what_a_crash_left_undone_is_done_by_the_same_command(groups: Groups) -> None:
    """E-8: who was reached is a comparison. The group's values are saved, its practices are not yet."""
    with groups.database.connection.transaction(), groups.database.connection.cursor() as cursor:
        group = organisations.edited(cursor, GROUP, setting("amount=GROSS"))
        organisations._add_version(cursor, group, SAVING, groups.database.clock, "organisation.set", None)
    assert groups.preview(setting()).keys() == {"a", "b", "c"}
    assert groups.save(setting()).keys() == {"a", "b", "c"}
    assert groups.save(setting()) == {}
    assert groups.database.one("SELECT max(version) FROM organisation_settings") == 2


def test_a_version_saved_ahead_refuses_the_whole_change(groups: Groups) -> None:
    """Law 15: versions rise; nothing is saved where one practice cannot follow."""
    later = groups.database.clock.instant + timedelta(days=2)
    change(
        groups.database.connection,
        "b",
        lambda settings: with_fields(settings, {"timing": "DAILY"}),  # type: ignore[arg-type]
        SAVING,
        clock=groups.database.clock,
        jitter_s=0,
        effective_from=later,
    )
    before = groups.versions()
    with pytest.raises(ConfigurationError, match="b: has a version saved ahead"):
        groups.save(setting("amount=GROSS"))
    assert groups.versions() == before
    assert groups.database.one("SELECT max(version) FROM organisation_settings") == 1
    assert groups.save(setting("amount=GROSS"), effective_from=later + timedelta(days=1)).keys() == {"a", "b", "c"}


def test_a_version_that_the_group_imposed_is_withdrawn_for_a_stop_and_comes_again(groups: Groups) -> None:
    """SUP-2, law 15: the lock keeps nobody from stopping now; what the group set is outstanding, and the same command
    brings it under a new number, and only there."""
    later = groups.database.clock.instant + timedelta(days=2)
    groups.save(setting("amount=GROSS"), effective_from=later)
    groups.save(locking("amount"), effective_from=later + timedelta(hours=1))
    taken = withdraw(groups.database.connection, "b", SAVING, clock=groups.database.clock)
    assert (taken.version.version, taken.version.settings.amount) == (2, "GROSS")
    assert groups.value("b", "amount") == "NET"
    with groups.database.connection.cursor() as cursor:
        behind = outstanding(cursor, "b")
        assert outstanding(cursor, "a") is None
    assert behind is not None
    assert (behind.organisation_id, [str(each) for each in behind.differences]) == (GROUP, ["amount: NET -> GROSS"])
    groups.own("b", "master=off")
    assert (groups.value("b", "master"), groups.value("b", "amount")) == (False, "NET")
    assert groups.save(setting(), effective_from=later) == {"b": ["amount: NET -> GROSS"]}
    assert groups.database.rows("SELECT version FROM settings WHERE practice_id = 'b' ORDER BY 1") == [(1,), (3,), (4,)]
    assert groups.value("b", "master") is False


def test_a_groups_own_trail_is_chained(groups: Groups) -> None:
    """H-15."""
    groups.save(setting("amount=GROSS"))
    groups.save(locking("amount"))
    with groups.database.connection.cursor() as cursor:
        assert audit.broken(cursor, audit_key(GROUP)) == []
    rows = groups.database.rows("SELECT subject FROM audit WHERE practice_id = %s ORDER BY n", audit_key(GROUP))
    assert [row[0] for row in rows] == ["version 1", "version 2", "version 3"]


def test_a_large_group_is_reached_page_by_page(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 8: the locks of some practices at a time, in their order."""
    monkeypatch.setattr(organisations, "AT_ONCE", 2)
    assert list(groups.save(setting("amount=GROSS"))) == ["a", "b", "c"]
