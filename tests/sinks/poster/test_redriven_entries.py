"""Entries that may stand already: read back before a send, and sent again as a new generation (law 4, E-9 b)."""

from __future__ import annotations

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.codec import decode_result
from schemas.practice_settings import Allocation, AmountMode
from schemas.vocabulary import DEAD, DecisionReason, State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from streams.runtime.clock import FixedClock
from tests.processors.rules.event_examples import NOON
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Offices


def test_entries_to_be_read_back_first_are_found_and_not_sent(offices: Offices) -> None:
    """Law 4: after a failover an entry that stands is found, one that does not is sent after the settle time."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay("pt-1"), office.pay("pt-2"))
    offices.poster()
    office.until_states("POSTED", "POSTED")
    offices.stop_posters()
    # A promoted lagging replica: the ledger has forgotten one posting, the office has not; another never happened.
    offices.database.connection.execute("SET writeback.forgets = on")
    offices.database.connection.execute(
        "UPDATE effects SET state = 'SCHEDULED', sent_at = NULL, settle_until = NULL, payload = NULL, attempts = 0,"
        " external_id = NULL, look_first = true WHERE effect_id = 1"
    )
    offices.database.report(office.pay("pt-3"))
    offices.database.connection.execute("UPDATE effects SET look_first = true WHERE effect_id = 3")
    offices.database.connection.execute("UPDATE gates SET next_due_at = now()")
    offices.poster()
    office.until_states("POSTED", "POSTED", "POSTED")
    assert len(office.payments()) == 3
    assert sorted(row[0] for row in office.attempts() if row[1] == "post") == [1, 2, 3]


def test_a_patient_linked_anew_gets_a_new_generation(offices: Offices) -> None:
    """E-9, PROTOCOL section 3: a frozen request for another patient is not sent; the next generation has its own id."""
    office = offices.open(amount=AmountMode.GROSS)
    right = office.patient("pt-right")
    offices.sandbox.open_dental.change_office(office.customer_key, econnector_running=False)
    offices.database.report(office.pay("pt-1"))
    offices.poster()
    until(lambda: office.column("payload")[0] is not None, "a request was frozen", show=office.shown)
    offices.stop_posters()
    first = office.column("request_id")
    offices.database.connection.execute(
        "UPDATE patient_links SET pms_patient_id = %s WHERE patient_ref = 'pt-1'", (str(right),)
    )
    offices.sandbox.open_dental.change_office(office.customer_key, econnector_running=True)
    offices.poster()
    office.until_states("POSTED")
    assert office.payments() == [(right, 10_000)]
    assert office.column("generation") == [2]
    assert office.column("request_id") != first


def test_a_redriven_entry_is_read_back_at_the_patient_it_was_sent_for(offices: Offices) -> None:
    """PROTOCOL section 3, E-9 b: the link changed after the send, then a redrive: what stands is found and not doubled.

    A second payment of the patient follows the link.
    """
    office = offices.open(amount=AmountMode.GROSS)
    first, right = office.patient("pt-1"), office.patient("pt-right")
    offices.database.report(office.pay("pt-1"), office.pay("pt-1"))
    killed = offices.process(test_crash_at="poster.after_answer")
    assert killed.until_dead() == -9
    assert office.payments() == [(first, 10_000)]
    connection = offices.database.connection
    for state in ("UNCERTAIN", "DEAD_LETTERED"):
        connection.execute("UPDATE effects SET state = %s WHERE effect_id = 1", (state,))
    connection.execute("UPDATE patient_links SET pms_patient_id = %s WHERE patient_ref = 'pt-1'", (str(right),))
    with unit_of_work(connection, office.practice_id, clock=FixedClock(NOON), jitter_s=0) as unit:
        release(unit, [State.DEAD_LETTERED], actor="owner")
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert office.payments() == sorted([(first, 10_000), (right, 10_000)])
    assert office.column("generation") == [2, 1]


def test_a_redriven_entry_that_never_landed_goes_to_the_patient_linked_now(offices: Offices) -> None:
    """PROTOCOL section 3: absent where it was sent for, it is composed anew, once, with the next generation's id."""
    office = offices.open(amount=AmountMode.GROSS)
    right = office.patient("pt-right")
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS,
        Effect.NONE,
        status=404,
        text="Patient not found",
        account=office.customer_key,
        method="POST",
        path="/payments",
        times=1,
    )
    offices.database.report(office.pay("pt-1"))
    offices.poster()
    office.until_states("REJECTED")
    (refused,) = office.column("request_id")
    connection = offices.database.connection
    connection.execute("UPDATE patient_links SET pms_patient_id = %s WHERE patient_ref = 'pt-1'", (str(right),))
    with unit_of_work(connection, office.practice_id, clock=FixedClock(NOON), jitter_s=0) as unit:
        release(unit, [State.REJECTED], actor="owner")
    office.until_states("POSTED")
    assert office.payments() == [(right, 10_000)]
    assert office.column("generation") == [2]
    assert office.column("request_id") != [refused]


@pytest.mark.parametrize("wrong", ["not-a-number", "999999"], ids=["before_the_mark", "by_the_office"])
def test_an_entry_posted_after_a_redrive_has_its_decision_s_reason(offices: Offices, wrong: str) -> None:
    """Guarantee 3: a failure's reason ends with it, in the ledger, in what hangs on the entry, and in the results."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    office.charge("pt-1", 5000)
    connection = offices.database.connection
    link = "UPDATE patient_links SET pms_patient_id = %s WHERE patient_ref = 'pt-1'"
    connection.execute(link, (wrong,))
    offices.database.report(office.pay())
    planned = office.column("reason")
    offices.poster()
    until(lambda: "PATIENT_NOT_FOUND" in office.column("reason"), "it is dead", show=office.shown)
    connection.execute(link, (str(office.patient("pt-1")),))
    with unit_of_work(connection, office.practice_id, clock=FixedClock(NOON), jitter_s=0) as unit:
        release(unit, list(DEAD), actor="owner")
    office.until_states(*["POSTED"] * 4)
    assert {*office.column("reason")} == {*planned}
    rows = offices.database.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1'")
    results = [decode_result(bytes(value)) for (value,) in rows]
    assert {each.reason for each in results if each.state is State.POSTED} == {DecisionReason(planned[0])}
