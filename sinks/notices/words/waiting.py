"""Words for what waits for people: nothing has failed, and nothing is posted until somebody acts."""

from __future__ import annotations

from schemas.vocabulary import State

_WHO = "support or the person who runs Writeback"

WAITING_WORDS: dict[State, tuple[str, str]] = {
    State.AWAITING_LINK: (
        "wait for a patient link",
        "Link the payment's patient to the right record; the entry is then posted by itself.",
    ),
    State.AWAITING_ALLOCATION: (
        "wait to be allocated",
        "Say which charges the payment belongs to; the entry is then posted by itself.",
    ),
    State.AWAITING_MANUAL_POST: (
        "are set to be posted by hand",
        "Enter them in the books and say so to " + _WHO + ", who records it; or ask them to let Writeback post them.",
    ),
    State.AWAITING_REVIEW: (
        "need to be looked at",
        "Their sums or codes need a person's eyes: enter by hand what is right, and say so to " + _WHO + ".",
    ),
    State.AWAITING_FEE: (
        "have no fee yet, and without it their net amount is not known",
        "Ask your payment provider for the fee, or enter them by hand.",
    ),
    State.AWAITING_ORIGINAL: (
        "belong to a payment that has not come",
        "Ask your payment provider to send it, or enter them by hand.",
    ),
    State.AWAITING_SETTINGS: (
        "happened before your settings began, so nothing says how to book them",
        "Enter them by hand.",
    ),
}
"""State → what these entries do, and what to do about them."""
