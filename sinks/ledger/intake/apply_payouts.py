"""Keeps what the payouts of a batch stand for: holds one that would book an item twice, and says what is told once
(P-2, P-23, P-24, N-6)."""

from __future__ import annotations

from processors.rules.lifecycle.payment_state import PaymentState
from processors.rules.lifecycle.payout_comparison import carried_items, fee_apart
from processors.rules.lifecycle.payouts import held_back, stands
from processors.rules.lifecycle.undone_payouts import is_undone, kept_for_person
from schemas.events import PayoutFailed, PayoutPaid
from schemas.plan import Decision
from schemas.practice_settings import AmountMode, PracticeSettings
from sinks.ledger.intake.writes import Writes
from sinks.ledger.payouts.standing import News, PayoutNews, StandingChange, StandingItems
from streams.fault_injection import Control, disabled


class PayoutApplier:
    """For one batch, in the order of its records."""

    def __init__(self, standing: StandingItems, writes: Writes) -> None:
        self._standing = standing
        self._writes = writes

    def judged(self, event: PayoutPaid, decision: Decision, state: PaymentState) -> Decision:
        """What RULES decided, held for a person where an earlier payout that stands has one of the items, and where a
        person took the document of the version before it back."""
        if is_undone(state) and not disabled(Control.UNDONE_STAYS):
            decision = kept_for_person(decision)
        if disabled(Control.TWO_PAYOUTS):
            return decision
        if not self._standing.has_earlier(event.practice_id, event.payout_id, carried_items(event)):
            return decision
        return held_back(decision)

    def applied(self, event: PayoutPaid | PayoutFailed, state: PaymentState, since: int) -> None:
        """What stands after the event. A version that waits for a person changes nothing of the one before it.

        `since`: the practice's counter, which says who had an item first.
        """
        reported = state.reported
        if reported is None or reported.waiting is not None:
            if isinstance(event, PayoutPaid):
                return
        elif stands(state) and isinstance(reported.event, PayoutPaid):
            self._put(reported.event, since, reported.settings)
            return
        self._change(event, since, None)

    def _put(self, payout: PayoutPaid, since: int, settings: PracticeSettings) -> None:
        self._change(payout, since, payout)
        news = self._writes.news
        if payout.bank_last4 is not None:
            news.add(PayoutNews(payout.practice_id, News.ONE_BANK_ACCOUNT, payout.bank_last4))
        if fee_apart(payout) and settings.amount is AmountMode.NET:
            news.add(PayoutNews(payout.practice_id, News.FEE_FOR_THE_BATCH, ""))

    def _change(self, event: PayoutPaid | PayoutFailed, since: int, payout: PayoutPaid | None) -> None:
        change = StandingChange(
            practice_id=event.practice_id,
            payout_id=event.payout_id,
            source=event.source,
            version=event.version,
            since=since,
            occurred_at=event.occurred_at,
            items=None if payout is None else carried_items(payout),
        )
        self._standing.put(change)
        self._writes.standing.append(change)
