"""SIGKILL and SIGSTOP at every step (scenarios 30 to 36, 47, law 20): at most one entry, and every entry arrives."""

from __future__ import annotations

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

PATH = "/payments"


def _practice(offices: Offices, patients: int = 3) -> Office:
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(*(office.pay(f"pt-{n}") for n in range(patients)))
    return office


@pytest.mark.parametrize(
    "point",
    [
        "poster.after_claim",
        "poster.before_mark",
        "poster.after_mark",
        "poster.before_send",
        "poster.after_send",
        "poster.after_answer",
        "poster.after_confirm",
    ],
)
def test_killed_at_any_step_posts_each_entry_once(offices: Offices, point: str) -> None:
    """The next owner finishes: what was marked is read back, what was not is sent (laws 16, 19)."""
    office = _practice(offices)
    first = offices.process(test_crash_at=point)
    assert first.until_dead() == -9
    offices.poster()
    office.until_states(*["POSTED"] * 3)
    assert len(office.payments()) == 3
    assert office.doubled() == []


def test_control_without_the_mark_a_kill_after_the_send_doubles(offices: Offices) -> None:
    """The control of law 16: nothing in the ledger says that a call was on its way."""
    office = _practice(offices, 1)
    first = offices.process(test_crash_at="poster.after_answer", test_controls="mark")
    assert first.until_dead() == -9
    offices.poster()
    office.until_states("POSTED")
    assert len(office.payments()) == 2


def test_killed_in_a_read_back_changes_nothing(offices: Offices) -> None:
    """Scenario 36."""
    office = _practice(offices, 1)
    offices.sandbox.open_dental.fault(
        FaultKind.TIMEOUT, Effect.BEFORE, account=office.customer_key, method="POST", path=PATH, times=1
    )
    first = offices.process(test_crash_at="poster.in_read_back")
    assert first.until_dead() == -9
    assert office.states() == ["UNCERTAIN"]
    offices.poster()
    office.until_states("POSTED")
    assert len(office.payments()) == 1


def test_frozen_between_mark_and_send_sends_nothing(offices: Offices) -> None:
    """Law 17: thawed after its lease has passed to another, the first poster sees that it is too late."""
    office = _practice(offices, 1)
    first = offices.process(test_crash_at="poster.before_send:stop")
    until(lambda: office.states() == ["SENDING"], "the first has marked", show=first.text)
    offices.poster()
    office.until_states("POSTED")
    first.thaw()
    first.stop()
    assert len(office.payments()) == 1


def test_control_without_the_late_check_the_frozen_poster_doubles(offices: Offices) -> None:
    """The control of law 17."""
    office = _practice(offices, 1)
    first = offices.process(test_crash_at="poster.before_send:stop", test_controls="late_check")
    until(lambda: office.states() == ["SENDING"], "the first has marked", show=first.text)
    offices.poster()
    office.until_states("POSTED")
    first.thaw()
    until(lambda: len(office.payments()) == 2, "the entry stands twice", show=first.text)


def test_a_late_success_is_kept_by_its_first_owner(offices: Offices) -> None:
    """Law 20, scenario 47: its owner froze with the answer in hand and lost its lease; the success is no duplicate."""
    office = _practice(offices, 1)
    first = offices.process(test_crash_at="poster.after_answer:stop")
    until(lambda: len(office.payments()) == 1, "the entry stands", show=first.text)
    offices.poster()
    office.until_states("POSTED")
    first.thaw()
    until(
        lambda: any(row[1] == "post" and row[3] == "Posted" for row in office.attempts()),
        "the late answer is stored",
        show=office.shown,
    )
    assert len(office.payments()) == 1
    assert offices.database.rows("SELECT 1 FROM outbox WHERE topic = 'writeback-dead-letters.v1'") == []


def test_a_late_refusal_of_an_older_epoch_changes_nothing(offices: Offices) -> None:
    """Law 20: a negative answer is fenced once another owner marked the effect anew."""
    office = _practice(offices, 1)
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS, status=429, account=office.customer_key, method="POST", path=PATH, times=1
    )
    first = offices.process(test_crash_at="poster.after_answer:stop")
    until(lambda: any(state.hit for state in offices.sandbox.open_dental.faults()), "it was refused", show=first.text)
    its = offices.database.one("SELECT epoch FROM effects")
    slow = offices.sandbox.open_dental.fault(
        FaultKind.SLOW, Effect.BEFORE, seconds=1.5, account=office.customer_key, method="POST", path=PATH
    )
    second = offices.process()
    until(
        lambda: offices.database.rows(
            "SELECT 1 FROM effects WHERE state = ANY(%s) AND epoch > %s", ["SENDING", "POSTED"], its
        ),
        "the second has marked",
        show=office.shown,
    )
    first.thaw()
    office.until_states("POSTED")
    offices.sandbox.open_dental.clear_faults(slow)
    second.stop()
    assert len(office.payments()) == 1
    assert office.column("attempts") == [2]


def test_two_posters_share_the_work_and_double_nothing(offices: Offices) -> None:
    """Scenario 59, law 20: random freezes of two posters over many gates."""
    practices = [offices.open(f"practice-{n}", amount=AmountMode.GROSS) for n in range(6)]
    offices.database.report(*(office.pay(f"pt-{n}") for office in practices for n in range(10)))
    posters = [offices.process(), offices.process()]
    for number in range(4):
        posters[number % 2].freeze()
        until(lambda: True, "", 0.1)
        posters[number % 2].thaw()
    for office in practices:
        office.until_states(*["POSTED"] * 10)
        assert len(office.payments()) == 10
        assert office.doubled() == []


def test_killed_after_the_send_and_the_patient_merged_posts_once(offices: Offices) -> None:
    """Law 19: the office merges two records of the patient before the next owner reads back; what went along with the
    merge is found, and nothing is sent again."""
    office = _practice(offices, 1)
    first = offices.process(test_crash_at="poster.after_send")
    assert first.until_dead() == -9
    until(lambda: len(office.payments()) == 1, "the office works on what was sent", show=office.shown)
    kept = offices.sandbox.open_dental.add_patient(office.customer_key)
    offices.sandbox.open_dental.merge_patients(office.customer_key, office.patients["pt-0"], kept["PatNum"])
    offices.poster()
    office.until_states("POSTED")
    assert [patient for patient, _ in office.payments()] == [kept["PatNum"]]
