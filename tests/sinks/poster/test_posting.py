"""The poster against a sandbox office: what is due is posted once, in order, by the switches and links of today."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.codec import decode_result
from schemas.events import Split
from schemas.practice_settings import Allocation, AmountMode
from schemas.vocabulary import DEAD, DecisionReason, State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from streams.runtime.clock import FixedClock
from tests.processors.rules.event_examples import NOON
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import SAVING
from tests.sinks.poster.offices import Offices


def test_a_net_payment_and_its_companion_are_posted(offices: Offices) -> None:
    """N-1, N-2: 96.80 as a payment and 3.20 as a credit adjustment, and nothing else."""
    office = offices.open()
    patient = office.patient("pt-1")
    offices.book.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert office.payments() == [(patient, 9680)]
    assert office.adjustments() == [(patient, -320)]
    assert all(office.column("external_id"))
    ((posted_at, attempts),) = offices.book.rows("SELECT min(posted_at), max(attempts) FROM effects")
    assert posted_at is not None
    assert attempts == 1


def test_results_and_attempts_are_stored_with_the_state(offices: Offices) -> None:
    """Law 25: a result for each posting, in the transaction of its state."""
    office = offices.open()
    offices.book.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    rows = offices.book.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1'")
    posted = [result for (value,) in rows if (result := decode_result(bytes(value))).state is State.POSTED]
    assert sorted(result.entry_kind or "" for result in posted) == ["fee_adjustment", "payment"]
    assert {result.external_id for result in posted} == set(office.column("external_id"))
    assert [row[1:4] for row in office.attempts()] == [("post", 1, "Posted"), ("post", 1, "Posted")]


def test_each_split_is_a_payment_of_its_own_patient(offices: Offices) -> None:
    """M-5, R-13: splits of one payment go to their patients with their shares of the fee."""
    office = offices.open()
    patients = [office.patient(ref) for ref in ("pt-1", "pt-2", "pt-3")]
    splits = tuple(Split(patient_ref=f"pt-{n + 1}", amount_minor=amount) for n, amount in enumerate((3334, 3333, 3333)))
    offices.book.report(office.pay(splits=splits))
    offices.poster()
    office.until_states(*["POSTED"] * 6)
    assert office.payments() == sorted(zip(patients, (3227, 3226, 3227), strict=True))
    assert office.adjustments() == sorted(zip(patients, (-107, -107, -106), strict=True))


def test_entries_of_a_patient_are_sent_in_order(offices: Offices) -> None:
    """I3, law 23: one at a time in a lane, oldest first, a companion after its payment."""
    office = offices.open()
    office.patient("pt-1")
    offices.book.report(*(office.pay(gross=10_000 + n) for n in range(8)))
    offices.poster()
    office.until_states(*["POSTED"] * 16)
    sent = [row[0] for row in offices.book.rows("SELECT effect_id FROM attempts ORDER BY began_at")]
    assert sent == sorted(sent)


def test_a_closed_month_blocks_and_says_so(offices: Offices) -> None:
    """T-12, T-9 HOLD: the API would take it, so the setting is asked before the mark."""
    office = offices.open(ledger_closed_through=NOON.date())
    offices.book.report(office.pay())
    offices.poster()
    until(lambda: office.states()[0] == "BLOCKED_PERIOD", "it is blocked", show=office.shown)
    assert office.payments() == []
    assert office.column("reason")[0] == "PERIOD_CLOSED"
    ((headers,),) = offices.book.rows("SELECT headers::text FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
    assert '["dl-reason", "PERIOD_CLOSED"]' in headers
    assert '["dl-ambiguous", "false"]' in headers


def test_a_missing_fee_type_stops_the_payment_too(offices: Offices) -> None:
    """N-8: half of a pair is not sent when the other half cannot be; one dead letter, on the payment."""
    office = offices.open(mapping={"fee_credit": None})
    offices.book.report(office.pay())
    offices.poster()
    office.until_states("INVALID_CONFIG", "SCHEDULED")
    assert office.payments() == []
    assert offices.book.one("SELECT count(*) FROM outbox WHERE topic = 'writeback-dead-letters.v1'") == 1


def test_a_dead_payment_holds_its_companion_and_nobody_else(offices: Offices) -> None:
    """Law 23, scenario 49: what depends on a dead entry waits; the rest of the lane flows."""
    office = offices.open()
    refused = office.patient("pt-1")
    offices.sandbox.open_dental.fault("status", status=400, text="No.", account=office.customer_key, times=1)
    offices.book.report(office.pay(gross=10_000), office.pay(gross=20_000))
    offices.poster()
    office.until_states("REJECTED", "SCHEDULED", "POSTED", "POSTED")
    assert office.payments() == [(refused, 19_680)]


def test_master_off_pauses_what_is_due(offices: Offices) -> None:
    """Law 24, E-9 e: the switch as it is now is asked at the mark."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay())
    offices.book.connection.execute("UPDATE settings SET body = body || '{\"master\": false}'")
    offices.poster()
    office.until_states("PAUSED")
    assert office.payments() == []


def test_a_connection_that_is_off_pauses_what_is_due(offices: Offices) -> None:
    """Law 24: the switch of the connection."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay())
    offices.book.connection.execute("UPDATE connections SET enabled = false")
    offices.poster()
    office.until_states("PAUSED")
    assert office.payments() == []
    assert office.column("reason") == ["CONNECTION_REPLACED"]
    assert office.column("planned_reason") == ["AUTO_INSTANT"]


def test_entries_paused_for_a_connection_go_on_when_it_is_saved_again(offices: Offices) -> None:
    """R-6, law 8: no sweep wakes it in vain; saving the connection does."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay())
    offices.book.connection.execute("UPDATE connections SET enabled = false")
    offices.poster()
    office.until_states("PAUSED")
    assert not any(offices.book.sweeps.repair().values())
    assert office.states() == ["PAUSED"]
    office.save_connection()
    office.until_states("POSTED")
    assert (office.column("reason"), office.column("planned_reason")) == (["AUTO_INSTANT"], [None])


def published(offices: Offices) -> list[tuple[str, str | None]]:
    """State and reason of every result that was enqueued, in order."""
    rows = offices.book.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY created_at")
    results = [decode_result(bytes(value)) for (value,) in rows]
    return [(result.state.value, None if result.reason is None else str(result.reason)) for result in results]


def test_a_link_that_was_taken_away_is_awaited(offices: Offices) -> None:
    """Law 8: checked again under the practice's lock before it is written."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay())
    offices.book.connection.execute("DELETE FROM patient_links")
    offices.poster()
    office.until_states("AWAITING_LINK")
    assert office.column("reason") == ["AUTO_INSTANT"], "the decision's reason stays"
    assert published(offices)[-1] == ("AWAITING_LINK", "PATIENT_NOT_LINKED"), "what it waits for is published"
    office.patients.clear()
    office.patient("pt-1")
    assert offices.book.sweeps.repair()["link"] == 1
    office.until_states("POSTED")
    assert published(offices)[-1] == ("POSTED", "AUTO_INSTANT")


def test_an_entry_due_later_is_not_touched(offices: Offices) -> None:
    """Law 24, T-11: due is a predicate."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay("pt-1"), office.pay("pt-2"))
    offices.book.connection.execute("UPDATE effects SET due_at = now() + interval '1 hour' WHERE effect_id = 1")
    offices.poster()
    office.until_states("SCHEDULED", "POSTED")
    until(
        lambda: offices.book.one("SELECT next_due_at > now() AND owner IS NULL FROM gates"),
        "the gate sleeps until then",
        show=office.shown,
    )


def test_entries_to_be_read_back_first_are_found_and_not_sent(offices: Offices) -> None:
    """Law 4: after a failover an entry that stands is found, one that does not is sent after the settle time."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay("pt-1"), office.pay("pt-2"))
    offices.poster()
    office.until_states("POSTED", "POSTED")
    offices.stop_posters()
    # A promoted lagging replica: the ledger has forgotten one posting, the office has not; another never happened.
    for trigger in ("effects_transition", "effects_initial"):
        offices.book.connection.execute(f"ALTER TABLE effects DISABLE TRIGGER {trigger}")
    offices.book.connection.execute(
        "UPDATE effects SET state = 'SCHEDULED', sent_at = NULL, settle_until = NULL, payload = NULL, attempts = 0,"
        " external_id = NULL, look_first = true WHERE effect_id = 1"
    )
    offices.book.report(office.pay("pt-3"))
    offices.book.connection.execute("UPDATE effects SET look_first = true WHERE effect_id = 3")
    offices.book.connection.execute("UPDATE gates SET next_due_at = now()")
    offices.poster()
    office.until_states("POSTED", "POSTED", "POSTED")
    assert len(office.payments()) == 3
    assert sorted(row[0] for row in office.attempts() if row[1] == "post") == [1, 2, 3]


def test_a_patient_linked_anew_gets_a_new_generation(offices: Offices) -> None:
    """E-9, PROTOCOL section 3: a frozen request for another patient is not sent; the next generation has its own id."""
    office = offices.open(amount=AmountMode.GROSS)
    right = office.patient("pt-right")
    offices.sandbox.open_dental.change_office(office.customer_key, econnector_running=False)
    offices.book.report(office.pay("pt-1"))
    offices.poster()
    until(lambda: office.column("payload")[0] is not None, "a request was frozen", show=office.shown)
    offices.stop_posters()
    first = office.column("request_id")
    offices.book.connection.execute(
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
    offices.book.report(office.pay("pt-1"), office.pay("pt-1"))
    killed = offices.process(test_crash_at="poster.after_answer")
    assert killed.until_dead() == -9
    assert office.payments() == [(first, 10_000)]
    connection = offices.book.connection
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
    offices.book.report(office.pay("pt-1"))
    offices.poster()
    office.until_states("REJECTED")
    (refused,) = office.column("request_id")
    connection = offices.book.connection
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
    connection = offices.book.connection
    link = "UPDATE patient_links SET pms_patient_id = %s WHERE patient_ref = 'pt-1'"
    connection.execute(link, (wrong,))
    offices.book.report(office.pay())
    planned = office.column("reason")
    offices.poster()
    until(lambda: "PATIENT_NOT_FOUND" in office.column("reason"), "it is dead", show=office.shown)
    connection.execute(link, (str(office.patient("pt-1")),))
    with unit_of_work(connection, office.practice_id, clock=FixedClock(NOON), jitter_s=0) as unit:
        release(unit, list(DEAD), actor="owner")
    office.until_states(*["POSTED"] * 4)
    assert {*office.column("reason")} == {*planned}
    rows = offices.book.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1'")
    results = [decode_result(bytes(value)) for (value,) in rows]
    assert {each.reason for each in results if each.state is State.POSTED} == {DecisionReason(planned[0])}


def test_a_remote_connection_is_called_once_a_second(offices: Offices) -> None:
    """Open Dental README section 2: one request at a time, starts an interval apart."""
    office = offices.open(amount=AmountMode.GROSS, mapping={"mode": "REMOTE", "min_interval_s": 0.4})
    offices.book.report(*(office.pay(f"pt-{n}") for n in range(5)))
    offices.poster()
    office.until_states(*["POSTED"] * 5)
    starts = sorted(row[0] for row in offices.book.rows("SELECT began_at FROM attempts"))
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= timedelta(seconds=0.39)


def test_a_notification_wakes_the_poster(offices: Offices) -> None:
    """Law 8: an idle poster is notified; it does not wait for its next claim."""
    office = offices.open(amount=AmountMode.GROSS)
    office.patient("pt-1")
    offices.poster()
    offices.book.report(office.pay())
    office.until_states("POSTED")


def test_a_stop_gives_the_gates_back(offices: Offices) -> None:
    """PROTOCOL section 5: after an orderly stop nothing is leased, so another poster goes on at once."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(*(office.pay(f"pt-{n}") for n in range(20)))
    offices.poster()
    until(lambda: "POSTED" in office.states(), "it works", show=office.shown)
    offices.stop_posters()
    assert "SENDING" not in office.states()
    assert offices.book.one("SELECT count(*) FROM gates WHERE owner IS NOT NULL") == 0
    assert offices.book.one("SELECT count(*) FROM connections WHERE owner IS NOT NULL") == 0


def test_the_next_mark_sees_settings_that_were_saved(offices: Offices) -> None:
    """T-12: `ledger_closed_through` is always today's value, whatever version decided."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.report(office.pay("pt-1"))
    offices.book.clock.instant = NOON + timedelta(minutes=1)
    offices.book.save("practice-1", amount=AmountMode.GROSS, ledger_closed_through=date(2026, 12, 31))
    assert SAVING.actor
    offices.poster()
    office.until_states("BLOCKED_PERIOD")


def test_a_thousand_lanes_of_one_practice_are_posted_once_each(offices: Offices) -> None:
    """Law 21: more than one lease of a gate, calls side by side, each patient once."""
    office = offices.open(amount=AmountMode.GROSS, mapping={"max_in_flight": 32})
    rows = offices.sandbox.open_dental.add_patients(office.customer_key, 1_000)
    office.patients = {f"pt-{n}": int(row["PatNum"]) for n, row in enumerate(rows)}
    with offices.book.connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO patient_links VALUES (%s, %s, %s, 'test', now())",
            [(office.practice_id, ref, str(number)) for ref, number in office.patients.items()],
        )
    offices.book.report(*(office.pay(ref) for ref in office.patients))
    offices.poster()
    until(lambda: set(office.states()) == {"POSTED"}, "all are posted", show=office.shown)
    assert office.payments() == sorted((number, 10_000) for number in office.patients.values())
    assert office.doubled() == []
