"""A practice moves to another system: what was posted stays, what is open has one way and no other (E-9 c)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.vocabulary import EntryKind, Target
from sinks.ledger.conservation import violations
from sinks.ledger.practices.connections import ConnectionInput
from sinks.ledger.practices.replacement import OpenEntries, Replaced, replace_connection
from sinks.ledger.unit_of_work import unit_of_work
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.worklist.read import work_list
from streams.fault_injection import Control
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.entry_commands import apply, plan
from tests.sinks.operations.orders import ledger_of
from tests.worlds import World

pytestmark = pytest.mark.stack
FORMER = f"{PRACTICE}-PMS"
NEW = "new_system"
ALL = [kind.value for kind in EntryKind]
DAY = NOON.date()


@pytest.fixture
def database(world: World) -> Any:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()


def new_connection(practice_id: str = PRACTICE, **changed: Any) -> ConnectionInput:
    values: dict[str, Any] = {
        "practice_id": practice_id,
        "connection_id": NEW,
        "target": Target.PMS,
        "route": NEW,
        "base_url": "http://127.0.0.1/new",
        "fingerprint": f"new-{practice_id}",
        "config": {"pay_type": 1},
        "secret": b"sealed",
        "capabilities": ALL,
    }
    return ConnectionInput(**(values | changed))


def replace(
    database: LedgerDatabase,
    *,
    practice_id: str = PRACTICE,
    former: str | None = None,
    post_from: Any = DAY,
    links: dict[str, str] | None = None,
    **changed: Any,
) -> Replaced:
    with unit_of_work(database.connection, practice_id, clock=database.clock, jitter_s=0) as unit:
        return replace_connection(
            unit,
            new_connection(practice_id, **changed),
            former or f"{practice_id}-PMS",
            OpenEntries(post_from=post_from),
            links or {},
            actor="Ada",
            why="moved",
        )


def by_hand(database: LedgerDatabase, practice_id: str = PRACTICE) -> set[int]:
    ledger = ledger_of(database.connection, database.clock)
    return {row.effect_id for row in work_list(ledger, practice_id).rows}


def stands(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    return database.rows(
        "SELECT effect_id, connection_id, state, reason FROM effects WHERE target = 'PMS' ORDER BY effect_id"
    )


def post(database: LedgerDatabase, effect_id: int, at: str) -> None:
    """What a poster does: only through the connection that the entry names and the practice has."""
    found = database.one("SELECT connection_id FROM work WHERE effect_id = %s", effect_id)
    assert found == at
    for state in ("SENDING", "POSTED"):
        database.connection.execute(
            "UPDATE effects SET state = %s, sent_at = coalesce(sent_at, now()) WHERE effect_id = %s", (state, effect_id)
        )


def test_open_entries_go_along_and_are_composed_anew(database: LedgerDatabase) -> None:
    """SET-20: another request id, no request, placement or charge of the former system; they wait for the new link."""
    database.add()
    database.link()
    database.report(payment())
    database.connection.execute(
        "UPDATE work SET payload = 'old', placement = '{\"patient\": \"17\"}' WHERE effect_id = 1"
    )
    before: dict[int, str] = dict(database.rows("SELECT effect_id, request_id FROM effects WHERE target = 'PMS'"))
    done = replace(database)
    assert (done.moved, done.by_hand, done.links_forgotten) == (2, 0, 1)
    assert [row[1:3] for row in stands(database)] == [(NEW, "AWAITING_LINK")] * 2
    kept = database.rows("SELECT effect_id, payload, placement, generation, request_id FROM work ORDER BY effect_id")
    assert [row[1:4] for row in kept] == [(None, None, 2)] * 2
    assert not {row[4] for row in kept} & set(before.values())
    assert database.rows("SELECT connection_id, patient_ref FROM former_links") == [(FORMER, "pt-1")]
    database.link()
    assert [row[2] for row in stands(database)] == ["SCHEDULED"] * 2
    assert database.one("SELECT next_due_at FROM gates WHERE connection_id = %s", NEW) is not None
    assert database.one("SELECT next_due_at FROM gates WHERE connection_id = %s", FORMER) is None
    assert by_hand(database) == set()


def test_what_follows_a_posted_entry_stays_for_people(database: LedgerDatabase) -> None:
    """E-9 c: a refund of an old payment, open or coming later, goes to no other system: it is on the work list, under
    the number that the patient had there."""
    database.add()
    database.link()
    database.report(payment())
    post(database, 1, FORMER)
    post(database, 2, FORMER)
    database.report(refunded(-4000))
    database.report(payment(event_id="ev-2", payment_id="pay-2"))
    done = replace(database, links={"pt-1": "new-9"})
    assert (done.moved, done.by_hand, done.links_made) == (2, 1, 1)
    assert stands(database)[2][1:] == (FORMER, "AWAITING_MANUAL_POST", "CONNECTION_REPLACED")
    assert [row[1:3] for row in stands(database)[3:]] == [(NEW, "SCHEDULED")] * 2
    number = database.one("SELECT pms_patient_id FROM former_links")
    (row,) = work_list(ledger_of(database.connection, database.clock), PRACTICE).rows
    assert (row.effect_id, row.account, row.debit_minor) == (3, number, 4000)
    (item,) = plan(database, EntryAction.POST, 3)
    assert "not the practice's any more" in (item.refusal or "")
    assert apply(database, EntryAction.RECORD, 3).refused == 0


def test_control_without_it_a_refund_goes_where_its_payment_is_not(database: LedgerDatabase) -> None:
    """The device of the test above."""
    database.reopen(Control.ORIGIN_STAYS)
    with pytest.raises(AssertionError):
        test_what_follows_a_posted_entry_stays_for_people(database)


def test_nothing_is_moved_while_something_is_in_doubt(database: LedgerDatabase) -> None:
    """Law 19: its read-back would look in the wrong books. Nothing is changed."""
    database.add()
    database.link()
    database.report(payment())
    database.connection.execute("UPDATE effects SET state = 'SENDING', sent_at = now() WHERE effect_id = 1")
    with pytest.raises(ConfigurationError, match="the outcome of 1 entries"):
        replace(database)
    assert database.one("SELECT connection_id FROM practice_connections WHERE target = 'PMS'") == FORMER
    assert database.one("SELECT count(*) FROM connections WHERE connection_id = %s", NEW) == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"former": "open_dental"}, "posts through"),
        ({"connection_id": FORMER}, "the connection that it has"),
        ({"secret": None}, "needs its secrets"),
    ],
)
def test_a_wrong_move_is_refused(database: LedgerDatabase, changed: dict[str, Any], words: str) -> None:
    database.add()
    with pytest.raises(ConfigurationError, match=words):
        replace(database, **changed)


def test_an_integration_takes_over_a_work_list_from_a_day_on(database: LedgerDatabase) -> None:
    """SET-19, SET-20: earlier entries stay with people, later ones are the machine's; none is in both, none in
    neither, and a person cannot enter by hand what the machine has without the ledger knowing."""
    database.add()
    database.connection.execute("UPDATE connections SET capabilities = '{}' WHERE connection_id = %s", (FORMER,))
    yesterday = NOON - timedelta(days=1)
    database.report(payment(at=yesterday), payment(event_id="ev-2", payment_id="pay-2"))
    assert by_hand(database) == {1, 2, 3, 4}
    done = replace(database, links={"pt-1": "9"})
    assert (done.moved, done.by_hand) == (2, 2)
    assert by_hand(database) == {1, 2}
    assert [row[1:3] for row in stands(database)] == [(FORMER, "AWAITING_MANUAL_POST")] * 2 + [(NEW, "SCHEDULED")] * 2
    for number in (1, 3):
        assert apply(database, EntryAction.POST, number).refused == 1
    post(database, 3, NEW)
    assert apply(database, EntryAction.RECORD, 3).refused == 1
    assert apply(database, EntryAction.RECORD, 1).refused == 0
    assert by_hand(database) == set()
    assert [each for each in violations(database.connection) if "receipt" not in each] == []


def test_what_the_new_system_cannot_write_is_entered_by_hand(database: LedgerDatabase) -> None:
    database.add()
    database.link()
    database.report(payment())
    replace(database, capabilities=["payment"], links={"pt-1": "9"})
    assert [row[1:] for row in stands(database)] == [
        (NEW, "SCHEDULED", "AUTO_INSTANT"),
        (NEW, "AWAITING_MANUAL_POST", "NOT_BY_THIS_ROUTE"),
    ]


def test_a_dead_entry_that_stands_nowhere_goes_again(database: LedgerDatabase) -> None:
    """A refusal is of the former system; what may stand there stays there."""
    database.add()
    database.link()
    database.report(payment(), payment(event_id="ev-2", payment_id="pay-2"))
    for number, state in ((1, "REJECTED"), (3, "UNCERTAIN")):
        _set(database, PRACTICE, number, "SENDING", state)
    _set(database, PRACTICE, 3, "DEAD_LETTERED")
    done = replace(database, links={"pt-1": "9"})
    assert [row[1:3] for row in stands(database)] == [
        (NEW, "SCHEDULED"), (NEW, "SCHEDULED"), (FORMER, "DEAD_LETTERED"), (FORMER, "AWAITING_MANUAL_POST"),
    ]  # fmt: skip
    assert (done.moved, done.by_hand, done.dead) == (2, 1, 1)


LIVES = st.lists(
    st.tuples(
        st.integers(-2, 0),  # the payment's day, from the day of the switch
        st.sampled_from(["open", "posted", "recorded", "rejected", "dismissed"]),
        st.sampled_from(["none", "before", "after"]),  # when it is refunded
        st.booleans(),  # linked in the new system
    ),
    min_size=1,
    max_size=5,
)


@given(lives=LIVES, cut=st.sampled_from([None, -2, -1, 0]), wrote=st.booleans())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_over_any_lives_nothing_is_posted_twice_or_at_the_wrong_system(
    database: LedgerDatabase, lives: list[tuple[int, str, str, bool]], cut: int | None, wrote: bool
) -> None:
    """Every entry has exactly one way: posted where it was, posted at the new system, or a person's; all money is
    accounted for, whatever the order, and a refund is never posted to a system that does not hold its payment."""
    practice = f"p{database.one('SELECT count(*) FROM practices')}"
    database.clock.instant = NOON
    database.add(practice)
    former = f"{practice}-PMS"
    if not wrote:  # a work list
        database.connection.execute("UPDATE connections SET capabilities = '{}' WHERE connection_id = %s", (former,))
    stood: dict[int, str] = {}
    for number, (day, fate, refund, _) in enumerate(lives):
        at = NOON + timedelta(days=day)
        ref = f"pt-{number}"
        database.link(ref, practice)
        told: dict[str, Any] = {
            "practice_id": practice,
            "patient_ref": ref,
            "event_id": f"ev-{number}",
            "payment_id": f"pay-{number}",
        }
        database.report(payment(at=at, **told))
        head, part = _entries_of(database, practice, f"ev-{number}")
        _live(database, practice, head, part, fate, former, stood, wrote=wrote)
        if refund == "before":
            database.report(_refund(practice, number))
    post_from = None if cut is None else DAY + timedelta(days=cut)
    links = {f"pt-{number}": f"n{number}" for number, life in enumerate(lives) if life[3]}
    in_use = replace(database, practice_id=practice, post_from=post_from, links=links)
    assert in_use.former == former
    for number, (_, _, refund, _) in enumerate(lives):
        if refund == "after":
            database.report(_refund(practice, number))
    _drain(database, practice, former, stood)
    rows = database.rows(
        "SELECT effect_id, state, connection_id, depends_on, event_id, source FROM effects"
        " WHERE practice_id = %s AND target = 'PMS' ORDER BY effect_id",
        practice,
    )
    listed = by_hand(database, practice)
    place = {row[0]: (stood.get(row[0]), row[1]) for row in rows}
    for effect_id, state, connection, origin, _, _ in rows:
        assert (state == "POSTED") is (effect_id in stood)
        if state == "POSTED" and origin in stood:
            assert stood[effect_id] == stood[origin], "follows an entry of another system"
        if connection == former and state != "POSTED":
            ended = state in ("RECORDED_MANUALLY", "DISMISSED", "SKIPPED_DISABLED")
            behind = state == "SCHEDULED" and origin in listed
            assert ended or behind or effect_id in listed, (effect_id, state, place)
        if effect_id in listed:
            assert state in ("AWAITING_MANUAL_POST", "PAUSED", "AWAITING_LINK", "REJECTED")
        if state in ("SCHEDULED", "RETRYING"):
            assert origin is not None, (effect_id, place)
            assert place[origin][1] != "POSTED", (effect_id, place)
    for _ in range(4):  # what follows an entry comes onto the list when that is entered
        for effect_id in sorted(by_hand(database, practice)):
            apply_to(database, practice, effect_id)
    assert by_hand(database, practice) == set()
    rest = database.rows(
        "SELECT connection_id FROM work WHERE practice_id = %s AND state = 'AWAITING_MANUAL_POST'", practice
    )
    ledger = ledger_of(database.connection, database.clock)
    assert rest == [(NEW,)] * work_list(ledger, practice).postable, "a person lets these be posted, or records them"
    broken = [each for each in violations(database.connection) if "receipt" not in each]
    assert broken == []


def _entries_of(database: LedgerDatabase, practice: str, event_id: str) -> list[int]:
    found = database.rows(
        "SELECT effect_id FROM effects WHERE practice_id = %s AND event_id = %s AND target = 'PMS' ORDER BY effect_id",
        practice,
        event_id,
    )
    return [row[0] for row in found]


def _refund(practice: str, number: int) -> Any:
    at = NOON + timedelta(minutes=1)
    return refunded(-4000, number=number + 100, at=at, practice_id=practice, payment_id=f"pay-{number}")


def apply_to(database: LedgerDatabase, practice: str, effect_id: int) -> None:
    from sinks.operations.actions.entry_actions import act_on_entries
    from tests.sinks.operations.orders import order

    ledger = ledger_of(database.connection, database.clock)
    act_on_entries(ledger, EntryAction.RECORD, practice, [effect_id], order())


def _set(database: LedgerDatabase, practice: str, effect_id: int, *states: str) -> None:
    for state in states:
        database.connection.execute(
            "UPDATE effects SET state = %s, sent_at = coalesce(sent_at, now())"
            " WHERE practice_id = %s AND effect_id = %s",
            (state, practice, effect_id),
        )


def _live(
    database: LedgerDatabase, practice: str, head: int, part: int, fate: str, former: str, stood: dict[int, str],
    *, wrote: bool,
) -> None:  # fmt: skip
    if fate == "posted" and wrote:
        for each in (head, part):
            _set(database, practice, each, "SENDING", "POSTED")
            stood[each] = former
    elif fate == "rejected" and wrote:
        _set(database, practice, head, "SENDING", "REJECTED")
    elif fate in ("recorded", "dismissed"):
        from sinks.operations.actions.entry_actions import act_on_entries
        from tests.sinks.operations.orders import order

        action = EntryAction.RECORD if fate == "recorded" else EntryAction.DISMISS
        act_on_entries(ledger_of(database.connection, database.clock), action, practice, [head], order())


def _drain(database: LedgerDatabase, practice: str, former: str, stood: dict[int, str]) -> None:
    """A poster at both gates: what is due goes out where it stands; the former system's gate pauses what it has."""
    for _ in range(4):
        due = database.rows(
            "SELECT w.effect_id, w.connection_id, o.state FROM work w JOIN entries e USING (practice_id, effect_id)"
            " LEFT JOIN outcomes o ON o.practice_id = w.practice_id AND o.effect_id = w.depends_on"
            " WHERE w.practice_id = %s AND w.state = 'SCHEDULED' AND e.target = 'PMS' ORDER BY w.effect_id",
            practice,
        )
        for effect_id, connection, origin in due:
            hangs = database.one(
                "SELECT depends_on FROM work WHERE practice_id = %s AND effect_id = %s", practice, effect_id
            )
            if hangs is not None and origin != "POSTED":
                continue
            if connection == former:
                database.connection.execute(
                    "UPDATE effects SET state = 'PAUSED', reason = 'CONNECTION_REPLACED'"
                    " WHERE practice_id = %s AND effect_id = %s",
                    (practice, effect_id),
                )
                continue
            assert effect_id not in stood, "posted twice"
            _set(database, practice, effect_id, "SENDING", "POSTED")
            stood[effect_id] = connection
