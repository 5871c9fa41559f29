"""Decides events about another event: they wait until INTAKE resolves them from the ledger (law 7)."""

from __future__ import annotations

from processors.rules.decisions.arrival import Arrival
from schemas.events import DisputeOpened, Event
from schemas.plan import Decision
from schemas.practice_settings import SettingsVersion
from schemas.vocabulary import DecisionReason, State


def decide_linked(event: Event, version: SettingsVersion, arrival: Arrival) -> Decision:
    """Waits until its payment or payout is known (R-8), whose mode, target and splits it takes."""
    return Decision(
        settings_version=version.version,
        waiting=State.AWAITING_ORIGINAL,
        reason=DecisionReason.ORIGINAL_UNKNOWN,
    )


def decide_dispute(event: DisputeOpened, version: SettingsVersion, arrival: Arrival) -> Decision:
    """Money moves with the stage that has an amount; an inquiry posts nothing (R-10), but what it costs (N-3)."""
    if event.gross_minor == 0 and event.fee_minor == 0:
        return decide_without_money(event, version, arrival)
    return decide_linked(event, version, arrival)


def decide_without_money(event: Event, version: SettingsVersion, arrival: Arrival) -> Decision:
    """Stored and shown, nothing to post: an inquiry, a cancelled membership (its pending postings stay due)."""
    return Decision(settings_version=version.version, reason=DecisionReason.NO_MONEY, applied=True)
