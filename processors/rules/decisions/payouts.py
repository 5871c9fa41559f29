"""Plans one QuickBooks document per payout (P-1, P-4, P-16, P-17, P-22, P-25, P-26)."""

from __future__ import annotations

from collections import Counter

import msgspec

from processors.rules.decisions.arrival import Arrival
from processors.rules.decisions.initial_state import OFFBOARDED, ZERO, InitialState, at_once
from processors.rules.decisions.lanes import of_payout
from processors.rules.decisions.waiting import awaiting_review
from schemas.events import PayoutCategory, PayoutItem, PayoutPaid
from schemas.plan import Decision, Instruction, PayoutLine, PlannedEntry
from schemas.practice_settings import PracticeSettings, PracticeStatus, SettingsVersion
from schemas.validation.events import payout_adds_up
from schemas.vocabulary import DecisionReason, EntryKind, Target


def decide_payout(event: PayoutPaid, version: SettingsVersion, arrival: Arrival) -> Decision:
    """At once, whatever the ledger's switches say (P-16, P-17). Sums that disagree are shown, never written (P-1).

    A later version is planned like the first; INTAKE takes back what it replaces (P-8).
    """
    if not payout_adds_up(event):
        return awaiting_review(version, DecisionReason.SUMS_DISAGREE)
    return _document(event, version, arrival)


def payout_as_reported(event: PayoutPaid, version: SettingsVersion, arrival: Arrival) -> Decision:
    """The document of a payout whose sums a person let stand: the bank line is right, and what its items do not explain
    is a line of its own, without a category (P-1, P-3)."""
    unexplained = event.net_minor - sum(item.gross_minor - item.fee_minor for item in event.items)
    decision = _document(event, version, arrival)
    if not unexplained:
        return decision
    (effect,) = decision.effects
    last = PayoutLine(
        number=len(event.items) + 1,
        category=PayoutCategory.OTHER,
        kind=None,
        gross_minor=unexplained,
        fee_minor=0,
    )
    instruction = msgspec.structs.replace(effect.instruction, lines=(*effect.instruction.lines, last))
    return msgspec.structs.replace(decision, effects=(msgspec.structs.replace(effect, instruction=instruction),))


def _document(event: PayoutPaid, version: SettingsVersion, arrival: Arrival) -> Decision:
    initial = _initial_state(event, version.settings, arrival)
    effect = PlannedEntry(
        target=Target.QUICKBOOKS,
        entry_kind=EntryKind.PAYOUT,
        part="",
        state=initial.state,
        reason=initial.reason,
        due_at=initial.due_at,
        lane=of_payout(event.payout_id),
        instruction=_instruction(event),
    )
    return Decision(settings_version=version.version, reason=initial.reason, effects=(effect,))


def _initial_state(event: PayoutPaid, settings: PracticeSettings, arrival: Arrival) -> InitialState:
    """Without money there is nothing to write; a net of zero with items is a document all the same (M-9, P-4)."""
    if _moves_nothing(event):
        return ZERO
    if settings.status is PracticeStatus.OFFBOARDED:
        return OFFBOARDED
    return at_once(arrival.at)


def _moves_nothing(event: PayoutPaid) -> bool:
    """No item, or items that cancel in every account, whichever the practice has mapped (P-26).

    An account is chosen by category and kind, or by the kind of fee: what comes to nothing for each of them comes to
    nothing in every account. What cancels only in the accounts that are mapped today is known to the adapter alone.
    """
    if not event.items_known and not event.items:
        return event.net_minor == 0
    moved: Counter[tuple[object, ...]] = Counter()
    for item in event.items:
        moved[item.category, item.kind] += item.gross_minor
        named = 0
        for fee in item.fees:
            moved[item.category, "fee", fee.fee_kind] += fee.amount_minor
            named += fee.amount_minor
        moved[item.category, "fee", None] += item.fee_minor - named
    return not any(moved.values())


def _instruction(event: PayoutPaid) -> Instruction:
    """Totals and numbered lines, without any id of a payment or a patient (P-13, P-22)."""
    return Instruction(
        entry_kind=EntryKind.PAYOUT,
        amount_minor=event.net_minor,
        currency=event.currency,
        ledger_date=event.arrival_date,
        occurred_at=event.occurred_at,
        payment_ref=event.payout_id,
        version=event.version,
        gross_minor=event.gross_minor,
        fee_minor=event.fee_minor,
        lines=tuple(_line(number, item) for number, item in enumerate(event.items, start=1)),
        bank_last4=event.bank_last4,
        items_known=event.items_known or bool(event.items),
    )


def _line(number: int, item: PayoutItem) -> PayoutLine:
    return PayoutLine(
        number=number,
        category=item.category,
        kind=item.kind,
        gross_minor=item.gross_minor,
        fee_minor=item.fee_minor,
        fees=tuple((fee.fee_kind, fee.amount_minor) for fee in item.fees),
    )
