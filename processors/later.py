"""Events that are validated and stored now, and booked by a later release (issue of this slice, section 3)."""

from __future__ import annotations

from processors.arrival import Arrival
from processors.waiting import awaiting_review
from schemas.events import Event
from schemas.practice_settings import SettingsVersion
from schemas.reasons import DecisionReason
from schemas.writebacks import Decision


def decide_later(event: Event, version: SettingsVersion, arrival: Arrival) -> Decision:
    """Shown as AWAITING_REVIEW with COMES_LATER: nothing is lost, nothing is posted by guess."""
    return awaiting_review(version, DecisionReason.COMES_LATER)
