"""People, their roles and scopes, through the real actions, and what the trail keeps of them (H-15, H-21)."""

from __future__ import annotations

import pytest

from sinks.operations.acting import Order
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.link_patient import link_patient
from sinks.operations.actions.organisations import add_organisation, join_organisation, set_values
from sinks.operations.actions.practice_staff import add_staff
from sinks.operations.actions.share_target import share_target
from sinks.operations.actions.users import Where, add_user, change_roles, set_disabled
from sinks.operations.ledger import Ledger
from sinks.operations.queries.users import actor_of, list_users
from sinks.operations.roles import Role
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules.event_examples import PRACTICE
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack
HERE = Where(practice_id=PRACTICE)


def by(ledger: Ledger, name: str, *, apply: bool = True) -> Order:
    """An order of a person with what they were granted."""
    return Order(actor=actor_of(ledger.connection, name), reason="typed in on Monday", apply=apply)


def test_a_poster_posts_here_and_links_nobody(manual: LedgerDatabase) -> None:
    ledger = ledger_of(manual.connection, manual.clock)
    manual.connection.execute("INSERT INTO practices (practice_id, added_at, added_by) VALUES ('west', now(), 'Ada')")
    add_user(ledger, "grace", order())
    with pytest.raises(Permanent, match="may not do this"):
        act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], by(ledger, "grace"))
    change_roles(ledger, "grace", HERE, order(), give=[Role.POSTER])
    with pytest.raises(Permanent, match="may not do this at west"):
        act_on_entries(ledger, EntryAction.RECORD, "west", [1], by(ledger, "grace"))
    for apply in (False, True):
        with pytest.raises(Permanent, match="may not do this"):
            link_patient(ledger, PRACTICE, "pt-9", "12", by(ledger, "grace", apply=apply))
    assert act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], by(ledger, "grace")).refused == 0
    assert manual.rows("SELECT actor FROM audit WHERE action = 'entry.record'") == [("grace",)]
    trail = manual.rows("SELECT practice_id, action, subject FROM audit WHERE action LIKE 'user.%%' ORDER BY action")
    assert trail == [("*", "user.add", "grace"), (PRACTICE, "user.grant", "grace")]


def test_a_group_reaches_its_practices_of_today(manual: LedgerDatabase) -> None:
    ledger = ledger_of(manual.connection, manual.clock)
    add_user(ledger, "grace", order())
    add_organisation(ledger, "smile", None, order())
    add_organisation(ledger, "other", None, order())
    change_roles(ledger, "grace", Where(organisation_id="smile"), order(), give=[Role.GROUP_ADMIN])
    with pytest.raises(Permanent, match="may not do this"):
        act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], by(ledger, "grace", apply=False))
    join_organisation(ledger, "smile", PRACTICE, (), order())
    assert act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [1], by(ledger, "grace", apply=False)).refused == 0
    set_values(ledger, "smile", ["notes=true"], (), by(ledger, "grace", apply=False))
    with pytest.raises(Permanent, match="may not do this at other"):
        set_values(ledger, "other", ["notes=true"], (), by(ledger, "grace", apply=False))


def test_a_disabled_person_does_nothing_and_keeps_their_roles(manual: LedgerDatabase) -> None:
    ledger = ledger_of(manual.connection, manual.clock)
    add_user(ledger, "grace", order())
    change_roles(ledger, "grace", HERE, order(), give=[Role.VIEWER, Role.POSTER])
    set_disabled(ledger, "grace", order(apply=False), disabled=True)
    assert actor_of(ledger.connection, "grace").name == "grace"
    set_disabled(ledger, "grace", order(), disabled=True)
    with pytest.raises(Permanent, match="disabled"):
        actor_of(ledger.connection, "grace")
    set_disabled(ledger, "grace", order(), disabled=False)
    assert {each.role for each in actor_of(ledger.connection, "grace").grants} == {Role.VIEWER, Role.POSTER}
    change_roles(ledger, "grace", HERE, order(), take=[Role.POSTER])
    assert [each.role for each in list_users(ledger.connection, PRACTICE)[0].grants] == [Role.VIEWER]


def test_nobody_rises_by_themselves(manual: LedgerDatabase) -> None:
    """Not by their own hand, not beyond their place, and not by a preview that is then carried out."""
    ledger = ledger_of(manual.connection, manual.clock)
    for name in ("grace", "alan"):
        add_user(ledger, name, order())
    change_roles(ledger, "grace", HERE, order(), give=[Role.SETTINGS_ADMIN])
    for where, role in ((HERE, Role.GROUP_ADMIN), (Where(), Role.POSTER), (Where(practice_id="west"), Role.POSTER)):
        with pytest.raises(Permanent, match="may not"):
            change_roles(ledger, "alan", where, by(ledger, "grace"), give=[role])
    with pytest.raises(Permanent, match="themselves"):
        change_roles(ledger, "grace", HERE, by(ledger, "grace"), give=[Role.POSTER])
    with pytest.raises(Permanent, match="may not"):
        add_user(ledger, "joan", by(ledger, "grace"))
    change_roles(ledger, "alan", HERE, by(ledger, "grace"), give=[Role.POSTER])
    with pytest.raises(ConfigurationError, match="has the role"):
        change_roles(ledger, "alan", HERE, by(ledger, "grace"), give=[Role.VIEWER, Role.POSTER])
    assert [each.role for each in actor_of(ledger.connection, "alan").grants] == [Role.POSTER], "all or none"
    with pytest.raises(ConfigurationError, match="no user"):
        actor_of(ledger.connection, "nobody")


def test_nobody_gives_roles_to_people_of_others(manual: LedgerDatabase) -> None:
    """H-14: whoever gave a person an account elsewhere may know its password, and would see this practice with it."""
    ledger = ledger_of(manual.connection, manual.clock)
    manual.connection.execute("INSERT INTO practices (practice_id, added_at, added_by) VALUES ('west', now(), 'Ada')")
    west = Where(practice_id="west")
    for name in ("grace", "alan", "joan"):
        add_user(ledger, name, order())
    change_roles(ledger, "grace", HERE, order(), give=[Role.SETTINGS_ADMIN])
    change_roles(ledger, "alan", west, order(), give=[Role.VIEWER])
    with pytest.raises(Permanent, match="a user of others"):
        change_roles(ledger, "alan", HERE, by(ledger, "grace"), give=[Role.POSTER])
    with pytest.raises(Permanent, match="a user of others"):
        add_staff(ledger, PRACTICE, "alan", [Role.POSTER], by(ledger, "grace"))
    with pytest.raises(Permanent, match="a user of others"):
        change_roles(ledger, "joan", HERE, by(ledger, "grace"), give=[Role.POSTER], signs_in=True)
    for name, roles in (("alan", {Role.VIEWER}), ("joan", set())):
        assert {each.role for each in actor_of(ledger.connection, name).grants} == roles
    change_roles(ledger, "joan", HERE, by(ledger, "grace"), give=[Role.POSTER])
    change_roles(ledger, "alan", HERE, order(), give=[Role.VIEWER])
    change_roles(ledger, "alan", HERE, by(ledger, "grace"), give=[Role.POSTER])
    add_organisation(ledger, "smile", None, order())
    join_organisation(ledger, "smile", PRACTICE, (), order())
    add_user(ledger, "lea", order())
    change_roles(ledger, "lea", Where(organisation_id="smile"), order(), give=[Role.GROUP_ADMIN])
    change_roles(ledger, "lea", HERE, by(ledger, "grace"), give=[Role.VIEWER])


def test_another_practices_connection_is_shared_by_who_may_at_both(manual: LedgerDatabase) -> None:
    """H-14: an administrator here does not post through the account of a practice elsewhere. Who may at both is asked
    what everybody is: whether that practice posts through this system."""
    ledger = ledger_of(manual.connection, manual.clock)
    manual.connection.execute("INSERT INTO practices (practice_id, added_at, added_by) VALUES ('west', now(), 'Ada')")
    add_user(ledger, "grace", order())
    change_roles(ledger, "grace", HERE, order(), give=[Role.SETTINGS_ADMIN])
    for practice, home in ((PRACTICE, "west"), ("west", PRACTICE)):
        with pytest.raises(Permanent, match="may not do this at west"):
            share_target(ledger, practice, "open-dental", home, by(ledger, "grace", apply=False))
    change_roles(ledger, "grace", Where(practice_id="west"), order(), give=[Role.SETTINGS_ADMIN])
    with pytest.raises(ConfigurationError, match=f"{PRACTICE} posts through"):
        share_target(ledger, "west", "open-dental", PRACTICE, by(ledger, "grace", apply=False))
