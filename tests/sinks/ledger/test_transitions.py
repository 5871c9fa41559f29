"""The one table of transitions: what the database enforces and what the documentation says (PROTOCOL section 3)."""

from __future__ import annotations

from importlib.resources import files

import psycopg
import pytest
from psycopg.types.json import Jsonb

from schemas.vocabulary import State
from sinks.ledger.schema import transitions
from sinks.ledger.schema.transitions import TRANSITIONS, Who, allowed
from tests.processors.rules.event_examples import payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

EFFECT_STATES = sorted(
    set(State) - {State.AWAITING_SETTINGS, State.AWAITING_FEE, State.AWAITING_ORIGINAL, State.APPLIED}
)


def test_the_documentation_is_current() -> None:
    """TRANSITIONS.md is generated from the table: `python -m sinks.ledger.schema.transitions`."""
    assert (files("sinks.ledger.schema") / "TRANSITIONS.md").read_text(encoding="utf-8") == transitions.markdown()


def test_the_database_allows_exactly_the_table(database: LedgerDatabase) -> None:
    """Every pair of states is tried at a row: those of the table pass, all others are refused."""
    database.add()
    database.link()
    database.report(payment(fee_minor=0, net_minor=10000))
    refused: set[tuple[State, State]] = set()
    passed: set[tuple[State, State]] = set()
    for origin in EFFECT_STATES:
        for to in EFFECT_STATES:
            with database.connection.transaction(force_rollback=True):
                database.connection.execute(
                    "ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER"
                )
                database.connection.execute("UPDATE effects SET state = %s", (origin,))
                database.connection.execute(
                    "ALTER TABLE work ENABLE TRIGGER USER; ALTER TABLE outcomes ENABLE TRIGGER USER"
                )
                (passed if _allows(database, to) else refused).add((origin, to))
    expected = {(a, b) for a in EFFECT_STATES for b in EFFECT_STATES if a is b or allowed(a, b)}
    assert passed == expected
    assert len(refused) == len(EFFECT_STATES) ** 2 - len(expected)


def _allows(database: LedgerDatabase, to: State) -> bool:
    try:
        with database.connection.transaction():
            database.connection.execute("UPDATE effects SET state = %s", (to,))
    except psycopg.Error as error:
        if error.sqlstate != transitions.REFUSED_SQLSTATE:
            raise
        return False
    return True


def test_a_new_effect_cannot_start_in_the_middle(database: LedgerDatabase) -> None:
    """new → SKIPPED_*, AWAITING_*, PAUSED, SCHEDULED only."""
    database.add()
    database.report(payment())
    with pytest.raises(psycopg.Error) as caught:
        database.connection.execute(
            "INSERT INTO effects SELECT (jsonb_populate_record(e, %s)).* FROM effects e WHERE effect_id = 1",
            (Jsonb({"effect_id": 99, "part": "9", "request_id": "x", "state": "POSTED"}),),
        )
    assert caught.value.sqlstate == transitions.REFUSED_SQLSTATE


@pytest.mark.parametrize("final", [State.POSTED, State.SKIPPED_ZERO, State.VOIDED_BEFORE_POST])
def test_final_states_are_left_by_nobody_but_a_late_answer(final: State) -> None:
    """POSTED only by a reversing effect; VOIDED_BEFORE_POST only by proof that the entry stands at the target."""
    left = {each.to for each in TRANSITIONS if each.origin is final}
    assert left <= {State.POSTED}


def test_every_effect_state_is_reachable_and_only_people_leave_dead_ones_forward() -> None:
    """No state of the model is an orphan; dead ones go on by a person (or a late positive answer)."""
    assert {each.to for each in TRANSITIONS} == set(EFFECT_STATES)
    dead = {State.INVALID_CONFIG, State.BLOCKED_PERIOD, State.REJECTED, State.DEAD_LETTERED}
    assert {each.who for each in TRANSITIONS if each.origin in dead} == {Who.PERSON, Who.POSTER}
