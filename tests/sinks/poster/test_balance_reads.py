"""Post Payment and Allocate on a ledger and an office: one balance read, one allocation, exact splits (N-7, law 18)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from deploy.sandbox.faults import Effect, FaultKind
from schemas.events import Split
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import ConnectionReason
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices


def parts(office: Office) -> list[tuple[str, str, int, str]]:
    """(kind, part, amount, state) of every effect at the PMS."""
    rows = office.ledger.database.rows(
        "SELECT entry_kind, part, amount_minor, state FROM effects WHERE practice_id = %s AND target = 'PMS'"
        " ORDER BY effect_id",
        office.practice_id,
    )
    return [(kind, part, amount, state) for kind, part, amount, state in rows]


def readings(office: Office) -> list[Any]:
    rows = office.ledger.database.rows(
        "SELECT reading FROM attempts WHERE practice_id = %s AND phase = 'balance' ORDER BY ended_at",
        office.practice_id,
    )
    return [row[0] for row in rows]


def on_charges(office: Office) -> dict[int, int]:
    """Cents of adjustments on each procedure."""
    found: dict[int, int] = {}
    for row in office.ledger.sandbox.open_dental.adjustments(office.customer_key):
        found[row.row["ProcNum"]] = found.get(row.row["ProcNum"], 0) + row.amount_minor
    return found


def test_n_7_payment_and_companion_come_to_what_was_paid_charge_by_charge(offices: Offices) -> None:
    """N-7, ALL-1: 14000/420 over 8000, 5000, 3000 → 8000/5000/580, and 420 on the third."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    first, second, third = office.charge("pt-1", 8000, 5000, 3000)
    offices.database.report(office.pay(gross=14_000, fee=420))
    offices.poster()
    office.until_states("POSTED", "POSTED", "POSTED")
    assert parts(office) == [
        ("payment", "", 13_580, "POSTED"),
        ("fee_adjustment", "", 420, "POSTED"),
        ("allocation", "", 0, "POSTED"),
    ]
    assert office.paid_on() == {first: 8000, second: 5000, third: 580}
    assert on_charges(office) == {third: -420}
    assert office.balance() == 2000
    (read,) = readings(office)
    assert [(int(c["ref"]), c["due_minor"]) for c in read["charges"]] == [(first, 8000), (second, 5000), (third, 3000)]


def test_n_10_a_debit_goes_out_before_its_payment(offices: Offices) -> None:
    """N-10: a surcharge of 300 above a fee of 267 over 4000 and 6000: the debit of 33 on the second, then 4000 and
    6033, which the office takes only because 6033 is open there."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    first, second = office.charge("pt-1", 4000, 6000)
    offices.database.report(office.pay(gross=10_300, fee=267, surcharge_minor=300))
    offices.poster()
    office.until_states(*3 * ["POSTED"])
    assert parts(office) == [
        ("fee_adjustment", "", -33, "POSTED"),
        ("payment", "", 10_033, "POSTED"),
        ("allocation", "", 0, "POSTED"),
    ]
    assert office.paid_on() == {first: 4000, second: 6033}
    assert on_charges(office) == {second: 33}
    assert office.balance() == 0
    assert len(readings(office)) == 1, "law 18: one read for both"


def test_n_7_a_companion_on_two_charges(offices: Offices) -> None:
    """N-7: 10000/320 over 9800 and 200 → 9680/0, companions 120 and 200."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    first, second = office.charge("pt-1", 9800, 200)
    offices.database.report(office.pay())
    offices.poster()
    office.until_states(*4 * ["POSTED"])
    assert office.paid_on() == {first: 9680}
    assert on_charges(office) == {first: -120, second: -200}
    assert office.balance() == 0


def test_all_1_the_rest_is_a_prepayment(offices: Offices) -> None:
    """M-6: never dropped, never on somebody else's charge; the sum of the entries is the payment's (N-3)."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    (charge,) = office.charge("pt-1", 5000)
    offices.database.report(office.pay())
    offices.poster()
    office.until_states(*4 * ["POSTED"])
    assert office.paid_on() == {charge: 5000, 0: 4680}
    assert sum(amount for _, amount in office.payments()) == 9680
    assert office.balance() == 5000 - 10_000


def test_all_2_post_only_reads_nothing(offices: Offices) -> None:
    office = offices.open(allocation=Allocation.POST_ONLY)
    office.charge("pt-1", 5000)
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert office.paid_on() == {0: 9680}
    assert readings(office) == []


def test_pl_3_an_allocated_payment_feeds_no_payment_plan(offices: Offices) -> None:
    """PL-3: the office would attach it to the oldest plan by default."""
    office = offices.open(allocation=Allocation.ALLOCATE, office={"plans_take_named_procedures": True})
    (charge,) = office.charge("pt-1", 5000)
    offices.sandbox.open_dental.add_pay_plan(office.customer_key, office.patient("pt-1"), date(2026, 1, 1))
    offices.database.report(office.pay())
    offices.poster()
    office.until_states(*4 * ["POSTED"])
    splits = offices.sandbox.open_dental.rows(office.customer_key, "paysplits")
    assert {split["PayPlanNum"] for split in splits} == {0}
    assert office.paid_on() == {charge: 5000, 0: 4680}


def test_all_4_a_splits_own_procedure_wins(offices: Offices) -> None:
    """An explicit split: its procedure takes payment and companion, and nothing is read."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    older, chosen = office.charge("pt-1", 20_000, 20_000)
    split = Split(patient_ref="pt-1", amount_minor=10_000, procedure_ref=str(chosen))
    offices.database.report(office.pay(splits=(split,)))
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert office.paid_on() == {chosen: 9680}
    assert on_charges(office) == {chosen: -320}
    assert readings(office) == []
    assert older not in office.paid_on()


def test_two_payments_of_a_patient_do_not_pay_one_charge_twice(offices: Offices) -> None:
    """Law 18: what an earlier payment will still pay of a charge counts as paid."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    first, second, third = office.charge("pt-1", 9800, 200, 10_000)
    offices.database.report(office.pay())
    offices.database.report(office.pay())
    offices.poster()
    until(lambda: len(office.states()) >= 7 and set(office.states()) == {"POSTED"}, "all posted", show=office.shown)
    standing = {n: office.paid_on().get(n, 0) - on_charges(office).get(n, 0) for n in (first, second, third)}
    assert standing == {first: 9800, second: 200, third: 10_000}
    assert office.balance() == 0


def test_a_failed_read_closes_the_gate_and_burns_no_attempt(offices: Offices) -> None:
    """Law 22: an error of the connection changes no effect; when the office is back, everything goes on."""
    office = offices.open(allocation=Allocation.ALLOCATE, office={"econnector_running": False})
    (charge,) = office.charge("pt-1", 20_000)
    offices.database.report(office.pay())
    offices.poster()
    gate = "SELECT closed_reason FROM gates WHERE practice_id = %s"
    until(
        lambda: offices.database.rows(gate, office.practice_id)[0][0] == ConnectionReason.TARGET_DOWN,
        "the gate is closed",
        show=office.shown,
    )
    assert office.states() == ["SCHEDULED", "SCHEDULED"]
    assert office.column("attempts") == [0, 0]
    assert {row[1:4] for row in office.attempts()} <= {("balance", row[2], "ReadFailed") for row in office.attempts()}
    offices.sandbox.open_dental.change_office(office.customer_key, econnector_running=True)
    office.until_states("POSTED", "POSTED", "POSTED")
    assert office.column("attempts") == [1, 1, 1]
    assert office.paid_on() == {charge: 9680}


@pytest.mark.parametrize("where", ["poster.after_balance", "poster.after_expansion"])
def test_a_crash_beside_the_allocation_allocates_once(offices: Offices, where: str) -> None:
    """Law 18: once, from one stored read, whatever dies in between."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    first, second = office.charge("pt-1", 9800, 100)
    offices.database.report(office.pay())
    offices.process(test_crash_at=where).until_dead()
    offices.poster()
    until(lambda: len(office.states()) == 5 and set(office.states()) == {"POSTED"}, "all posted", show=office.shown)
    assert office.paid_on() == {first: 9680}
    assert on_charges(office) == {first: -120, second: -100, 0: -100}
    assert office.doubled() == []


def test_an_allocation_whose_answer_is_lost_is_read_back(offices: Offices) -> None:
    """Laws 18, 19: the splits themselves prove it; the request may be repeated."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    first, second = office.charge("pt-1", 5000, 5000)
    offices.sandbox.open_dental.fault(
        FaultKind.TRUNCATED, Effect.BEFORE, account=office.customer_key, method="PUT", path="*/Partial", times=1
    )
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED", "POSTED")
    assert office.paid_on() == {first: 5000, second: 4680}
    assert "readback" in {row[1] for row in office.attempts()}


def test_g_2_a_family_payment_goes_to_the_guarantor(offices: Offices) -> None:
    """G2: the guarantor is read, takes the payments, and each patient's own charges are paid."""
    office = offices.open(allocation=Allocation.ALLOCATE, family=FamilyBooking.GUARANTOR)
    head, child = offices.sandbox.open_dental.add_patients(office.customer_key, 2, seed=4, family=True)
    for ref, row in (("pt-head", head), ("pt-child", child)):
        office.patients[ref] = int(row["PatNum"])
        offices.database.connection.execute(
            "INSERT INTO patient_links VALUES (%s, %s, %s, 'test', now())",
            (office.practice_id, ref, str(row["PatNum"])),
        )
    (charge,) = office.charge("pt-child", 4000)
    splits = (Split(patient_ref="pt-head", amount_minor=6000), Split(patient_ref="pt-child", amount_minor=4000))
    offices.database.report(office.pay("pt-head", splits=splits))
    offices.poster()
    until(lambda: set(office.states()) == {"POSTED"} and len(office.states()) == 5, "all posted", show=office.shown)
    guarantor = int(head["PatNum"])
    assert {patient for patient, _ in office.payments()} == {guarantor}
    assert office.paid_on() == {charge: 3872, 0: 5808}
    assert (office.balance("pt-head"), office.balance("pt-child")) == (-6000, 0)


def test_the_placement_is_kept_with_the_effect(offices: Offices) -> None:
    """Guarantee 3: where the money went, and from which read, is explained by the ledger alone."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    (charge,) = office.charge("pt-1", 20_000)
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED", "POSTED")
    payment = office.column("placement")[0]
    patient = str(office.patients["pt-1"])
    assert payment == {"patient": patient, "posts_to": patient, "shares": [[str(charge), 9680]]}
    assert msgspec.convert(office.column("instruction")[0]["amount_minor"], int) == 9680
