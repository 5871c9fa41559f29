"""When an entry that follows a payment is due (T-14, T-11)."""

from __future__ import annotations

from datetime import datetime

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.timing import due_at_cut_off, timing_of
from processors.rules.lifecycle.booking_terms import kind_of
from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.payment_state import Reported
from schemas.events import Event, MoneyFields
from schemas.practice_settings import Timing


def due_at(
    event: Event, original: Reported | None, settings_version: int | None, arrived_at: datetime, facts: LedgerFacts
) -> datetime:
    """Refunds, returns, disputes, fees, voids and corrections never wait for clearance (T-14): under DAILY they are due
    at the first cut-off after they happened, else when they arrive.

    The timing is that of the original's type in `settings_version`, the one in force when the event happened. What
    follows a payout is due at once (P-16). Pure.
    """
    if original is None or not isinstance(original.event, MoneyFields):
        return arrived_at
    settings, money = facts.settings_of(settings_version), original.event
    timing = timing_of(settings, kind_of(original), money.tender, money.settled_outside)
    if timing is not Timing.DAILY:
        return arrived_at
    return due_at_cut_off(event.occurred_at, Arrival(arrived_at, facts.history)).at
