"""A practice over NexHealth, which takes a request, writes it in a later cycle and shows it later still: posted once,
late, failed, never reached, killed in between, and never doubled (laws 16 to 20, 22)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.events import PaymentSucceeded
from schemas.practice_settings import AmountMode
from streams.fault_injection import Control, CrashPoint
from tests.deploy.commands.console import writeback_json
from tests.scenarios.attempts import answers, column
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.test_payment_lifecycle import refund

APPLY = ("--yes", "--by", "Ada", "--why", "looked at the patient's ledger")
QUICK = {"write_cycle_s": 0.4, "read_cycle_s": 0.4}
PAST_SETTLING = 8.0
"""Seconds: more than an entry of the profile `sandbox` is given to settle."""
IN_LEDGER = {"Dentrix": ([-9680], [-320, 10_000]), "Eaglesoft": ([-9680, 10_000], [-320])}
"""Payments and adjustments of a net payment of 100.00 with its fee, and of its refund: in the form of each system."""


def one_payment(pipeline: Pipeline, **location: object) -> tuple[str, str, PaymentSucceeded]:
    """GROSS, so that the entry under test is the only one. Answers practice, key and event; nothing runs yet."""
    practice = pipeline.practice(location=dict(location), amount=AmountMode.GROSS)
    return practice, pipeline.accounts[practice][0], payment(practice)


def posts(pipeline: Pipeline, key: str) -> int:
    return sum(call.method == "POST" and call.path == "/payments" for call in pipeline.sandbox.nexhealth.calls(key))


def standing(pipeline: Pipeline, key: str) -> list[int]:
    return [line.amount_minor for line in pipeline.sandbox.nexhealth.payments(key)]


@pytest.mark.stack
@pytest.mark.parametrize("system", list(IN_LEDGER))
def test_a_payment_and_its_refund_stand_in_the_systems_own_form(pipeline: Pipeline, system: str) -> None:
    """R-12, R-15, M-4: signs, types, dates and the patient, and the balance is what it was before."""
    location = {"system": system, "refunds_are_payments": system != "Dentrix", **QUICK}
    practice = pipeline.practice(location=location)
    key = pipeline.accounts[practice][0]
    nexhealth = pipeline.sandbox.nexhealth
    pipeline.start_all()
    paid = payment(practice)
    pipeline.send(paid)
    pipeline.until_states(POSTED=2)
    pipeline.send(refund(paid, 10_000))
    pipeline.until_states(POSTED=3)
    payments, adjustments = nexhealth.payments(key), nexhealth.adjustments(key)
    assert ([line.amount_minor for line in payments], [line.amount_minor for line in adjustments]) == IN_LEDGER[system]
    types = nexhealth.numbers(key, "payment_types") | {
        f"adjustment: {name}": number for name, number in nexhealth.numbers(key, "adjustment_types").items()
    }
    assert payments[0].type_id == types["Credit Card"]
    assert adjustments[0].type_id == types["adjustment: Processing Fee Credit"]
    given_back = payments[1].type_id if system == "Eaglesoft" else adjustments[1].type_id
    assert given_back == types["Card Refund" if system == "Eaglesoft" else "adjustment: Card Refund"]
    days = {row["day"] for row in pipeline.rows("SELECT ledger_date::text AS day FROM effects")}
    assert {line.day for line in (*payments, *adjustments)} == days
    assert len({line.marker for line in (*payments, *adjustments)} - {""}) == 3
    patient = payments[0].patient_id
    assert {line.patient_id for line in (*payments, *adjustments)} == {patient}
    assert nexhealth.balance(key, patient) == 0
    assert {answer for _, _, phase, answer, _ in answers(pipeline) if phase == "post"} == {"Accepted"}
    pipeline.invariants()


@pytest.mark.stack
@pytest.mark.parametrize(
    "point", [CrashPoint.POSTER_AFTER_MARK, CrashPoint.POSTER_AFTER_SEND, CrashPoint.POSTER_AFTER_ANSWER]
)
def test_a_poster_killed_around_the_send_is_followed_by_one_that_finds_it(
    pipeline: Pipeline, point: CrashPoint
) -> None:
    """Between the send and the answer nobody knows; what was taken is found, and what never left is a person's."""
    practice, key, event = one_payment(pipeline, **QUICK)
    pipeline.start("rules", "intake", "relay", "notifier")
    first = pipeline.start("poster", test_crash_at=point.value)
    pipeline.send(event)
    first.until_dead()
    pipeline.start("poster")
    if point is CrashPoint.POSTER_AFTER_MARK:
        pipeline.until_states(DEAD_LETTERED=1)
        writeback_json(pipeline.world, "dlq", "redrive", "--practice", practice, *APPLY)
    pipeline.until_states(POSTED=1)
    assert (posts(pipeline, key), standing(pipeline, key)) == (1, [-10_000])
    pipeline.invariants()


@pytest.mark.stack
def test_an_outcome_that_is_late_is_waited_for_and_looked_for_ever_more_seldom(pipeline: Pipeline) -> None:
    """Law 19: ACCEPTED until it is read, one call, and its lane waits."""
    practice, key, event = one_payment(pipeline, write_cycle_s=1.0, read_cycle_s=1.0)
    second = payment(practice, occurred_at=event.occurred_at + timedelta(milliseconds=1))
    pipeline.start_all()
    pipeline.send(event, second)
    pipeline.until(lambda: "ACCEPTED" in pipeline.states(), "the first is taken")
    assert pipeline.states().get("POSTED", 0) == 0
    pipeline.until_states(POSTED=2)
    assert (posts(pipeline, key), standing(pipeline, key)) == (2, [-10_000, -10_000])
    first = min(effect for _, effect, *_ in answers(pipeline))
    looks = [answer for _, effect, phase, answer, _ in answers(pipeline) if (effect, phase) == (first, "readback")]
    assert 2 < len(looks) < 20
    pipeline.invariants()


@pytest.mark.stack
@pytest.mark.parametrize("outcome", ["failed", "never"])
def test_an_outcome_that_fails_is_a_persons_and_is_sent_again_only_by_that_person(
    pipeline: Pipeline, outcome: str
) -> None:
    """E-5: what was taken and is not there may still come, until a person has looked. Redriven it is sent once more,
    and in doubt again it is that person's again."""
    practice, key, event = one_payment(pipeline, insertion=outcome, **QUICK)
    pipeline.start_all()
    pipeline.send(event)
    pipeline.until_states(DEAD_LETTERED=1)
    assert column(pipeline, "reason") == ["OUTCOME_UNKNOWN"]
    assert posts(pipeline, key) == 1
    writeback_json(pipeline.world, "dlq", "redrive", "--practice", practice, *APPLY)
    pipeline.until(lambda: posts(pipeline, key) == 2, "it is sent again")
    pipeline.until_states(DEAD_LETTERED=1)
    assert posts(pipeline, key) == 2, "not a third time by itself"
    pipeline.sandbox.nexhealth.change_location(key, insertion="complete")
    writeback_json(pipeline.world, "dlq", "redrive", "--practice", practice, *APPLY)
    pipeline.until_states(POSTED=1)
    assert (posts(pipeline, key), standing(pipeline, key)) == (3, [-10_000])
    pipeline.invariants()


@pytest.mark.stack
def test_what_appears_after_a_person_was_asked_is_found_and_not_sent_again(pipeline: Pipeline) -> None:
    """Guarantee 2: reads that lag longer than anybody waits double nothing; a redrive looks first."""
    practice, key, event = one_payment(pipeline, read_cycle_s=PAST_SETTLING)
    pipeline.start_all()
    pipeline.send(event)
    pipeline.until_states(DEAD_LETTERED=1)
    shown = datetime.now(UTC) + timedelta(seconds=PAST_SETTLING)
    pipeline.until(lambda: datetime.now(UTC) > shown, "reads show it")
    writeback_json(pipeline.world, "dlq", "redrive", "--practice", practice, *APPLY)
    pipeline.until_states(POSTED=1)
    assert (posts(pipeline, key), standing(pipeline, key)) == (1, [-10_000])
    pipeline.invariants()


@pytest.mark.stack
def test_control_what_was_taken_and_is_not_thought_possible_is_doubled(pipeline: Pipeline) -> None:
    """The same without the device: absence after the settle time is believed, and the entry stands twice."""
    _, key, event = one_payment(pipeline, read_cycle_s=PAST_SETTLING)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", test_controls=Control.TAKEN_IS_POSSIBLE.value)
    pipeline.send(event)
    pipeline.until(lambda: len(standing(pipeline, key)) > 1, "it stands twice")
    assert len(pipeline.doubled()) == 1


@pytest.mark.stack
def test_what_never_reaches_the_practice_is_not_posted(pipeline: Pipeline) -> None:
    """ "NexHealth only": the service shows the entry, and the practice has none."""
    _, key, event = one_payment(pipeline, insertion="only_here", **QUICK)
    pipeline.start_all()
    pipeline.send(event)
    pipeline.until_states(DEAD_LETTERED=1)
    assert standing(pipeline, key) == []
    pipeline.invariants()


@pytest.mark.stack
def test_control_a_row_that_the_practice_does_not_have_passes_for_its_entry(pipeline: Pipeline) -> None:
    """The same without the device: POSTED, and nothing stands."""
    _, key, event = one_payment(pipeline, insertion="only_here", **QUICK)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", test_controls=Control.IN_PRACTICE.value)
    pipeline.send(event)
    pipeline.until_states(POSTED=1)
    assert standing(pipeline, key) == []


@pytest.mark.stack
def test_while_the_synchronizer_is_off_nothing_is_sent_and_nothing_fails(pipeline: Pipeline) -> None:
    """Law 22, G7: a wait of the connection; no attempt is burnt, and it goes by itself when the server is back."""
    practice, key, event = one_payment(pipeline, writes="red", reads="red", **QUICK)
    pipeline.start_all()
    pipeline.send(event)
    closed = "SELECT closed_reason AS why FROM connections WHERE home_practice_id = %s"
    pipeline.until(lambda: pipeline.rows(closed, practice)[0]["why"] == "TARGET_DOWN", "the connection is closed")
    assert (posts(pipeline, key), column(pipeline, "attempts")) == (0, [0])
    assert set(pipeline.states()) <= {"SCHEDULED", "RETRYING", "SENDING"}
    pipeline.sandbox.nexhealth.change_location(key, writes="green", reads="green")
    pipeline.until_states(POSTED=1)
    assert (posts(pipeline, key), standing(pipeline, key)) == (1, [-10_000])
    assert column(pipeline, "attempts") == [1]
    pipeline.invariants()


@pytest.mark.stack
def test_what_is_in_doubt_when_the_server_goes_off_waits_until_it_has_synchronized(pipeline: Pipeline) -> None:
    """Law 19: taken in the evening, written in the morning; absence means nothing before a whole cycle."""
    _, key, event = one_payment(pipeline, write_cycle_s=0.5, sync_cycles=False)
    pipeline.start_all()
    nexhealth = pipeline.sandbox.nexhealth
    nexhealth.fault("late_visible", account=key, method="POST", path="/payments", seconds=PAST_SETTLING)
    pipeline.send(event)
    settled = "SELECT count(*) AS n FROM work WHERE settle_until < now() AND state = 'ACCEPTED'"
    pipeline.until(lambda: pipeline.rows(settled)[0]["n"] == 1, "it has settled")
    codes = "SELECT count(*) AS n FROM attempts WHERE code = 'SYNC_PENDING' AND began_at > now() - interval '1 s'"
    pipeline.until(lambda: pipeline.rows(codes)[0]["n"] > 0, "it was looked for after that")
    pipeline.until_states(POSTED=1)
    assert posts(pipeline, key) == 1
    pipeline.invariants()


@pytest.mark.stack
def test_control_without_a_cycle_since_the_send_absence_is_thought_of_too_early(pipeline: Pipeline) -> None:
    """The same without the device: a person is asked about an entry that comes by itself."""
    _, key, event = one_payment(pipeline, sync_cycles=False)
    nexhealth = pipeline.sandbox.nexhealth
    nexhealth.fault("late_visible", account=key, method="POST", path="/payments", seconds=PAST_SETTLING)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", test_controls=Control.SYNC_CYCLE.value)
    pipeline.send(event)
    pipeline.until_states(DEAD_LETTERED=1)
