"""Ends an event that waits, the way a person says: recorded, dismissed, or posted as it was reported (R-14, N-5, R-2).

An event without entries gets those that it would have had, born in the state that the person gave them. What cannot be
known, a fee, is typed by the person; what cannot be posted, because nobody knows whose it is, can still be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

import msgspec

from processors.rules.lifecycle import superseded_plans
from processors.rules.lifecycle.amounts import with_fee, with_state
from processors.rules.lifecycle.awaiting_original import known_original
from processors.rules.lifecycle.booking_terms import fee_of, is_cleared, is_insurance, terms_of
from processors.rules.lifecycle.change import Change, NewEntry, nothing
from processors.rules.lifecycle.entries import classify_entries
from processors.rules.lifecycle.fees import assessed
from processors.rules.lifecycle.follower_state import cleared, planned_state
from processors.rules.lifecycle.in_full import NamesOtherPatientError, bare_entry, moved_in_full, moves_money
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.payouts import payout_reported
from schemas.events import Event, MoneyFields, PaymentFeeAssessed, PayoutPaid
from schemas.plan import PlannedEntry
from schemas.practice_settings import AmountMode
from schemas.vocabulary import PAYOUT_KINDS, SKIPPED, DecisionReason, Ruling, State

_ENDS: Final[Mapping[Ruling, State]] = MappingProxyType(
    {Ruling.RECORD: State.RECORDED_MANUALLY, Ruling.DISMISS: State.DISMISSED}
)
_SWITCHED_OFF: Final = frozenset({DecisionReason.MASTER_OFF, DecisionReason.TYPE_OFF, DecisionReason.OFFBOARDED})
"""Why the settings skip an entry that the payment has all the same: a person ends that one too, for what is skipped can
be posted later on request (E-9 d). What a practice wants no entry for at all stays skipped."""


class NotPossibleError(Exception):
    """The person's word cannot be carried out; the text says why, and what can."""


class PersonsWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says about an event that waits."""

    ruling: Ruling
    fee_minor: int | None = None
    """The fee that was not known, as the person read it somewhere."""


def ended(event: Event, state: PaymentState, word: PersonsWord, *, currency: str, on: date) -> Change:
    """What ending the event changes. `currency` of the practice; `on`: the event's own ledger date. Pure.

    `event` is `state.reported`, which waits, or a follow-up. Raises NotPossibleError.
    """
    if state.reported is not None and event is state.reported.event:
        change = _report_ended(state.reported, state, word, on)
    elif isinstance(event, MoneyFields | PayoutPaid):
        if word.ruling is not Ruling.DISMISS:
            raise NotPossibleError("a later version of it is known: dismiss this one")
        return nothing()
    else:
        change = _follow_up_ended(event, state, word, currency, on)
    return change if word.ruling is Ruling.POST else _born_ended(change, word.ruling)


def _report_ended(reported: Reported, state: PaymentState, word: PersonsWord, on: date) -> Change:
    if isinstance(reported.event, PayoutPaid):
        new = msgspec.structs.replace(reported, waiting=None)
        change = payout_reported(new, msgspec.structs.replace(state, reported=None), on)
    else:
        change = _payment_ended(reported, state, word, on)
    if change.waiting is not None:
        raise NotPossibleError("it cannot be posted beside what stands of it: enter it by hand, then record it")
    return change


def _payment_ended(reported: Reported, state: PaymentState, word: PersonsWord, on: date) -> Change:
    own = any(not line.is_refund for line in classify_entries(state))
    if own and word.ruling is Ruling.DISMISS:
        return nothing(reported.reason)
    fee = fee_of(state)
    if word.fee_minor is not None:
        if fee is not None:
            raise NotPossibleError("its fee is known: leave --fee out")
        fee = word.fee_minor
    unknown = fee is None and terms_of(reported).mode is AmountMode.NET and not is_insurance(reported)
    if unknown and _needs_fee(reported.plan, word.ruling):
        raise NotPossibleError("its fee is not known: give it, such as --fee 3.20")
    plan = reported.plan if unknown else with_fee(reported, fee)
    if is_cleared(state):
        plan = tuple(with_state(effect, cleared(planned_state(effect))) for effect in plan)
    counted = msgspec.structs.replace(state, reported=msgspec.structs.replace(reported, plan=plan))
    if own:
        return superseded_plans.replaced(plan, reported, counted, on)
    effects = tuple(NewEntry(effect=effect) for effect in plan)
    return Change(reason=reported.reason, applied=not effects, effects=effects)


def _follow_up_ended(event: Event, state: PaymentState, word: PersonsWord, currency: str, on: date) -> Change:
    if word.fee_minor is not None:
        raise NotPossibleError("it says its fee itself: leave --fee out")
    posts = word.ruling is Ruling.POST
    if isinstance(event, PaymentFeeAssessed):
        return _fee_ended(event, state, word, on)
    if not moves_money(event):
        if posts:
            raise NotPossibleError(
                "what it speaks of has not come, so there is nothing that it could change: dismiss it"
            )
        return nothing()
    original = known_original(state)
    if original is not None:
        try:
            change = moved_in_full(event, state, original, on)
        except NamesOtherPatientError:
            if posts:
                raise NotPossibleError(
                    "it names a patient whom its payment did not: enter it by hand, then record it"
                ) from None
            change = nothing()
        if change.effects:
            return change
    if posts:
        raise NotPossibleError(
            "its payment is not known, so nobody can say whose it is: enter it by hand, then record it"
        )
    entry = bare_entry(event, currency, on)
    return nothing() if entry is None else Change(reason=entry.effect.reason, effects=(entry,))


def _fee_ended(event: PaymentFeeAssessed, state: PaymentState, word: PersonsWord, on: date) -> Change:
    """A fee is no entry of its own: it counts for its payment, or not."""
    if word.ruling is Ruling.DISMISS:
        return nothing()
    if word.ruling is Ruling.RECORD:
        raise NotPossibleError(
            "a fee is no entry: post it as reported, or dismiss it and record the payment that waits for it with --fee"
        )
    change = assessed(event, state, on, as_reported=True)
    if change.waiting is not None:
        raise NotPossibleError("its payment is not known: dismiss it, or wait for the payment")
    return change


def _born_ended(change: Change, ruling: Ruling) -> Change:
    """The same entries in the person's state. What is dismissed changes nothing that stands; what is recorded stands
    in the place of what was not sent yet."""
    effects = tuple(_ended(each, _ENDS[ruling]) for each in change.effects if ruling is Ruling.RECORD or _is_new(each))
    kept = {} if ruling is Ruling.RECORD else {"void": (), "redirect": ()}
    return msgspec.structs.replace(
        change, effects=effects, applied=not effects, lift=(), original=None if effects else change.original, **kept
    )


def _is_new(entry: NewEntry) -> bool:
    """Not a reversal of what an earlier version left."""
    return entry.behind is None or entry.effect.entry_kind not in PAYOUT_KINDS


def _ended(entry: NewEntry, state: State) -> NewEntry:
    effect = entry.effect
    if _is_ended(effect):
        effect = msgspec.structs.replace(effect, state=state, holds=())
    return msgspec.structs.replace(entry, effect=effect)


def _is_ended(effect: PlannedEntry) -> bool:
    """Whether a person's word about the event is one about this entry."""
    return effect.state not in SKIPPED or effect.reason in _SWITCHED_OFF


def _needs_fee(plan: Sequence[PlannedEntry], ruling: Ruling) -> bool:
    """Whether an amount is about to be posted or recorded that the fee is part of."""
    if ruling is Ruling.DISMISS:
        return False
    return any(_is_ended(each) if ruling is Ruling.RECORD else each.state not in SKIPPED for each in plan)
