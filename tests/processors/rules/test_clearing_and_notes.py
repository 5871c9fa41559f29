"""When its money is there, and notes of payment requests (T-13, TIM-9, R-11, NOTE-1, SET-13); corrections (E-11)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from processors.rules.decisions.decide import decide
from schemas.events import CollectionChannel, Funds, PaymentKind, Tender
from schemas.practice_settings import PracticeStatus, Timing, TypeMode, TypeTimings
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from tests.processors.rules.event_examples import NOON, history, modes, payment, version
from tests.processors.rules.kind_examples import MINUTE, corrected, decided, request, rows


@pytest.mark.parametrize("funds", [Funds.CLEARED, Funds.PENDING])
def test_it_waits_until_the_practices_own_bank_has_it(funds: Funds) -> None:
    """T-13, TIM-9: what the processor says of its funds clears nothing; PaymentCleared or a payout does (INTAKE)."""
    decision = decided(payment(funds=funds), timing=Timing.ON_CLEAR)
    assert (decision.reason, decision.timing, decision.late) == (DecisionReason.AUTO_ON_CLEAR, Timing.ON_CLEAR, False)
    assert {(e.state, e.reason, e.due_at) for e in decision.effects} == {
        (State.AWAITING_CLEARANCE, DecisionReason.AUTO_ON_CLEAR, None)
    }
    assert [amount for _, _, amount, _ in rows(decision)] == [9680, 320]


def test_money_that_never_passes_a_payout_never_waits() -> None:
    """T-13, B-3: nobody would ever report it."""
    decision = decided(payment(settled_outside=True), timing=Timing.ON_CLEAR)
    assert {(e.state, e.due_at) for e in decision.effects} == {(State.SCHEDULED, NOON + MINUTE)}


@pytest.mark.parametrize("tender", [Tender.ACH, Tender.CARD])
def test_some_tenders_clear_first(tender: Tender) -> None:
    """R-11, T-13: ACH on its settlement, cards at once."""
    decision = decided(payment(tender=tender), clear_first=(Tender.ACH,))
    assert {effect.state for effect in decision.effects} == {
        State.AWAITING_CLEARANCE if tender is Tender.ACH else State.SCHEDULED
    }


def test_a_type_has_a_timing_of_its_own() -> None:
    """C3, TIM-7, ET-5: collections at once, the rest in the evening."""
    timings = {"timing": Timing.DAILY, "timing_by_type": TypeTimings(collection=Timing.INSTANT)}
    assert decided(payment(kind=PaymentKind.COLLECTION), **timings).reason is DecisionReason.AUTO_INSTANT
    assert decided(payment(), **timings).reason is DecisionReason.AUTO_DAILY


def test_posting_by_hand_waits_for_no_clearance() -> None:
    """POST-3: the person who posts it decides."""
    decision = decided(payment(), timing=Timing.ON_CLEAR, types=modes(terminal=TypeMode.MANUAL))
    assert {(e.state, e.holds) for e in decision.effects} == {(State.AWAITING_MANUAL_POST, ())}


@pytest.mark.parametrize("settings", [{}, {"master": False}, {"timing": Timing.ON_CLEAR}, {"timing": Timing.DAILY}])
def test_a_request_leaves_a_note(settings: dict[str, Any]) -> None:
    """NOTE-1: at once, on its patient, whatever the ledger's switch and timing say; it moves nothing."""
    decision = decided(request(channel=CollectionChannel.EMAIL), notes=True, **settings)
    (note,) = decision.effects
    assert (note.target, note.entry_kind, note.part, note.lane) == (Target.PMS, EntryKind.NOTE, "", "p:pt-1")
    assert (note.state, note.reason, note.due_at) == (State.SCHEDULED, DecisionReason.AUTO_INSTANT, NOON + MINUTE)
    instruction = note.instruction
    assert (instruction.amount_minor, instruction.gross_minor, instruction.currency, instruction.channel) == (
        0,
        12500,
        "USD",
        "EMAIL",
    )
    assert (instruction.occurred_at, instruction.zone, instruction.payment_ref) == (NOON, "America/New_York", "req-1")


def test_a_notes_day_is_the_practices() -> None:
    """NOTE-1: sent on the evening of 03-03 in New York, 03-04 in UTC."""
    at = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
    (note,) = decide(request(occurred_at=at), at, history(version(notes=True))).effects
    assert note.instruction.ledger_date == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, DecisionReason.NOTES_OFF),
        ({"notes": True, "status": PracticeStatus.OFFBOARDED}, DecisionReason.OFFBOARDED),
    ],
)
def test_no_note_where_none_is_wanted(settings: dict[str, Any], reason: DecisionReason) -> None:
    """SET-13, SET-21: off unless switched on."""
    (note,) = decided(request(), **settings).effects
    assert (note.state, note.reason) == (State.SKIPPED_DISABLED, reason)


def test_a_correction_is_planned_as_the_payment_should_have_been() -> None:
    """E-11: same rules, same parts; INTAKE replaces what it corrects. The entries say which version they book."""
    first, again = decided(payment(9000, 291)), decided(corrected(2, gross=9000, fee=291))
    assert (
        rows(first)
        == rows(again)
        == [
            (EntryKind.PAYMENT, "", 8709, State.SCHEDULED),
            (EntryKind.FEE_ADJUSTMENT, "", 291, State.SCHEDULED),
        ]
    )
    assert {effect.instruction.version for effect in first.effects} == {1}
    assert {effect.instruction.version for effect in again.effects} == {2}
