"""People work at the target too: originals that they deleted or changed, texts that they rewrote (R-20, law 19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas import events as e
from schemas.practice_settings import Allocation, AmountMode
from schemas.vocabulary import State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from streams.fault_injection import Control
from tests.processors.rules import linked_examples
from tests.scenarios.waiting import until
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Office, Offices
from tests.sinks.poster.test_every_kind_posts import about


def _paid(offices: Offices, **poster: Any) -> tuple[Office, e.PaymentSucceeded, int]:
    """An office with one posted payment of 100.00, and its number there."""
    office = offices.open(amount=AmountMode.GROSS)
    paid = office.pay()
    offices.database.report(paid)
    offices.poster(**poster)
    office.until_states("POSTED")
    (number,) = [row["PayNum"] for row in offices.sandbox.open_dental.rows(office.customer_key, "payments")]
    return office, paid, int(number)


def _edit(office: Office, number: int, **fields: Any) -> None:
    office.ledger.sandbox.open_dental.edit(office.customer_key, "payments", number, **fields)


def _other_patient(office: Office, number: int) -> None:
    _edit(office, number, PatNum=office.patient("pt-other"))


HELD: dict[str, tuple[Callable[[Office, int], None], str]] = {
    "deleted": (lambda office, number: _edit(office, number), "ORIGINAL_GONE"),
    "amount": (lambda office, number: _edit(office, number, PayAmt="90"), "ORIGINAL_CHANGED"),
    "date": (lambda office, number: _edit(office, number, PayDate="2026-01-02"), "ORIGINAL_CHANGED"),
    "patient": (_other_patient, "ORIGINAL_CHANGED"),
}


@pytest.mark.parametrize("how", HELD)
def test_what_people_deleted_or_changed_is_not_taken_back(offices: Offices, how: str) -> None:
    """R-20: held with its reason, nothing is posted against it, and the practice is notified."""
    change, reason = HELD[how]
    office, paid, number = _paid(offices)
    change(office, number)
    about(office, paid, linked_examples.refunded())
    office.until_states("POSTED", "AWAITING_REVIEW")
    assert office.column("reason")[1] == reason
    assert office.adjustments() == []
    phases = [(phase, answer) for _, phase, _, answer, *_ in office.attempts()]
    assert ("origin", "GONE" if reason == "ORIGINAL_GONE" else "CHANGED") in phases
    assert [phase for phase, _ in phases].count("post") == 1


def test_daily_work_on_an_entry_is_no_change(offices: Offices) -> None:
    """R-20: another type, note or split; a record that was merged into another is the same patient."""
    office, paid, number = _paid(offices)
    kept = office.patient("pt-kept")
    _edit(office, number, PayNote="paid at the desk", CheckNum="", PayType=1)
    offices.sandbox.open_dental.merge_patients(office.customer_key, office.patient("pt-1"), kept)
    about(office, paid, linked_examples.refunded())
    until(lambda: "AWAITING_REVIEW" not in office.states() and len(office.states()) == 2, "judged", show=office.shown)
    until(lambda: any(row[1] == "origin" for row in office.attempts()), "the original was read", show=office.shown)
    assert {row[3] for row in office.attempts() if row[1] == "origin"} == {"STANDS"}


def test_a_changed_original_that_is_put_right_lets_its_reversal_go(offices: Offices) -> None:
    """R-20: what is held has a way out: once the original is as it was, a person has it posted."""
    office, paid, number = _paid(offices)
    _edit(office, number, PayAmt="90")
    about(office, paid, linked_examples.refunded())
    office.until_states("POSTED", "AWAITING_REVIEW")
    _edit(office, number, PayAmt="100")
    database = offices.database
    done = act_on_entries(
        ledger_of(database.connection, database.clock), EntryAction.POST, office.practice_id, [2], order()
    )
    assert done.refused == 0
    office.until_states("POSTED", "POSTED")
    assert office.adjustments() == [(office.patient("pt-1"), 10_000)]


def _release(offices: Offices, office: Office, state: State) -> None:
    database = offices.database
    with unit_of_work(database.connection, office.practice_id, clock=database.clock, jitter_s=0) as unit:
        assert release(unit, [state], actor="owner") == 1


def test_an_original_that_cannot_be_read_is_not_gone(offices: Offices) -> None:
    """R-20, law 22: it is read again, and whoever else is to be posted at that office does not wait for it."""
    office, paid, _ = _paid(offices)
    fault = offices.sandbox.open_dental.fault(
        FaultKind.STATUS, status=200, text="junk", account=office.customer_key, method="GET", path="/payments"
    )
    about(office, paid, linked_examples.refunded())
    until(lambda: any(row[1] == "origin" for row in office.attempts()), "it was tried to read", show=office.shown)
    offices.database.report(office.pay("pt-2"))
    until(lambda: office.states().count("POSTED") == 2, "the other patient's payment is posted", show=office.shown)
    assert office.states()[1] == "SCHEDULED"
    assert fault
    offices.sandbox.open_dental.clear_faults()
    office.until_states("POSTED", "POSTED", "POSTED")


def test_control_without_the_read_money_is_posted_against_nothing(offices: Offices) -> None:
    """The control of R-20: a refund of a payment that nobody has any more."""
    office, paid, number = _paid(offices, test_controls=Control.ORIGIN_READ.value)
    _edit(office, number)
    about(office, paid, linked_examples.refunded())
    office.until_states("POSTED", "POSTED")
    assert office.payments() == []
    assert office.adjustments() == [(office.patient("pt-1"), 10_000)]


# --- in doubt, and edited meanwhile


def _in_doubt(offices: Offices, **poster: Any) -> tuple[Office, int]:
    """A payment that stands while its answer was lost, and that nobody can read yet."""
    office = offices.open(amount=AmountMode.GROSS)
    account = office.customer_key
    offices.sandbox.open_dental.fault(FaultKind.DROP, Effect.BEFORE, account=account, method="POST", times=1)
    offices.sandbox.open_dental.fault(FaultKind.STATUS, status=503, account=account, method="GET")
    offices.database.report(office.pay())
    offices.poster(**poster)
    until(lambda: office.payments() != [], "it stands", show=office.shown)
    (number,) = [row["PayNum"] for row in offices.sandbox.open_dental.rows(account, "payments")]
    return office, int(number)


@pytest.mark.parametrize("note", ["", "desk: pay-1 by card"])
def test_a_payment_whose_marker_was_taken_away_is_not_posted_again(offices: Offices, note: str) -> None:
    """Law 19: its texts are the staff's to edit, so their absence proves nothing; a person decides."""
    office, number = _in_doubt(offices)
    _edit(office, number, CheckNum="", PayNote=note)
    offices.sandbox.open_dental.clear_faults()
    office.until_states("DEAD_LETTERED")
    assert office.column("reason") == ["OUTCOME_UNKNOWN"]
    assert len(office.payments()) == 1
    kept = offices.database.rows("SELECT external_id, possible FROM sightings")
    assert kept == [(f"payments/{number}", True)]
    _release(offices, office, State.DEAD_LETTERED)
    office.until_states("POSTED")
    assert len(office.payments()) == 2, "a person said that the other one is not ours"


def test_an_entry_with_another_amount_is_known_by_its_id_from_then_on(offices: Offices) -> None:
    """Law 19: seen with another amount; put right by hand, its marker gone and its date moved, it is still the one."""
    office, number = _in_doubt(offices)
    _edit(office, number, PayAmt="90")
    offices.sandbox.open_dental.clear_faults()
    office.until_states("DEAD_LETTERED")
    assert office.column("reason") == ["TOTAL_DIFFERS"]
    _edit(office, number, PayAmt="100", CheckNum="", PayNote="corrected", PayDate="2026-01-02")
    _release(offices, office, State.DEAD_LETTERED)
    office.until_states("POSTED")
    assert office.column("external_id") == [f"payments/{number}"]
    assert len(office.payments()) == 1


def test_control_without_the_kept_id_the_entry_is_not_known_again(offices: Offices) -> None:
    """The control of law 19: put right by hand, it is nobody's to find, and a person is asked once more."""
    office, number = _in_doubt(offices, test_controls=Control.KNOWN_IDS.value)
    _edit(office, number, PayAmt="90")
    offices.sandbox.open_dental.clear_faults()
    office.until_states("DEAD_LETTERED")
    _edit(office, number, PayAmt="100", CheckNum="", PayNote="corrected")
    _release(offices, office, State.DEAD_LETTERED)
    until(lambda: office.column("reason") == ["OUTCOME_UNKNOWN"], "it is not known", show=office.shown)


def test_somebody_elses_payment_of_another_amount_is_no_doubt(offices: Offices) -> None:
    """Law 19: only what could be the entry keeps it from being sent again."""
    office = offices.open(amount=AmountMode.GROSS)
    account = office.customer_key
    offices.sandbox.open_dental.fault(FaultKind.DROP, Effect.NONE, account=account, method="POST", times=1)
    offices.database.report(office.pay(gross=20_000), office.pay("pt-2"))
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert sorted(cents for _, cents in office.payments()) == [10_000, 20_000]


def test_one_unreadable_balance_concerns_its_entry_alone(offices: Offices) -> None:
    """Law 22: the other patients of the office are posted; what cannot be read is tried again, and goes in the end."""
    office = offices.open(amount=AmountMode.GROSS, allocation=Allocation.ALLOCATE)
    for patient in ("pt-1", "pt-2"):
        office.charge(patient, 10_000)
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS,
        status=200,
        text="junk",
        account=office.customer_key,
        path=f"/accountmodules/{office.patient('pt-1')}/*",
    )
    offices.database.report(office.pay("pt-1"), office.pay("pt-2"))
    offices.poster()
    until(lambda: office.states()[1] == "POSTED", "the other patient's payment", show=office.shown)
    assert office.states()[0] == "SCHEDULED"
    assert offices.database.one("SELECT closed_reason FROM connections") is None
    offices.sandbox.open_dental.clear_faults()
    until(lambda: set(office.states()) == {"POSTED"}, "both are posted and allocated", show=office.shown)
    assert office.balance("pt-1") == 0


def test_a_balance_that_stays_unreadable_waits_for_a_person(offices: Offices) -> None:
    """Guarantee 5: after the retry budget it is held and reported, with a way out."""
    office = offices.open(amount=AmountMode.GROSS, allocation=Allocation.ALLOCATE)
    office.charge("pt-1", 10_000)
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS, status=200, text="junk", account=office.customer_key, path="/accountmodules/*"
    )
    offices.database.report(office.pay("pt-1"))
    offices.database.connection.execute("UPDATE work SET failing_since = due_at - interval '2 days'")
    offices.poster()
    office.until_states("AWAITING_REVIEW")
    assert office.column("reason") == ["NOT_READABLE"]
