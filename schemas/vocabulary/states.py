"""States of an effect, and every group of states that code or SQL asks for, each named by what its members share.

`sinks/ledger/schema/functions.py` makes an SQL function of each group that statements use, so that Python and SQL
cannot disagree.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """State of an effect, i.e. of one entry at one target; an event shows the worst of its effects."""

    AWAITING_SETTINGS = "AWAITING_SETTINGS"
    AWAITING_FEE = "AWAITING_FEE"
    AWAITING_ORIGINAL = "AWAITING_ORIGINAL"
    AWAITING_REVIEW = "AWAITING_REVIEW"
    AWAITING_CLEARANCE = "AWAITING_CLEARANCE"
    AWAITING_LINK = "AWAITING_LINK"
    AWAITING_ALLOCATION = "AWAITING_ALLOCATION"
    AWAITING_MANUAL_POST = "AWAITING_MANUAL_POST"
    PAUSED = "PAUSED"
    SCHEDULED = "SCHEDULED"
    SENDING = "SENDING"
    ACCEPTED = "ACCEPTED"
    RETRYING = "RETRYING"
    UNCERTAIN = "UNCERTAIN"
    INVALID_CONFIG = "INVALID_CONFIG"
    BLOCKED_PERIOD = "BLOCKED_PERIOD"
    REJECTED = "REJECTED"
    DEAD_LETTERED = "DEAD_LETTERED"
    POSTED = "POSTED"
    RECORDED_MANUALLY = "RECORDED_MANUALLY"
    SKIPPED_DISABLED = "SKIPPED_DISABLED"
    SKIPPED_ZERO = "SKIPPED_ZERO"
    VOIDED_BEFORE_POST = "VOIDED_BEFORE_POST"
    DISMISSED = "DISMISSED"
    APPLIED = "APPLIED"
    """Only of an event: it posts nothing itself (clearance, fee, cancellation)."""


EVENT_WAITING: Final = frozenset(
    {State.AWAITING_SETTINGS, State.AWAITING_ORIGINAL, State.AWAITING_FEE, State.AWAITING_REVIEW}
)
"""What an event that is not resolved may carry itself (law 2)."""

JUDGED_AGAIN: Final = frozenset({State.AWAITING_ORIGINAL, State.AWAITING_REVIEW})
"""Of an event about a payment: parked or held, and judged again after every further fact about it (R-17)."""

EFFECT_STATES: Final = frozenset(State) - {
    State.AWAITING_SETTINGS,
    State.AWAITING_FEE,
    State.AWAITING_ORIGINAL,
    State.APPLIED,
}
"""What an effect can be; the other four are an event's (law 2)."""

UNMET_ORDER: Final = (
    State.AWAITING_REVIEW,
    State.AWAITING_CLEARANCE,
    State.AWAITING_LINK,
    State.AWAITING_ALLOCATION,
    State.AWAITING_MANUAL_POST,
    State.PAUSED,
)
"""The first of these that is unmet is an effect's state (PROTOCOL section 3)."""

WAITING: Final = frozenset(UNMET_ORDER)
"""Waits for people or facts; holds no lane (law 23)."""

WAITS_FOR_PEOPLE: Final = frozenset(
    {State.AWAITING_REVIEW, State.AWAITING_LINK, State.AWAITING_ALLOCATION, State.AWAITING_MANUAL_POST}
)
"""Nothing happens until a person does something: what the digest lists."""

DIGEST_ORDER: Final = (
    State.AWAITING_LINK,
    State.AWAITING_ALLOCATION,
    State.AWAITING_MANUAL_POST,
    State.AWAITING_REVIEW,
    State.AWAITING_FEE,
    State.AWAITING_ORIGINAL,
    State.AWAITING_SETTINGS,
    State.UNCERTAIN,
    State.BLOCKED_PERIOD,
    State.REJECTED,
    State.INVALID_CONFIG,
    State.DEAD_LETTERED,
)
"""What a practice's digest lists, in its order: what waits for people, events whose other half has not come, and what
has failed and was not repaired since it was reported."""

LOOKED_UP: Final = frozenset({State.AWAITING_LINK, State.PAUSED})
"""Conditions that are looked up when a link, switch or connection changes; the others stand in the effect's `holds`."""

HELD: Final = WAITING - LOOKED_UP
"""Conditions that stand in the effect's `holds`, by decision or by a missing fact."""

READY: Final = frozenset({State.SCHEDULED, State.RETRYING})
"""Goes out once it is due and first in its lane."""

PENDING: Final = WAITING | READY
"""Planned, and nothing of it is at its target or on its way, unless `look_first`: it can be changed or withdrawn."""

READ_BACK: Final = frozenset({State.ACCEPTED, State.UNCERTAIN})
"""A call has ended without saying whether the entry stands: the poster reads the target."""

IN_DOUBT: Final = READ_BACK | {State.SENDING}
"""A call was made and its outcome is not known. Holds its lane: at most one in each (unique index, law 23)."""

IN_LANE: Final = READY | IN_DOUBT
"""Stands in its lane: in doubt, or next when those before it are done."""

POSTER_DUE: Final = READY | READ_BACK
"""A poster has something to do for it once it is due."""

DEAD: Final = frozenset({State.INVALID_CONFIG, State.BLOCKED_PERIOD, State.REJECTED, State.DEAD_LETTERED})
"""Ended without an entry; stays until a person redrives, records or dismisses it, or repairs the setting."""

REFUSED: Final = DEAD - {State.DEAD_LETTERED}
"""Stands nowhere, and goes nowhere by itself. A dead letter may stand at the target: a person decides."""

CALL_MAY_RUN: Final = frozenset({State.UNCERTAIN, State.DEAD_LETTERED})
"""Until `settle_until` a call of it may still arrive at the target: nobody ends it by hand before."""

BOOKED: Final = frozenset({State.POSTED, State.RECORDED_MANUALLY})
"""Stands in the practice's books; counts toward sums and balances."""

ENDED_BY_PERSON: Final = frozenset({State.RECORDED_MANUALLY, State.DISMISSED})
"""A named person ended it."""

CONCLUDED: Final = ENDED_BY_PERSON | {State.POSTED}
"""A positive answer from the target changes it no more."""

SKIPPED: Final = frozenset({State.SKIPPED_DISABLED, State.SKIPPED_ZERO})
"""Never to be written, by a setting or because there is nothing to write."""

NOT_WRITTEN: Final = SKIPPED | ENDED_BY_PERSON
"""Planned so: nothing of it goes to its target, whatever the ledger knows."""

NOT_COUNTED: Final = SKIPPED | {State.VOIDED_BEFORE_POST, State.DISMISSED}
"""Ended, and no entry stands for it: no part of what was booked or is still to be."""

FINAL: Final = BOOKED | NOT_COUNTED | {State.APPLIED}
"""Nothing is left to do."""

OPEN: Final = EFFECT_STATES - FINAL
"""Money that is not accounted for yet: pending, in doubt or dead."""

NOT_BOOKED: Final = FINAL - BOOKED
"""Listed apart from what is booked: what a setting or a void says not to post (VER-5), and events that post nothing."""

WITHDRAWN: Final = SKIPPED | {State.VOIDED_BEFORE_POST}
"""Ended by a rule before anything was sent."""

NEVER_SENT: Final = PENDING | {State.VOIDED_BEFORE_POST}
"""Nothing of it reached its target: still pending, or voided while it was."""

UNTOUCHED: Final = PENDING | SKIPPED
"""Neither sent nor ended by a person: a later version may still replace the whole plan (B-5, E-11)."""

ENDED_UNPOSTED: Final = NOT_COUNTED | {State.RECORDED_MANUALLY}
"""Final, and nothing of it was posted by us."""

LEFT_TO_OTHERS: Final = ENDED_BY_PERSON | {State.SKIPPED_DISABLED}
"""Not posted by us, and not going to be; what reverses it is a person's (R-14)."""

SET_BY_CONTENT: Final = frozenset({State.AWAITING_REVIEW, State.AWAITING_ALLOCATION})
"""Conditions that an event's own content brings: those of the new version count, not the old one's (I-3, I-12)."""

RELEASED_BY_PERSON: Final = frozenset({State.AWAITING_MANUAL_POST, State.AWAITING_REVIEW})
"""Only manual approval releases it."""

RELEASED_BY_ALLOCATING: Final = RELEASED_BY_PERSON | {State.AWAITING_ALLOCATION}
"""Whoever names the charges of a payment has approved it too."""

NEEDS_PERSON: Final = DEAD | WAITS_FOR_PEOPLE | {State.UNCERTAIN}
"""Nobody but a person, or a repair, takes it further; one in doubt only when its call can no longer be under way."""

NOT_ENDED_BY_PERSON: Final = frozenset(
    {State.SENDING, State.ACCEPTED, State.POSTED, State.SKIPPED_ZERO, State.VOIDED_BEFORE_POST}
)
"""No person records or dismisses it: its outcome is to come, or there is nothing to end."""

AS_DECIDED: Final = BOOKED | {State.SCHEDULED}
"""Goes, or went, the way of its decision: the decision's reason says why."""

AT_REST: Final = WAITING | DEAD
"""Neither in the books, nor ended, nor on its way."""

HELD_UP: Final = WAITING | IN_DOUBT | DEAD | {State.RETRYING}
"""The state alone says why; that the practice posts such entries by itself would contradict it."""

BACKFILLABLE: Final = frozenset({State.SKIPPED_DISABLED, State.AWAITING_MANUAL_POST})
"""What a backfill schedules: skipped by a switch, or left to a person because its original was."""
