"""Members of a practice's plan are added after a search, changed, linked, and seen in pages (LINK-8, LINK-22)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.vocabulary import State
from sinks.operations.actions.members import MemberStatus, add_member, link_member, set_member
from sinks.operations.ledger import Ledger
from sinks.operations.queries.members import members_of
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import membership
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order
from tests.worlds import World

pytestmark = pytest.mark.stack
HERE = "practice-1"


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.add(HERE)
    yield opened
    opened.close()


def ledger(database: LedgerDatabase) -> Ledger:
    return ledger_of(database.connection, database.clock)


def states(database: LedgerDatabase) -> set[str]:
    return {state for (state,) in database.rows("SELECT state FROM work WHERE patient_ref = 'pt-1'")}


def trail(database: LedgerDatabase) -> list[str]:
    return [action for (action,) in database.rows("SELECT action FROM audit ORDER BY n") if "practice" not in action]


def test_a_member_is_added_with_the_patient_that_was_found(database: LedgerDatabase) -> None:
    """LINK-22, LINK-6: what the membership's events left waiting goes on by the link; a preview keeps nothing."""
    database.report(membership(patient_ref="pt-1", membership_id="mem-1"))
    assert states(database) == {State.AWAITING_LINK.value}
    shown = add_member(ledger(database), HERE, "mem-1", "pt-1", "Gold", order(apply=False), pms_patient_id="17")
    assert (shown.member.pms_patient_id, shown.released > 0) == ("17", True)
    assert members_of(ledger(database), HERE).members == ()
    done = add_member(ledger(database), HERE, "mem-1", "pt-1", "Gold", order(), pms_patient_id="17")
    assert done.released == shown.released
    assert State.AWAITING_LINK.value not in states(database)
    assert members_of(ledger(database), HERE).members == (done.member,)
    assert {"member.add", "patient.link"} <= set(trail(database))


def test_nobody_is_added_without_a_search(database: LedgerDatabase) -> None:
    """LINK-8: a number, or that there is nobody; not neither and not both."""
    for number, nobody in ((None, False), ("17", True)):
        with pytest.raises(ConfigurationError, match="search the practice's patients first"):
            add_member(
                ledger(database), HERE, "mem-1", "pt-1", "Gold", order(), pms_patient_id=number, nobody_there=nobody
            )
    assert members_of(ledger(database), HERE).members == ()


def test_who_was_not_there_is_linked_later_and_never_elsewhere(database: LedgerDatabase) -> None:
    """LINK-16, E-12: a link to another number moves money, which is another deed."""
    database.report(membership(patient_ref="pt-1", membership_id="mem-1"))
    added = add_member(ledger(database), HERE, "mem-1", "pt-1", "Gold", order(), pms_patient_id=None, nobody_there=True)
    assert (added.member.pms_patient_id, added.released) == (None, 0)
    assert states(database) == {State.AWAITING_LINK.value}
    linked = link_member(ledger(database), HERE, "mem-1", "17", order())
    assert (linked.member.pms_patient_id, linked.released > 0) == ("17", True)
    assert link_member(ledger(database), HERE, "mem-1", "17", order()).released == 0
    with pytest.raises(ConfigurationError, match="writeback link move practice-1 pt-1 18"):
        link_member(ledger(database), HERE, "mem-1", "18", order())


def test_plan_and_status_change_with_before_and_after(database: LedgerDatabase) -> None:
    add_member(ledger(database), HERE, "mem-1", "pt-1", "Gold", order(), pms_patient_id="17")
    with pytest.raises(ConfigurationError, match="already"):
        add_member(ledger(database), HERE, "mem-1", "pt-2", "Gold", order(), pms_patient_id="18")
    changed = set_member(ledger(database), HERE, "mem-1", order(), status=MemberStatus.PAUSED).member
    assert (changed.plan, changed.status) == ("Gold", MemberStatus.PAUSED)
    changed = set_member(ledger(database), HERE, "mem-1", order(), plan="Silver").member
    assert (changed.plan, changed.status) == ("Silver", MemberStatus.PAUSED)
    rows = database.rows("SELECT before, after FROM audit WHERE action = 'member.set' ORDER BY n")
    assert rows[0] == ({"plan": "Gold", "status": "ACTIVE"}, {"plan": "Gold", "status": "PAUSED"})
    for plan, said in ((None, "--plan, --status"), (" ", "printable")):
        with pytest.raises(ConfigurationError, match=said):
            set_member(ledger(database), HERE, "mem-1", order(), plan=plan)
    with pytest.raises(ConfigurationError, match="no member mem-9"):
        set_member(ledger(database), HERE, "mem-9", order(), plan="Gold")


def test_members_come_in_pages(database: LedgerDatabase) -> None:
    for n in range(5):
        add_member(
            ledger(database), HERE, f"mem-{n}", f"pt-{n}", "Gold", order(), pms_patient_id=None, nobody_there=True
        )
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = members_of(ledger(database), HERE, after=after, most=2)
        assert len(page.members) <= 2
        seen += [each.member_id for each in page.members]
        after = page.next_after
    assert seen == [f"mem-{n}" for n in range(5)]
