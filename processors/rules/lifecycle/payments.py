"""Applies a payment event or its correction (E-11, E-7, N-5, T-13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from processors.rules.lifecycle import superseded_plans
from processors.rules.lifecycle.amounts import with_fee, with_state
from processors.rules.lifecycle.awaiting_original import parked
from processors.rules.lifecycle.booking_terms import (
    fee_of,
    is_cleared,
    is_insurance,
    kind_of,
    terms_of,
)
from processors.rules.lifecycle.change import Change, NewEntry, ReleasedOriginal, for_review
from processors.rules.lifecycle.entries import classify_entries
from processors.rules.lifecycle.follower_state import cleared, planned_state
from processors.rules.lifecycle.limits import outgrown
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.voids import after_void
from schemas.plan import PlannedEntry
from schemas.practice_settings import AmountMode
from schemas.vocabulary import ENDED_BY_PERSON, SKIPPED, DecisionReason, State

REASONS_JUDGED_AGAIN: Final = frozenset({DecisionReason.MORE_THAN_ORIGINAL, DecisionReason.CORRECTED})
"""Why a correction is held by these rules: later facts may let it through (R-17). Others a person ends."""


def payment_reported(new: Reported, state: PaymentState, on: date, moved: frozenset[int] = frozenset()) -> Change:
    """An original, a correction, or a correction that stands in for an original that never came.

    A correction keeps the mode, the companion and the state of what it corrects, while its type is switched alike
    (R-6, E-11). One that waits for its fee, or for a person, changes nothing until that is there.
    """
    old = state.reported
    if old is not None and old.order >= new.order:
        return Change(applied=True, reason=DecisionReason.CORRECTED, old_version=True)
    if old is None:
        return resolved(new, msgspec.structs.replace(state, reported=new), on)
    if voided := after_void(new.event, state):
        return voided
    chosen = _under_settings_of(old, new)
    changed = resolved(chosen, msgspec.structs.replace(state, reported=chosen), on, moved)
    if old.waiting is not None and changed.waiting is None:
        ended = ReleasedOriginal(reason=DecisionReason.CORRECTED, voided=True)
        changed = msgspec.structs.replace(changed, original=ended)
    return changed


def judged_again(state: PaymentState, on: date) -> Change:
    """What a correction changes that was held, with the facts that are known now (R-17): `state.reported`, which is
    AWAITING_REVIEW for one of `REASONS_JUDGED_AGAIN`. Still held: the change says so."""
    if state.reported is None:
        return parked()
    asked = msgspec.structs.replace(state.reported, waiting=None)
    if voided := after_void(asked.event, state):
        return voided
    return resolved(asked, msgspec.structs.replace(state, reported=asked), on)


def resolved(reported: Reported, state: PaymentState, on: date, moved: frozenset[int] = frozenset()) -> Change:
    """The plan of reported money, `state.reported`, as far as it can be known now.

    Called when it is reported and, if it waits for its fee then, when that comes (N-5).
    """
    if reported.waiting not in (None, State.AWAITING_FEE):
        return Change(waiting=reported.waiting, reason=reported.reason)
    fee = fee_of(state)
    if fee is None and terms_of(reported).mode is AmountMode.NET and _is_on(reported):
        return Change(
            waiting=State.AWAITING_FEE, reason=DecisionReason.FEE_UNKNOWN, settings_version=reported.settings_version
        )
    if outgrown(state, reported):
        return for_review(DecisionReason.MORE_THAN_ORIGINAL)
    lines = classify_entries(state)
    if lines and all(line.is_refund and line.entry.state in ENDED_BY_PERSON for line in lines):
        # What followed it was entered or closed by hand before it came.
        return for_review(DecisionReason.ORIGINAL_NOT_POSTED)
    plan = with_fee(reported, fee) if reported.waiting or lines else reported.plan
    if is_cleared(state):
        plan = tuple(with_state(effect, cleared(planned_state(effect))) for effect in plan)
    if lines:
        return superseded_plans.replaced(plan, reported, state, on, moved=moved)
    return _planned(plan, reported)


def _planned(plan: Sequence[PlannedEntry], reported: Reported) -> Change:
    reasons = [effect.reason for effect in plan if effect.state is not State.SKIPPED_ZERO]
    return Change(
        reason=reasons[0] if reported.waiting and reasons else reported.reason,
        applied=not plan,
        effects=tuple(NewEntry(effect=effect) for effect in plan),
        settings_version=reported.settings_version,
    )


def _under_settings_of(old: Reported, new: Reported) -> Reported:
    """The correction under the settings of its original, where those treat both types alike."""
    if old.waiting is State.AWAITING_SETTINGS or is_insurance(old) != is_insurance(new):
        return new
    types = old.settings.types
    if types.of(kind_of(old)) is not types.of(kind_of(new)):
        return new
    return msgspec.structs.replace(new, settings=old.settings, settings_version=old.settings_version)


def _is_on(reported: Reported) -> bool:
    return any(effect.state not in SKIPPED for effect in reported.plan)
