"""Two people and the machine at the same entries at once, many times: none of it happens twice (E-15, guarantee 2)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Final, NamedTuple

import pytest

from schemas.practice_settings import AmountMode, TypeMode
from sinks.ledger.schema.database import connect
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.hold_entries import hold_entries
from sinks.operations.actions.hold_rules import HoldAction
from tests.processors.rules.event_examples import modes
from tests.scenarios.waiting import until
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Office, Offices

pytestmark = pytest.mark.stack

DOUBLE_ACTIONS: Final = 250
"""Each of two orders at once: 500."""
SOAK_ACTIONS: Final = int(os.environ.get("SOAK_ACTIONS", "10000"))
PRACTICES: Final = 4
PEOPLE: Final = 6
OPEN: Final = ("AWAITING_MANUAL_POST", "SCHEDULED", "RETRYING", "SENDING", "ACCEPTED", "UNCERTAIN")
PAIRS: Final = (
    (EntryAction.POST, EntryAction.RECORD),
    (EntryAction.POST, EntryAction.DISMISS),
    (EntryAction.RECORD, EntryAction.RECORD),
    (EntryAction.POST, EntryAction.POST),
    (EntryAction.POST, HoldAction.HOLD),
)
"""What two people do with one entry at the same moment."""


class Pressed(NamedTuple):
    practice_id: str
    effect_id: int
    action: EntryAction | HoldAction


def _press(offices: Offices, pressed: Sequence[Pressed]) -> list[tuple[Pressed, bool]]:
    """One person's orders, one after the other, each on its own; answers which were carried out."""
    done = []
    with connect(offices.world.database_url, "test") as connection:
        ledger = ledger_of(connection, offices.database.clock)
        for each in pressed:
            if isinstance(each.action, HoldAction):
                answer = hold_entries(ledger, each.action, each.practice_id, [each.effect_id], order())
            else:
                answer = act_on_entries(ledger, each.action, each.practice_id, [each.effect_id], order())
            done.append((each, answer.refused == 0))
    return done


def _race(offices: Offices, double_actions: int) -> tuple[list[Office], list[tuple[Pressed, bool]]]:
    """As many entries as double actions, waiting in some practices; every one is pressed twice, by people that are
    not the same, while a poster posts what is released."""
    offices_of = [
        offices.open(f"practice-{n}", amount=AmountMode.GROSS, types=modes(terminal=TypeMode.MANUAL))
        for n in range(PRACTICES)
    ]
    each_has = -(-double_actions // PRACTICES)
    for office in offices_of:
        offices.database.report(*(office.pay(f"pt-{n % 25}") for n in range(each_has)))
    random = Random(15)
    chosen = [
        (office.practice_id, number, random.choice(PAIRS)) for office in offices_of for number in range(1, each_has + 1)
    ]
    random.shuffle(chosen)
    people: list[list[Pressed]] = [[] for _ in range(PEOPLE)]
    for place, (practice, number, pair) in enumerate(chosen):
        first, second = (place % PEOPLE), (place + 1) % PEOPLE
        people[first].append(Pressed(practice, number, pair[0]))
        people[second].append(Pressed(practice, number, pair[1]))
    offices.poster()
    with ThreadPoolExecutor(PEOPLE) as pool:
        found = [each for done in pool.map(lambda orders: _press(offices, orders), people) for each in done]
    held = [each for office in offices_of for each in _held(offices, office)]
    found += _press(offices, [Pressed(practice, number, HoldAction.RELEASE) for practice, number in held])
    until(
        lambda: not any(state in OPEN for office in offices_of for state in office.states()),
        "everything has ended",
        within=max(60.0, double_actions / 5),
    )
    offices.stop_posters()
    return offices_of, found


def _held(offices: Offices, office: Office) -> list[tuple[str, int]]:
    rows = offices.database.rows(
        "SELECT e.effect_id FROM effects e JOIN entry_care c USING (practice_id, effect_id)"
        " WHERE e.practice_id = %s AND c.held_at IS NOT NULL AND e.state = 'AWAITING_MANUAL_POST' ORDER BY 1",
        office.practice_id,
    )
    return [(office.practice_id, row[0]) for row in rows]


def double_effects(office: Office, done: Sequence[tuple[Pressed, bool]]) -> list[str]:
    """What happened twice, or both by hand and by the machine, of one practice."""
    wrong = [f"doubled at the office: {each}" for each in office.doubled()]
    states = dict(enumerate(office.states(), start=1))
    posted = sum(state == "POSTED" for state in states.values())
    if len(office.payments()) != posted:
        wrong.append(f"{len(office.payments())} payments at the office, {posted} are posted")
    ended: Counter[int] = Counter()
    for pressed, carried_out in done:
        if pressed.practice_id == office.practice_id and carried_out and pressed.action in _ENDING:
            ended[pressed.effect_id] += 1
    for number, state in states.items():
        by_hand = state in ("RECORDED_MANUALLY", "DISMISSED")
        if ended[number] != by_hand:
            wrong.append(f"e:{number} is {state}, and was ended {ended[number]} times by people")
    return wrong


_ENDING: Final = (EntryAction.RECORD, EntryAction.DISMISS)


def _check(offices: Offices, double_actions: int) -> None:
    opened, done = _race(offices, double_actions)
    assert [each for office in opened for each in double_effects(office, done)] == []
    states = Counter(state for office in opened for state in office.states())
    assert {"POSTED", "RECORDED_MANUALLY"} <= states.keys(), f"both the machine and people won some: {states}"
    carried_out = sum(1 for _, was_done in done if was_done)
    trail = offices.database.one("SELECT count(*) FROM audit WHERE action LIKE 'entry.%%'")
    assert trail == carried_out, "each order that was carried out stands once in the trail"


def test_two_people_and_the_machine_never_do_it_twice(offices: Offices) -> None:
    _check(offices, DOUBLE_ACTIONS)


@pytest.mark.soak
def test_ten_thousand_double_actions(offices: Offices) -> None:
    _check(offices, SOAK_ACTIONS)


def test_what_is_done_twice_is_seen(offices: Offices) -> None:
    """The control of the check: a person's word beside the machine's entry, and an entry that stands twice."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay(), office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    offices.stop_posters()
    assert double_effects(office, []) == []
    said = Pressed(office.practice_id, 1, EntryAction.RECORD)
    assert double_effects(office, [(said, True)]) == ["e:1 is POSTED, and was ended 1 times by people"]
    offices.database.connection.execute("SET session_replication_role = replica")
    offices.database.connection.execute("UPDATE outcomes SET state = 'RECORDED_MANUALLY' WHERE effect_id = 2")
    offices.database.connection.execute("RESET session_replication_role")
    assert double_effects(office, [])[0] == "2 payments at the office, 1 are posted"
