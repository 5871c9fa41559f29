"""Insurance: per claim a payment and its write-off, by codes that are data (I-1, I-3 to I-6, ET-3)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.events import Claim
from schemas.plan import ClaimDoubt, PlannedEntry
from schemas.validation.events import Invalid, validate
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State
from tests.processors.rules.event_examples import changed
from tests.processors.rules.kind_examples import claim, decided, line, remitted, rows, total

PAID, WRITTEN_OFF = EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF
DUE, REVIEW = State.SCHEDULED, State.AWAITING_REVIEW


def doubts(effect: PlannedEntry) -> tuple[str, ...]:
    order = effect.instruction.claim
    assert order is not None
    return order.doubts


def test_a_claim_is_its_payment_and_its_write_off() -> None:
    """I-3, I-6: 200.00 charged, CO-45 50.00, PR-1 30.00, paid 120.00; the write-off waits for the payment."""
    decision = decided(remitted(claim(line(12000, CO_45=5000, PR_1=3000))))
    assert rows(decision) == [(PAID, "", 12000, DUE), (WRITTEN_OFF, "", 5000, DUE)]
    paid, written_off = decision.effects
    assert (paid.depends_on, written_off.depends_on) == (None, (PAID, ""))
    assert paid.lane == written_off.lane == "r:era-1"
    assert {e.instruction.patient_ref for e in decision.effects} == {"pt-1"}
    order = paid.instruction.claim
    assert order is not None
    assert (order.claim_ref, order.charged_minor, order.paid_minor, order.write_off_minor) == (
        "clm-1",
        20000,
        12000,
        5000,
    )
    assert [(each.procedure_ref, each.paid_minor, each.write_off_minor) for each in order.lines] == [
        ("proc-1", 12000, 5000)
    ]


def test_unbalanced_is_refused_by_the_contract() -> None:
    """I-1, I-2: a claim, a line or a remittance that does not add up never comes to the rules."""
    event = remitted(claim(line(12000, CO_45=5000)))
    assert event.remittance is not None
    validate(event)
    (reported,) = event.remittance.claims
    assert reported.lines is not None
    line_off = changed(reported, lines=(changed(reported.lines[0], paid_minor=11999),))
    for claims in ((changed(reported, paid_minor=11999),), (line_off,), (reported, reported)):
        with pytest.raises(Invalid) as refused:
            validate(changed(event, remittance=changed(event.remittance, claims=claims)))
        assert refused.value.reason is DeadLetterReason.UNBALANCED


@pytest.mark.parametrize("status", ["1", "2", "3", "4", "19", "20", "21", "23"])
def test_what_is_reported_for_information_balances_nothing(status: str) -> None:
    """I-4: only charges, payments and adjustments count; not how or when it was processed, nor what a line is of."""
    reported = claim(line(12000, CO_45=5000, PR_1=3000), status=status)
    for informed in (reported, changed(reported, service_from=date(2026, 2, 10)), changed(reported, claim_ref="other")):
        assert rows(decided(remitted(informed))) == [(PAID, "", 12000, DUE), (WRITTEN_OFF, "", 5000, DUE)]


@pytest.mark.parametrize(
    ("adjustments", "paid", "written_off"),
    [
        ({"PR_1": 3000}, 17000, 0),
        ({"OA_23": 17600}, 2400, 0),
        ({"PI_45": 1000}, 19000, 0),
        ({"OA_100": 1000}, 19000, 0),
        ({"CO_45": 5000, "PR_45": 1000}, 14000, 5000),
        ({"CO_97": 0}, 20000, 0),
    ],
)
def test_only_what_is_allowed_is_written_off(adjustments: dict[str, int], paid: int, written_off: int) -> None:
    """I-3: PR, OA and PI are recorded and not posted; OA-23 17600 of 20000 → payment 2400, write-off 0."""
    decision = decided(remitted(claim(line(paid, **adjustments))))
    assert (total(decision, PAID), total(decision, WRITTEN_OFF)) == (paid, written_off)
    assert {effect.state for effect in decision.effects} == {DUE}


@pytest.mark.parametrize("code", ["CO_97", "CO_9999", "PR_9999", "OA_A2", "PI_ZZ9"])
def test_a_code_in_doubt_holds_the_whole_claim(code: str) -> None:
    """I-3, I-5: another CO code, a code that no list knows, one that was stopped (A2, 2008): stored and reviewed."""
    decision = decided(remitted(claim(line(12000, CO_45=5000, **{code: 3000}))))
    assert rows(decision) == [(PAID, "", 12000, REVIEW), (WRITTEN_OFF, "", 5000, REVIEW)]
    assert {doubts(effect) for effect in decision.effects} == {(code.replace("_", "-"),)}
    assert {effect.reason for effect in decision.effects} == {DecisionReason.CODE_NOT_ALLOWED}


def test_the_practice_names_what_it_writes_off() -> None:
    """I-3, I-5: CO-97 and OA-94 by setting; CO-45 taken off the list is in doubt."""
    codes = ("CO-45", "CO-97", "OA-94")
    decision = decided(remitted(claim(line(10000, CO_45=5000, CO_97=3000, OA_94=2000))), write_off_codes=codes)
    assert rows(decision) == [(PAID, "", 10000, DUE), (WRITTEN_OFF, "", 10000, DUE)]
    none = decided(remitted(claim(line(12000, CO_45=5000))), write_off_codes=())
    assert rows(none) == [(PAID, "", 12000, REVIEW)]


def test_what_the_patient_owes_is_never_written_off() -> None:
    """I-3: not even where somebody put it on the list; nor what an earlier insurer reduced."""
    decision = decided(remitted(claim(line(12000, PR_1=5000, OA_23=3000))), write_off_codes=("PR-1", "OA-23"))
    assert rows(decision) == [(PAID, "", 12000, DUE)]


def test_claim_level_and_line_level_adjustments_add_up() -> None:
    """I-1: 5000 on the lines and 1000 on the claim."""
    decision = decided(remitted(claim(line(9000, CO_45=3000), line(7000, "proc-2", CO_45=2000), CO_45=1000)))
    assert (total(decision, PAID), total(decision, WRITTEN_OFF)) == (15000, 6000)


@pytest.mark.parametrize(
    ("reported", "paid", "written_off", "doubt"),
    [
        (claim(line(12000), status="22"), 12000, 0, ClaimDoubt.REVERSAL_GIVES),
        (claim(line(-10000, CO_45=5000), status="22"), -10000, 5000, ClaimDoubt.REVERSAL_GIVES),
        (claim(line(0, CO_45=5000, PR_101=15000), status="25"), 0, 5000, ClaimDoubt.ESTIMATE),
        (claim(line(-10000, CO_45=30000)), -10000, 30000, ClaimDoubt.ABOVE_CHARGE),
        (claim(line(0, CO_45=20000)), 0, 20000, ClaimDoubt.WHOLE_CHARGE),
    ],
    ids=["22 pays", "22 writes off", "an estimate", "more than was charged", "the whole charge"],
)
def test_a_claim_that_contradicts_itself_is_looked_at(
    reported: Claim, paid: int, written_off: int, doubt: ClaimDoubt
) -> None:
    """I-9, I-3: it balances, and still nothing of it is booked before somebody looked, whatever its codes."""
    decision = decided(remitted(claim(line(30000), ref="other"), reported))
    mine = [effect for effect in decision.effects if effect.part == "1"]
    assert {(effect.state, doubts(effect)) for effect in mine} == {(REVIEW, (doubt,))}
    assert (mine[0].instruction.amount_minor, total(decision, WRITTEN_OFF)) == (paid, written_off)


def test_capitation_is_looked_at() -> None:
    """I-3: CO-24, paid by the head and not by the claim: a contractual reduction that nobody allowed."""
    assert rows(decided(remitted(claim(line(0, CO_24=20000))))) == [(PAID, "", 0, REVIEW)]
    allowed = decided(remitted(claim(line(0, CO_24=20000))), write_off_codes=("CO-24", "CO-45"))
    assert rows(allowed) == [(PAID, "", 0, DUE), (WRITTEN_OFF, "", 20000, DUE)]


def test_a_second_insurer_writes_off_only_its_own() -> None:
    """I-3: what the first reduced (OA-23) stays with the first's remittance; the second's own CO-45 is its own."""
    second = claim(line(2400, OA_23=12600, CO_45=2000, PR_2=3000), status="2")
    assert rows(decided(remitted(second))) == [(PAID, "", 2400, DUE), (WRITTEN_OFF, "", 2000, DUE)]


def test_remarks_go_to_people_and_decide_nothing() -> None:
    """I-5: N-codes and MA-codes of a claim and of its lines, known, stopped (M118) or younger than the list."""
    reported = claim(line(12000, CO_45=5000), line(3000, "proc-2"))
    lines = tuple(changed(each, remarks=("N362", "M118")) for each in reported.lines or ())
    reported = changed(reported, lines=lines, remarks=("MA130", "N9999"))
    decision = decided(remitted(reported))
    assert rows(decision) == [(PAID, "", 15000, DUE), (WRITTEN_OFF, "", 5000, DUE)]
    order = decision.effects[0].instruction.claim
    assert order is not None
    assert (order.remarks, order.doubts) == (("MA130", "N9999", "N362", "M118"), ())
