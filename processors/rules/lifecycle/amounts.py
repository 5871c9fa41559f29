"""Computes the amounts of a plan again, with the fee as it is known now and in the original's amount mode
(N-1, N-2, N-5, N-9, R-6)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from processors.rules.lifecycle.booking_terms import Terms, applied_by_part, is_insurance, money_of, terms_of
from processors.rules.lifecycle.follower_state import COMPANION_OFF, NET_NOT_POSITIVE, ZERO, PlannedState, planned_state
from processors.rules.lifecycle.payment_state import Reported
from schemas.bookkeeping.companion import SplitAmount, divide, is_debit_first
from schemas.plan import PlannedEntry
from schemas.practice_settings import AmountMode
from schemas.vocabulary import SKIPPED, EntryKind


def with_fee(reported: Reported, fee: int | None) -> tuple[PlannedEntry, ...]:
    """The plan of the reported money with this fee. Insurance stays as it is: its fee reaches no ledger (I-7).

    In NET a fee that takes all leaves every entry to be posted by hand (N-9).
    """
    if is_insurance(reported):
        return reported.plan
    event, terms = money_of(reported), terms_of(reported)
    applied = applied_by_part(reported)
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
    planned = {(effect.entry_kind, effect.part) for effect in reported.plan}
    effects: list[PlannedEntry] = []
    for effect in reported.plan:
        if effect.entry_kind is EntryKind.PAYMENT:
            initial = _initial(reported, effect)
            if eaten and initial.state not in SKIPPED:
                initial = NET_NOT_POSITIVE
            first = (EntryKind.CHARGE, effect.part) if (EntryKind.CHARGE, effect.part) in planned else None
            effects += _pair(effect, amounts[effect.part], initial, terms, fee, first)
        elif effect.entry_kind is not EntryKind.FEE_ADJUSTMENT:
            effects.append(_in_state(effect, NET_NOT_POSITIVE) if eaten and effect.state not in SKIPPED else effect)
    return tuple(effects)


def _initial(reported: Reported, payment: PlannedEntry) -> PlannedState:
    """Of a share: a payment that was zero under another fee takes that of the rest of the plan."""
    if planned_state(payment) != ZERO or not money_of(reported).gross_minor:
        return planned_state(payment)
    others = (effect for effect in reported.plan if planned_state(effect) not in (ZERO, COMPANION_OFF))
    return next((planned_state(effect) for effect in others), ZERO)


def _pair(
    payment: PlannedEntry,
    amount: SplitAmount,
    initial: PlannedState,
    terms: Terms,
    fee: int | None,
    first: tuple[EntryKind, str] | None,
) -> Iterator[PlannedEntry]:
    """Payment and companion, or the other way round (N-10). `first`: the charge that both wait for (B-1)."""
    cash, companion, part = amount.payment_minor, amount.companion_minor, payment.part
    off = not terms.companion and initial.state not in SKIPPED
    credited = COMPANION_OFF if off else initial
    debit_first = is_debit_first(cash, companion) and credited.state not in SKIPPED
    credit = _in_state(_with_amount(payment, EntryKind.FEE_ADJUSTMENT, companion, fee), credited)
    paid = _in_state(_with_amount(payment, EntryKind.PAYMENT, cash, fee), initial if cash else ZERO)
    if debit_first:
        yield msgspec.structs.replace(credit, depends_on=first)
        yield msgspec.structs.replace(paid, depends_on=(EntryKind.FEE_ADJUSTMENT, part))
        return
    yield msgspec.structs.replace(paid, depends_on=first if cash else None)
    if companion:
        yield msgspec.structs.replace(credit, depends_on=(EntryKind.PAYMENT, part) if cash else first)


def _with_amount(payment: PlannedEntry, kind: EntryKind, amount_minor: int, fee: int | None) -> PlannedEntry:
    instruction = msgspec.structs.replace(
        payment.instruction, entry_kind=kind, amount_minor=amount_minor, fee_minor=fee
    )
    return msgspec.structs.replace(payment, entry_kind=kind, instruction=instruction)


def _in_state(effect: PlannedEntry, initial: PlannedState) -> PlannedEntry:
    return msgspec.structs.replace(
        effect, state=initial.state, reason=initial.reason, due_at=initial.due_at, holds=initial.holds
    )


def with_state(effect: PlannedEntry, initial: PlannedState) -> PlannedEntry:
    """The entry in another state; what is skipped for a reason of its own stays so."""
    return effect if planned_state(effect) in (ZERO, COMPANION_OFF) else _in_state(effect, initial)
