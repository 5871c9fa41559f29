"""What people are shown as the state of an entry or an event."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import State


class StateWords(msgspec.Struct, frozen=True):
    """One state: of one entry, and, for what waits for people, of several in a digest with what to do about them."""

    one: str
    many: str | None = None
    single: str | None = None
    """Of one in a digest, where that is not `one`."""
    remedy: str | None = None
    """Nothing has failed: nothing is posted until somebody does this."""


_WHO: Final = "support or the person who runs Writeback"

_IN_ITS_MESSAGE: Final = f"The message about it says why, and what to do; {_WHO} can send it again."

STATE_WORDS: Final[dict[State, StateWords]] = {
    State.AWAITING_SETTINGS: StateWords(
        "waits for settings",
        many="happened before your settings began, so nothing says how to book them",
        remedy=f"Enter them by hand, and tell {_WHO}, who records it.",
    ),
    State.AWAITING_FEE: StateWords(
        "waits for its fee",
        many="have no fee yet, and without it their net amount is not known",
        remedy=f"Ask your payment provider for the fee; or enter them with the fee that you know, and tell {_WHO}.",
    ),
    State.AWAITING_ORIGINAL: StateWords(
        "waits for its payment or payout",
        many="belong to a payment that has not arrived",
        remedy=f"Ask your payment provider to send it; or enter them by hand, and tell {_WHO}, who records it.",
    ),
    State.AWAITING_REVIEW: StateWords(
        "waits for a person to look at it",
        many="need to be looked at",
        remedy=f"Check their amounts and codes, enter by hand what is right, and tell {_WHO}.",
    ),
    State.AWAITING_CLEARANCE: StateWords("waits until the money is in the bank"),
    State.AWAITING_LINK: StateWords(
        "waits for a patient link",
        many="wait for a patient link",
        remedy="Link the payment's patient to the right record; the entry is then posted by itself.",
    ),
    State.AWAITING_ALLOCATION: StateWords(
        "waits for a person to allocate it",
        many="wait to be allocated",
        remedy=f"Tell {_WHO} which charges the payment belongs to; the entry is then posted by itself.",
    ),
    State.AWAITING_MANUAL_POST: StateWords(
        "waits for a person to post it",
        many="are set to be posted by hand",
        remedy=f"Enter them in the books and tell {_WHO}, who records it; or ask them to let Writeback post them.",
    ),
    State.PAUSED: StateWords("paused"),
    State.SCHEDULED: StateWords("due"),
    State.SENDING: StateWords("on its way"),
    State.ACCEPTED: StateWords("taken by the system; the outcome is still to come"),
    State.RETRYING: StateWords("will be tried again"),
    State.UNCERTAIN: StateWords(
        "in doubt: it is looked for before anything is sent again",
        single="may or may not be in the books",
        many="may or may not be in the books",
        remedy=_IN_ITS_MESSAGE,
    ),
    State.INVALID_CONFIG: StateWords(
        "dead until the mapping is repaired",
        single="waits for a setting to be repaired",
        many="wait for a setting to be repaired",
        remedy=_IN_ITS_MESSAGE,
    ),
    State.BLOCKED_PERIOD: StateWords(
        "held by a closed period",
        single="has a date in a period that is closed",
        many="have a date in a period that is closed",
        remedy=_IN_ITS_MESSAGE,
    ),
    State.REJECTED: StateWords("refused", single="was refused", many="were refused", remedy=_IN_ITS_MESSAGE),
    State.DEAD_LETTERED: StateWords(
        "dead", single="could not be posted", many="could not be posted", remedy=_IN_ITS_MESSAGE
    ),
    State.POSTED: StateWords("in the books"),
    State.RECORDED_MANUALLY: StateWords("in the books, entered by hand"),
    State.SKIPPED_DISABLED: StateWords("not posted"),
    State.SKIPPED_ZERO: StateWords("not posted"),
    State.VOIDED_BEFORE_POST: StateWords("withdrawn before it was posted"),
    State.DISMISSED: StateWords("closed by a person without posting"),
    State.APPLIED: StateWords("taken note of"),
}
