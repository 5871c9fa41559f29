"""Faults of targets (scenarios 38 to 44, 47, 48): at most one entry, and the ledger says what stands."""

from __future__ import annotations

from typing import Any

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

PATH = "/payments"


def _one_gross_payment(offices: Offices) -> Office:
    """GROSS, so that the entry under test is the only one."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay())
    return office


SILENCES: list[tuple[FaultKind, Effect, dict[str, Any]]] = [
    (FaultKind.TIMEOUT, Effect.BEFORE, {}),
    (FaultKind.TIMEOUT, Effect.NONE, {}),
    (FaultKind.TIMEOUT, Effect.AFTER, {"seconds": 2.1}),
    (FaultKind.DROP, Effect.BEFORE, {}),
    (FaultKind.DROP, Effect.NONE, {}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 500}),
    (FaultKind.STATUS, Effect.NONE, {"status": 500}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 504}),
    (FaultKind.STATUS, Effect.NONE, {"status": 200, "text": "busy"}),
    (FaultKind.HTML, Effect.BEFORE, {"status": 200}),
    (FaultKind.TRUNCATED, Effect.BEFORE, {}),
    (FaultKind.CUT_OFF, Effect.BEFORE, {}),
    (FaultKind.TRICKLE, Effect.BEFORE, {"seconds": 0.1}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 400, "text": "The office's eConnector timed out."}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 400, "text": "Bad request."}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 404, "text": "404 page not found"}),
    (FaultKind.HTML, Effect.BEFORE, {"status": 404}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 422, "text": "Unprocessable"}),
]


def test_without_an_answer_a_read_back_decides(offices: Offices) -> None:
    """Laws 17, 19, scenarios 38 to 43: no trustworthy answer is UNCERTAIN; found once is POSTED, absent after the
    settle time is sent again. One patient per way of not answering."""
    office = offices.open(amount=AmountMode.GROSS, mapping={"max_in_flight": 16})
    for n, (kind, effect, more) in enumerate(SILENCES):
        offices.sandbox.open_dental.fault(
            kind,
            effect,
            account=office.customer_key,
            method="POST",
            path=PATH,
            body_contains=f'"PatNum":{office.patient(f"pt-{n}")},',
            times=1,
            **more,
        )
    offices.database.report(*(office.pay(f"pt-{n}") for n in range(len(SILENCES))))
    offices.poster()
    office.until_states(*["POSTED"] * len(SILENCES))
    assert office.payments() == sorted((office.patient(f"pt-{n}"), 10_000) for n in range(len(SILENCES)))
    answers = {(row[0], row[1], row[3]) for row in office.attempts()}
    for effect_id in range(1, len(SILENCES) + 1):
        assert (effect_id, "post", "NoAnswer") in answers, f"{SILENCES[effect_id - 1]} was answered"
        assert (effect_id, "readback", "Found") in answers


def test_an_entry_that_reads_do_not_show_yet_is_not_sent_again(offices: Offices) -> None:
    """Law 19, scenario 42: absence before `settle_until` proves nothing."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.fault(
        FaultKind.TIMEOUT, Effect.AFTER, seconds=2.1, account=office.customer_key, method="POST", path=PATH, times=1
    )
    offices.poster()
    office.until_states("POSTED")
    assert office.payments() == [(office.patient("pt-1"), 10_000)]
    assert sum(row[1] == "post" for row in office.attempts()) == 1


def test_control_without_the_settle_time_it_is_posted_twice(offices: Offices) -> None:
    """The control of law 19: an early absence is believed, and the entry doubles."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.fault(
        FaultKind.TIMEOUT, Effect.AFTER, seconds=5.0, account=office.customer_key, method="POST", path=PATH, times=1
    )
    offices.poster(test_controls="settle_time")
    office.until_states("POSTED")
    until(lambda: len(office.payments()) == 2, "the entry stands twice", show=office.shown)


def test_an_entry_found_twice_is_a_dead_letter(offices: Offices) -> None:
    """UNCERTAIN with two matches: DEAD_LETTERED, FOUND_TWICE, and a dead letter that says it is in doubt."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.fault(
        FaultKind.DUPLICATE, Effect.BEFORE, account=office.customer_key, method="POST", path=PATH, times=1
    )
    assert offices.process(test_crash_at="poster.after_answer").until_dead() == -9
    offices.poster()
    office.until_states("DEAD_LETTERED")
    assert office.column("reason") == ["FOUND_TWICE"]
    ((headers,),) = offices.database.rows("SELECT headers::text FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
    assert '["dl-ambiguous", "true"]' in headers
    assert '["dl-stage", "readback"]' in headers


def test_control_without_read_back_an_unknown_outcome_doubles(offices: Offices) -> None:
    """The control of law 19's read-back: what was in doubt is simply sent again."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.fault(
        FaultKind.DROP, Effect.BEFORE, account=office.customer_key, method="POST", path=PATH, times=1
    )
    offices.poster(test_controls="read_back")
    office.until_states("POSTED")
    assert len(office.payments()) == 2


def test_a_refusal_is_dead_and_its_dead_letter_carries_the_event(offices: Offices) -> None:
    """REJECTED with a closed reason; the original bytes; no text of the target (H-3, H-4)."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.fault(
        FaultKind.QUOTES_PATIENT, status=400, account=office.customer_key, method="POST", path=PATH, times=1
    )
    offices.poster()
    office.until_final()
    assert office.states()[0] in ("REJECTED", "INVALID_CONFIG")
    rows = offices.database.rows(
        "SELECT key, value, headers::text FROM outbox WHERE topic = 'writeback-dead-letters.v1'"
    )
    assert len(rows) == 1
    key, value, headers = rows[0]
    assert key == office.practice_id.encode()
    assert value
    patient = offices.sandbox.open_dental.rows(office.customer_key, "patients")[0]
    assert patient["LName"] not in headers
    assert "dl-effect-id" in headers


def test_429_burns_no_attempt_and_closes_the_gate(offices: Offices) -> None:
    """Law 22, scenario 41: a throttled connection changes no effect; the attempt is given back."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS, status=429, retry_after="1", account=office.customer_key, method="POST", times=3
    )
    offices.poster()
    office.until_states("POSTED")
    assert office.column("attempts") == [1]
    assert office.payments() == [(office.patient("pt-1"), 10_000)]
    assert sum(row[4] == "HTTP_429" for row in office.attempts()) >= 3
    until(lambda: offices.database.one("SELECT closed_reason IS NULL FROM connections"), "the connection is open again")


def test_a_stopped_econnector_is_the_connections_fault(offices: Offices) -> None:
    """A 400 by its text (Open Dental README section 3): the gate closes, the effect stays, nothing is dead."""
    office = _one_gross_payment(offices)
    offices.sandbox.open_dental.change_office(office.customer_key, econnector_running=False)
    offices.poster()
    until(
        lambda: offices.database.one("SELECT closed_reason FROM connections") == "TARGET_DOWN",
        "the gate is closed",
        show=office.shown,
    )
    until(lambda: (office.states(), office.column("attempts")) == (["RETRYING"], [0]), "it waits", show=office.shown)
    offices.sandbox.open_dental.change_office(office.customer_key, econnector_running=True)
    office.until_states("POSTED")


def test_a_practice_that_is_down_delays_nobody_else(offices: Offices) -> None:
    """Guarantee 4, scenario 48: one practice's office is off; the others' entries are posted meanwhile."""
    down = offices.open("practice-down", amount=AmountMode.GROSS)
    others = [offices.open(f"practice-{n}", amount=AmountMode.GROSS) for n in range(3)]
    offices.sandbox.open_dental.fault(FaultKind.TIMEOUT, account=down.customer_key)
    offices.database.report(*(down.pay(f"pt-{n}") for n in range(40)))
    offices.database.report(*(office.pay(f"pt-{n}") for office in others for n in range(20)))
    offices.poster()
    for office in others:
        office.until_states(*["POSTED"] * 20)
    assert "POSTED" not in down.states()
    assert down.states().count("UNCERTAIN") + down.states().count("SENDING") <= 12
    offices.sandbox.open_dental.clear_faults()
    down.until_states(*["POSTED"] * 40)
    assert len(down.payments()) == 40


def test_targets_that_hang_take_no_slot_from_others(offices: Offices) -> None:
    """Guarantee 4: more hanging offices than the poster has slots and gates for, and one that answers."""
    hanging = [offices.open(f"practice-hangs-{n}", amount=AmountMode.GROSS) for n in range(6)]
    well = offices.open("practice-well", amount=AmountMode.GROSS)
    for office in hanging:
        offices.sandbox.open_dental.fault(FaultKind.TIMEOUT, account=office.customer_key)
        offices.database.report(*(office.pay(f"pt-{n}") for n in range(6)))
    offices.database.report(*(well.pay(f"pt-{n}") for n in range(6)))
    offices.poster(poster_calls=3, poster_gates=3)
    well.until_states(*["POSTED"] * 6)
    assert not any("POSTED" in office.states() for office in hanging)


def test_an_entry_that_is_due_again_does_not_wait_for_other_lanes(offices: Offices) -> None:
    """Law 23: what is in doubt is read back once it has settled, and sent again, while another patient's lane goes on
    at a slow office under the same lease."""
    office, behind = offices.open(amount=AmountMode.GROSS), 14
    silent, slow = (f'"PatNum":{office.patient(patient)},' for patient in ("pt-1", "pt-2"))
    fault = offices.sandbox.open_dental.fault
    at = {"account": office.customer_key, "method": "POST", "path": PATH}
    fault(FaultKind.DROP, Effect.NONE, body_contains=silent, times=1, **at)
    fault(FaultKind.SLOW, Effect.BEFORE, body_contains=slow, seconds=0.6, **at)
    offices.database.report(office.pay("pt-1"), *(office.pay("pt-2") for _ in range(behind)))
    offices.poster()
    office.until_states(*["POSTED"] * (1 + behind))
    posted = [row[0] for row in office.attempts() if row[1] == "post" and row[3] == "Posted"]
    assert posted.index(1) < len(posted) - 1, "it was sent again only after the other lane"
    assert not office.doubled()
