"""Lives that are seldom: each was found by somebody who looked for money that goes wrong, in minor units."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.events import Event, PaymentKind
from schemas.practice_settings import (
    FeeAdjustment,
    RefundBeforePost,
    RefundWithoutCompanion,
    Timing,
    TypeMode,
    TypeModes,
)
from schemas.vocabulary import State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import (
    Ledger,
    charge_item,
    corrected,
    fee_assessed,
    refund,
    refund_failed,
    void,
)


def in_parts() -> Ledger:
    """9680 of which 5000 went to charges (entry 1) and 4680 to none (entry 3), as law 18 expands it."""
    ledger = Ledger()
    ledger.report(examples.payment())
    whole = ledger.entry(1)

    def part(number: int, name: str, amount: int, state: State) -> object:
        order = msgspec.structs.replace(whole.instruction, amount_minor=amount)
        return msgspec.structs.replace(
            whole, effect_id=number, part=name, amount_minor=amount, state=state, instruction=order
        )

    ledger._ids += 1
    entries = (part(1, "", 5000, State.REJECTED), ledger.entry(2), part(3, "a1", 4680, State.POSTED))
    ledger.state = msgspec.structs.replace(ledger.state, entries=entries)
    return ledger


@pytest.mark.parametrize("event", [void(), refund(-10000)], ids=["void", "refund"])
def test_law18_what_follows_a_payment_in_parts_waits_for_the_one_that_was_refused(event: Event) -> None:
    """Law 18, R-1: one entry takes back 9680 of which 4680 stand: it waits until the refused 5000 stand too."""
    change = in_parts().report(event)
    assert change.effects[0].behind == 1


def test_n9_r7_a_net_entry_that_the_fee_eats_is_for_a_person() -> None:
    """N-9, R-7: 9680 with 320, refunded 9800 before it was posted: −120 is no payment that anybody can post."""
    ledger = Ledger(timing=Timing.DAILY, refund_before_post=RefundBeforePost.NET_ENTRY)
    ledger.report(examples.payment(), refund(-9800, hours=1))
    assert ledger.rows() == [
        ("payment", "", -120, "AWAITING_MANUAL_POST"),
        ("fee_adjustment", "", 320, "AWAITING_MANUAL_POST"),
    ]
    ledger.report(refund_failed(9800, hours=2))
    assert ledger.rows() == [("payment", "", 9680, "SCHEDULED"), ("fee_adjustment", "", 320, "SCHEDULED")]


@pytest.mark.parametrize("written", [False, True])
def test_r14_a_refund_of_what_a_correction_drops_is_for_a_person(written: bool) -> None:
    """R-14, E-11: corrected to a type that is off, nothing is posted any more: its refund waits for nobody for ever."""
    ledger = Ledger(timing=Timing.DAILY, types=TypeModes(collection=TypeMode.OFF))
    ledger.report(examples.payment(), refund(-10000, hours=1))
    if written:
        ledger.post()
    ledger.report(corrected(hours=2, kind=PaymentKind.COLLECTION))
    ledger.post()
    assert ("refund", "", -10000, "AWAITING_MANUAL_POST") in ledger.rows()
    assert not [entry for entry in ledger.standing() if entry.state is State.SCHEDULED]


def paid_out_and_returned(**settings: Any) -> Ledger:
    """Its fee came with a payout that failed later: that payout's items do not count any more (P-21)."""
    ledger = Ledger(**settings)
    ledger.report(examples.payment(10000, None))
    ledger.paid_out(charge_item(10000, 320))
    ledger.post()
    ledger.state = msgspec.structs.replace(ledger.state, items=())
    return ledger


def test_r5_n5_a_failed_payout_leaves_the_fee_that_was_posted() -> None:
    """R-5 MIRROR: 9680 were posted, so 9680 go back, not 10000."""
    ledger = paid_out_and_returned(
        fee_adjustment=FeeAdjustment.OFF, refund_without_companion=RefundWithoutCompanion.MIRROR
    )
    ledger.report(refund(-10000))
    assert ledger.cash() == 0


def test_n5_a_fee_reported_after_its_payout_failed_posts_its_difference() -> None:
    """N-5, R-15: from 320 to 350 it is 30 less, and the companion 30 more."""
    ledger = paid_out_and_returned()
    ledger.report(fee_assessed(350, 9650))
    assert ledger.table() == [("reversal", "payment/@1", -30), ("fee_adjustment", "", 30)]
