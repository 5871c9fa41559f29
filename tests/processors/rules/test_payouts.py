"""Decisions about payouts (P-1, P-4, P-8, P-13, P-16, P-17, P-25, P-26, M-9)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from processors.rules.decisions.currency import OtherCurrency
from processors.rules.decisions.decide import decide
from schemas.events import FeePart, PaymentKind, PayoutCategory, PayoutPaid
from schemas.plan import Decision
from schemas.practice_settings import PracticeStatus, TypeMode
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from tests.processors.rules.event_examples import NOON, changed, history, item, modes, payout, version

TWO = (
    item(
        1, 10000, 320, kind=PaymentKind.TERMINAL, payment_id="pay-1", fees=(FeePart(fee_kind="card", amount_minor=320),)
    ),
    item(2, -12000, 0, PayoutCategory.REFUND, refund_id="ref-1"),
)


def decided(event: PayoutPaid, **settings: Any) -> Decision:
    return decide(event, NOON + timedelta(minutes=1), history(version(**settings)))


def test_a_payout_is_one_document_at_once() -> None:
    """P-16, P-22: one entry of the net, dated on arrival, with its numbered lines and no id of a payment (P-13)."""
    decision = decided(payout(*TWO))
    (effect,) = decision.effects
    assert (effect.target, effect.entry_kind, effect.part) == (Target.QUICKBOOKS, EntryKind.PAYOUT, "")
    assert (effect.state, effect.reason, effect.lane) == (State.SCHEDULED, DecisionReason.AUTO_INSTANT, "o:po-1")
    assert effect.due_at == NOON + timedelta(minutes=1)
    instruction = effect.instruction
    assert (instruction.amount_minor, instruction.gross_minor, instruction.fee_minor) == (-2320, -2000, 320)
    assert instruction.ledger_date == date(2026, 3, 5)
    assert [(line.number, line.category, line.gross_minor, line.fees) for line in instruction.lines] == [
        (1, PayoutCategory.CHARGE, 10000, (("card", 320),)),
        (2, PayoutCategory.REFUND, -12000, ()),
    ]
    assert instruction.patient_ref is None
    assert "pay-1" not in repr(instruction)
    assert "ref-1" not in repr(instruction)


@pytest.mark.parametrize("settings", [{"master": False}, {"types": modes(terminal=TypeMode.OFF)}])
def test_ledger_switches_do_not_filter_payouts(settings: dict[str, Any]) -> None:
    """P-17."""
    assert decided(payout(*TWO), **settings).effects[0].state is State.SCHEDULED


def test_an_offboarded_practice_gets_no_payouts() -> None:
    decision = decided(payout(*TWO), status=PracticeStatus.OFFBOARDED)
    assert (decision.reason, decision.effects[0].state) == (DecisionReason.OFFBOARDED, State.SKIPPED_DISABLED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gross_minor": -1999, "net_minor": -2319},
        {"fee_minor": 321, "net_minor": -2321},
        {"net_minor": -2319},
        {"items": (TWO[0], changed(TWO[1], net_minor=-11999))},
        {"items": (changed(TWO[0], fees=(FeePart(fee_kind="card", amount_minor=319),)), TWO[1])},
    ],
)
def test_sums_that_disagree_are_shown_never_written(wrong: dict[str, Any]) -> None:
    """P-1: to the cent."""
    decision = decided(changed(payout(*TWO), **wrong))
    assert (decision.waiting, decision.reason, decision.effects) == (
        State.AWAITING_REVIEW,
        DecisionReason.SUMS_DISAGREE,
        (),
    )


def test_zero_net_is_a_document_all_the_same() -> None:
    """M-9, P-4."""
    decision = decided(payout(item(1, 5000), item(2, -5000, 0, PayoutCategory.REFUND)))
    assert (decision.effects[0].state, decision.effects[0].instruction.amount_minor) == (State.SCHEDULED, 0)


def test_a_payout_of_nothing_is_skipped() -> None:
    """M-9: no items, no money, no document."""
    decision = decided(payout())
    assert (decision.effects[0].state, decision.reason) == (State.SKIPPED_ZERO, DecisionReason.ZERO_AMOUNT)


def test_a_later_version_is_planned_like_the_first() -> None:
    """P-8: INTAKE takes back what it replaces; the document says which version it books."""
    first, later = decided(payout(*TWO)), decided(payout(*TWO, version=2))
    (effect,) = later.effects
    assert (effect.part, effect.state, effect.instruction.version) == ("", State.SCHEDULED, 2)
    assert changed(effect.instruction, version=1) == first.effects[0].instruction


def test_other_currency_is_refused() -> None:
    """M-8."""
    with pytest.raises(OtherCurrency):
        decided(payout(*TWO, currency="EUR"))


def test_unknown_practice_waits() -> None:
    """Law 10."""
    assert decide(payout(*TWO), NOON, None).waiting is State.AWAITING_SETTINGS


def test_p26_lines_that_cancel_in_every_account_leave_nothing_to_write() -> None:
    """P-26: an advance and its funding inside one payout; it is not sent again, corrected."""
    adjustment = PayoutCategory.ADJUSTMENT
    decision = decided(payout(item(1, 500_000, 0, adjustment), item(2, -500_000, 0, adjustment)))
    (effect,) = decision.effects
    assert (decision.waiting, effect.state) == (None, State.SKIPPED_ZERO)


def test_p26_what_cancels_over_two_accounts_is_written() -> None:
    """P-26, P-4: a charge of +100 with a reserve of -100."""
    decision = decided(payout(item(1, 10000), item(2, -10000, 0, PayoutCategory.RESERVE_HOLD)))
    assert decision.effects[0].state is State.SCHEDULED


def test_p25_unknown_items_are_planned_as_such() -> None:
    """P-25: only the totals have to agree; without that word, no items are sums that disagree (P-1)."""
    told = payout(gross_minor=40000, fee_minor=0, net_minor=40000, bank_last4="1111")
    assert decided(told).reason is DecisionReason.SUMS_DISAGREE
    decision = decided(changed(told, items_known=False))
    (effect,) = decision.effects
    assert (effect.state, effect.instruction.items_known, effect.instruction.lines) == (State.SCHEDULED, False, ())
    assert (effect.instruction.amount_minor, effect.instruction.bank_last4) == (40000, "1111")
    assert decided(changed(told, items_known=False, net_minor=39000)).reason is DecisionReason.SUMS_DISAGREE
