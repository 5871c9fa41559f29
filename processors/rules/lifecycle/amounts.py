"""A plan with the fee and under the mode that are in force for its life: amounts anew, everything else as planned
(N-1, N-2, N-5, N-9, R-6)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from processors.rules.lifecycle.booking_terms import Terms, applied_by_part, is_insurance, money_of, terms_of
from processors.rules.lifecycle.follower_state import COMPANION_OFF, NET_NOT_POSITIVE, ZERO, InitialState, planned_state
from processors.rules.lifecycle.payment_state import Reported
from schemas.bookkeeping.companion import SplitAmount, divide
from schemas.plan import PlannedEntry
from schemas.practice_settings import AmountMode
from schemas.vocabulary import SKIPPED, EntryKind


def with_fee(told: Reported, fee: int | None) -> tuple[PlannedEntry, ...]:
    """The plan of the told event with this fee. Insurance stays as it is: its fee reaches no ledger (I-7).

    In NET a fee that takes all leaves everything to a person (N-9).
    """
    if is_insurance(told):
        return told.plan
    event, terms = money_of(told), terms_of(told)
    applied = applied_by_part(told)
    amounts = dict(
        zip(
            applied,
            divide(
                applied=list(applied.values()), surcharge_minor=event.surcharge_minor, fee_minor=fee, mode=terms.mode
            ),
            strict=True,
        )
    )
    eaten = terms.mode is AmountMode.NET and fee is not None and 0 < event.gross_minor <= fee
    effects: list[PlannedEntry] = []
    for effect in told.plan:
        if effect.entry_kind is EntryKind.PAYMENT:
            standing = _standing(told, effect)
            if eaten and standing.state not in SKIPPED:
                standing = NET_NOT_POSITIVE
            effects += _pair(effect, amounts[effect.part], standing, terms, fee)
        elif effect.entry_kind is not EntryKind.FEE_ADJUSTMENT:
            effects.append(_placed(effect, NET_NOT_POSITIVE) if eaten and effect.state not in SKIPPED else effect)
    return tuple(effects)


def _standing(told: Reported, payment: PlannedEntry) -> InitialState:
    """Of a share: a payment that was zero under another fee takes that of the rest of the plan."""
    if planned_state(payment) != ZERO or not money_of(told).gross_minor:
        return planned_state(payment)
    others = (effect for effect in told.plan if planned_state(effect) not in (ZERO, COMPANION_OFF))
    return next((planned_state(effect) for effect in others), ZERO)


def _pair(
    payment: PlannedEntry, amount: SplitAmount, standing: InitialState, terms: Terms, fee: int | None
) -> Iterator[PlannedEntry]:
    cash, companion = amount.payment_minor, amount.companion_minor
    paid = _ordered(payment, EntryKind.PAYMENT, cash, fee)
    yield _placed(paid, standing if cash else ZERO)
    if companion:
        off = not terms.companion and standing.state not in SKIPPED
        credit = _ordered(payment, EntryKind.FEE_ADJUSTMENT, companion, fee)
        credit = msgspec.structs.replace(credit, depends_on=(EntryKind.PAYMENT, payment.part) if cash else None)
        yield _placed(credit, COMPANION_OFF if off else standing)


def _ordered(payment: PlannedEntry, kind: EntryKind, amount_minor: int, fee: int | None) -> PlannedEntry:
    instruction = msgspec.structs.replace(
        payment.instruction, entry_kind=kind, amount_minor=amount_minor, fee_minor=fee
    )
    return msgspec.structs.replace(payment, entry_kind=kind, instruction=instruction)


def _placed(effect: PlannedEntry, standing: InitialState) -> PlannedEntry:
    return msgspec.structs.replace(
        effect, state=standing.state, reason=standing.reason, due_at=standing.due_at, holds=standing.holds
    )


def with_initial_state(effect: PlannedEntry, standing: InitialState) -> PlannedEntry:
    """The effect in another standing; what is skipped for a reason of its own stays so."""
    return effect if planned_state(effect) in (ZERO, COMPANION_OFF) else _placed(effect, standing)
