"""Parks a follow-up that comes before its original (a payment or payout), until that is known.

An original is known when it is stored and resolved. Until then a follow-up waits in AWAITING_ORIGINAL, without a
deadline; whatever the order of arrival, follow-ups are resolved in the order in which they happened (R-8).

Who does what: RULES hands every follow-up over as AWAITING_ORIGINAL (`decisions/linked_events`), since it knows no
other event; `resolve` parks it or not, `engine` asks again when the payment is resolved, and after a day
`sinks/notices/problems` tells the practice.
"""

from __future__ import annotations

from collections.abc import Sequence

from processors.rules.lifecycle.bounds import MOST_FACTS
from processors.rules.lifecycle.change import Change
from processors.rules.lifecycle.given_back import judging_order
from processors.rules.lifecycle.payment_state import FollowUp, PaymentState, Reported
from schemas.vocabulary import JUDGED_AGAIN, DecisionReason, State


def known_original(state: PaymentState) -> Reported | None:
    """The original, when it is stored and resolved; None: park what is about it."""
    return state.reported if state.reported is not None and state.reported.waiting is None else None


def parked(reason: DecisionReason = DecisionReason.ORIGINAL_UNKNOWN) -> Change:
    """It waits until its original is stored and resolved."""
    return Change(waiting=State.AWAITING_ORIGINAL, reason=reason)


def waiting_in_order(state: PaymentState) -> Sequence[FollowUp]:
    """What is held or parked on this payment or payout, in the order in which it happened (R-17). What came after
    the first `MOST_FACTS` is a person's."""
    waiting = [each for each in state.follow_ups[:MOST_FACTS] if each.waiting in JUDGED_AGAIN]
    return sorted(waiting, key=lambda each: judging_order(each.event))
