"""A payment that is refused after its debit went out: the debit is taken back, and goes before it again (N-10)."""

from __future__ import annotations

import pytest

from schemas.practice_settings import TypeMode
from schemas.vocabulary import DEAD, State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import Entered, act_on_entries
from tests.processors.rules.event_examples import PRACTICE, modes, payment
from tests.processors.rules.linked_examples import voided
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, entries, posted, ready
from tests.sinks.operations.orders import ledger_of, order

DEBIT = ("ev-1", "fee_adjustment", -33, "POSTED", None)


def refused(database: LedgerDatabase, state: State = State.REJECTED) -> None:
    """The debit stands, and the target refuses the payment."""
    ready(database)
    database.report(payment(gross=10300, fee=267, surcharge_minor=300))
    posted(database, 1)
    doubt = ("UNCERTAIN",) if state is State.DEAD_LETTERED else ()
    for each in ("SENDING", *doubt, state.value):
        database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = 2", (each,))


def sweep(database: LedgerDatabase) -> int:
    return database.sweeps.refused.run()


@pytest.mark.parametrize("state", [State.REJECTED, State.INVALID_CONFIG, State.BLOCKED_PERIOD])
def test_n_10_the_debit_of_a_refused_payment_is_taken_back_once(database: LedgerDatabase, state: State) -> None:
    """N-10: and the payment waits for a fresh one, so that neither stands without the other."""
    refused(database, state)
    assert sweep(database) > 0
    assert entries(database) == [
        DEBIT,
        ("ev-1", "payment", 10033, state.value, "ev-1:fee_adjustment"),
        ("ev-1", "reversal", 33, "SCHEDULED", "ev-1:fee_adjustment"),
        ("ev-1", "fee_adjustment", -33, "AWAITING_MANUAL_POST", None),
    ]
    assert database.rows("SELECT part, depends_on FROM effects WHERE effect_id > 1 ORDER BY effect_id") == [
        ("", 4),
        ("fee_adjustment/@1", 1),
        ("a1", None),
    ]
    assert sweep(database) == 0


def test_n_10_redriven_both_go_out_again_in_their_order(database: LedgerDatabase) -> None:
    """The payment still waits for its debit, and a second refusal takes that one back too."""
    refused(database)
    sweep(database)
    with unit_of_work(database.connection, PRACTICE, clock=database.clock, jitter_s=0) as unit:
        assert release(unit, DEAD, actor="Ada") == 1
    assert database.states() == ["POSTED", "SCHEDULED", "SCHEDULED", "SCHEDULED"]
    posted(database, 3, 4)
    for each in ("SENDING", "REJECTED"):
        database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = 2", (each,))
    assert sweep(database) > 0
    assert entries(database)[4:] == [
        ("ev-1", "reversal", 33, "SCHEDULED", "ev-1:fee_adjustment"),
        ("ev-1", "fee_adjustment", -33, "AWAITING_MANUAL_POST", None),
    ]
    on_its_way = ["POSTED", "SCHEDULED"]
    standing = database.rows("SELECT sum(amount_minor) FROM effects WHERE state = ANY(%s)", on_its_way)
    assert standing == [(0,)]


def test_n_10_a_payment_that_may_stand_keeps_its_debit(database: LedgerDatabase) -> None:
    """A dead letter may stand at the target; only its dismissal says that it does not."""
    refused(database, State.DEAD_LETTERED)
    assert sweep(database) == 0
    done = act_on_entries(ledger_of(database.connection, database.clock), EntryAction.DISMISS, PRACTICE, [2], order())
    assert done.refused == 0
    assert entries(database) == [
        DEBIT,
        ("ev-1", "payment", 10033, "DISMISSED", "ev-1:fee_adjustment"),
        ("ev-1", "reversal", 33, "SCHEDULED", "ev-1:fee_adjustment"),
    ]


@pytest.mark.parametrize("named", [1, 2])
def test_n_10_whoever_names_one_of_the_two_means_both(database: LedgerDatabase, named: int) -> None:
    """POST-10: by hand the two go one way, and what was typed is what was paid."""
    ready(database, types=modes(terminal=TypeMode.MANUAL))
    database.report(payment(gross=10300, fee=267, surcharge_minor=300))
    assert database.states() == ["AWAITING_MANUAL_POST"] * 2
    ledger = ledger_of(database.connection, database.clock)
    act_on_entries(ledger, EntryAction.RECORD, PRACTICE, [named], order(), {named: Entered(10000)})
    assert database.states() == ["RECORDED_MANUALLY"] * 2
    kept = database.rows("SELECT effect_id, amount_minor FROM recorded_amounts ORDER BY effect_id")
    assert kept == [(1, -33), (2, 10000)]


def test_n_10_a_void_leaves_nothing_of_either(database: LedgerDatabase) -> None:
    """R-7: the debit went out, the payment did not."""
    ready(database)
    database.report(payment(gross=10300, fee=267, surcharge_minor=300))
    posted(database, 1)
    database.report(voided(at=LATER))
    assert entries(database) == [
        DEBIT,
        ("ev-1", "payment", 10033, "VOIDED_BEFORE_POST", "ev-1:fee_adjustment"),
        ("ev-v", "reversal", 33, "SCHEDULED", "ev-1:fee_adjustment"),
    ]


def test_n_10_no_payment_waits_for_a_debit_that_a_person_enters(database: LedgerDatabase) -> None:
    """Where the route writes no adjustments the payment goes out, and the debit follows it."""
    ready(database)
    database.connection.execute("UPDATE connections SET capabilities = ARRAY['payment']")
    database.report(payment(gross=10300, fee=267, surcharge_minor=300))
    assert entries(database) == [
        ("ev-1", "payment", 10033, "SCHEDULED", None),
        ("ev-1", "fee_adjustment", -33, "AWAITING_MANUAL_POST", "ev-1:payment"),
    ]
