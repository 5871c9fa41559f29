"""Splits a refund, return or dispute over the payment's parts, to the cent (R-3 to R-5, R-13, R-15, R-16)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from processors.rules.lifecycle.booking_terms import Share, Terms, fee_of, money_of, refunded_gross, shares_of, terms_of
from processors.rules.lifecycle.entries import Family, Line, classify_entries, total
from processors.rules.lifecycle.named_patients import TooMuchError, by_name
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from schemas.bookkeeping.companion import share_until
from schemas.bookkeeping.money import largest_remainder
from schemas.events import Split
from schemas.practice_settings import AmountMode
from schemas.vocabulary import DecisionReason


class PartAmount(msgspec.Struct, frozen=True):
    """Of one part, signed. `cash + companion` is what counts toward the balance, unless the share is mirrored."""

    share: Share
    cash: int
    companion: int
    applied: int


class RefundSplit(msgspec.Struct, frozen=True):
    """One event's amounts, signed as the event is, and what of them falls on each part."""

    gross: int
    surcharge: int
    fee: int
    amounts: tuple[PartAmount, ...]


class Balance(msgspec.Struct, frozen=True):
    """What may still be refunded of a payment, and what was, before an event is applied."""

    reported: Reported
    terms: Terms
    shares: tuple[Share, ...]
    lines: tuple[Line, ...]
    refunded_gross: int
    """Of the gross, what was given back so far."""

    @property
    def gross(self) -> int:
        return money_of(self.reported).gross_minor

    @property
    def surcharge(self) -> int:
        return money_of(self.reported).surcharge_minor

    def refunded(self, share: Share) -> int:
        """Of a part's `full`, what was given back so far, ≥ 0 as a rule."""
        families = (Family.CASH,) if self.terms.mirrored else (Family.CASH, Family.COMPANION)
        return -total((line for line in self.lines if line.is_refund and line.root == share.part), *families)

    def refundable(self, share: Share) -> int:
        return share.full - self.refunded(share)

    def refundable_by_name(self, share: Share) -> int:
        """What may still be given back by name, in what counts toward the balance."""
        left = self.refundable(share)
        return -(-share.applied * left // share.full) if self.terms.mirrored and share.full > 0 else left

    def refunded_surcharge(self) -> int:
        """Of the surcharge, what was given back so far: gross less what counted toward the balance (N-4)."""
        if self.terms.mirrored:
            return share_until(self.surcharge, self.refunded_gross, self.gross)
        return self.refunded_gross - sum(self.refunded(share) for share in self.shares)


def balance_of(state: PaymentState, reported: Reported) -> Balance:
    return Balance(
        reported, terms_of(reported), shares_of(reported, fee_of(state)), classify_entries(state), refunded_gross(state)
    )


def allocate_refund(
    balance: Balance, gross: int, fee: int, surcharge: int | None = None, splits: Sequence[Split] = ()
) -> RefundSplit | DecisionReason:
    """What goes back with an event of `gross` < 0; a reason where that cannot be right: then a person decides.

    A surcharge that the event does not name is its share by cumulative rounding (R-16). Without splits the parts take
    by what is left of each, largest remainder, so that no part gives more than it has and the last refund takes the
    rest; splits name their part (R-13).
    """
    if balance.refunded_gross - gross > balance.gross:
        return DecisionReason.MORE_THAN_ORIGINAL
    if surcharge is None:
        surcharge = gross - sum(split.amount_minor for split in splits) if splits else _surcharge(balance, gross)
    gone = balance.refunded_surcharge()
    if surcharge > 0 or surcharge < gross or gone - surcharge > max(balance.surcharge, gone):
        return DecisionReason.SUMS_DISAGREE
    applied = gross - surcharge
    whole = _mirrored(balance, gross) if balance.terms.mirrored else applied
    try:
        parts = _named(balance, whole, splits) if splits else _left(balance, whole)
    except TooMuchError:
        return DecisionReason.MORE_THAN_ORIGINAL
    return RefundSplit(gross, surcharge, fee, part_amounts(balance, parts, applied, fee - surcharge))


def reinstate(balance: Balance, gross: int, fee: int, event_lines: Sequence[Line], event_gross: int) -> RefundSplit:
    """What comes back with an event of `gross` ≥ 0, of an earlier one that gave `event_gross` < 0 (R-9, R-10, R-15).

    Its parts come back as they went, and its surcharge with them. `event_lines` are what that one booked.
    """
    weights = [_went(event_lines, share) for share in balance.shares]
    if balance.terms.mirrored or not any(weights):
        after = share_until(balance.surcharge, max(balance.refunded_gross - gross, 0), balance.gross)
        applied = gross - (share_until(balance.surcharge, balance.refunded_gross, balance.gross) - after)
    else:
        applied = share_until(sum(weights), gross, -event_gross)
    whole = _mirrored(balance, gross) if balance.terms.mirrored else applied
    if not any(weights):
        weights = [balance.refunded(share) for share in balance.shares]
    parts = _spread(whole, weights, balance.shares)
    return RefundSplit(gross, gross - applied, fee, part_amounts(balance, parts, applied, fee - (gross - applied)))


def spread_anew(balance: Balance, cash: int, companion: int, charge: int) -> tuple[PartAmount, ...]:
    """What was given back of a payment whose parts are others now; `applied` is what of charges went with it."""
    parts = _left(balance, cash if balance.terms.mirrored else cash + companion)
    companions = _spread(companion, [abs(part) for part in parts], balance.shares)
    charges = _spread(charge, [abs(part) for part in parts], balance.shares)
    cashes = (
        parts if balance.terms.mirrored else [part - credit for part, credit in zip(parts, companions, strict=True)]
    )
    return tuple(map(PartAmount, balance.shares, cashes, companions, charges))


def _went(lines: Sequence[Line], share: Share) -> int:
    return -total((line for line in lines if line.root == share.part), Family.CASH, Family.COMPANION)


def _surcharge(balance: Balance, gross: int) -> int:
    """R-16, never more than the event itself."""
    due = share_until(balance.surcharge, balance.refunded_gross - gross, balance.gross) - balance.refunded_surcharge()
    return -min(max(due, 0), -gross)


def _mirrored(balance: Balance, gross: int) -> int:
    """The posted share that goes with this event, by cumulative rounding (R-5)."""
    posted = sum(share.full for share in balance.shares)
    went = sum(balance.refunded(share) for share in balance.shares)
    return went - share_until(posted, max(balance.refunded_gross - gross, 0), balance.gross)


def _named(balance: Balance, whole: int, splits: Sequence[Split]) -> Sequence[int]:
    left = [balance.refundable_by_name(share) for share in balance.shares]
    named = by_name(balance.shares, left, splits)
    return _spread(whole, named, balance.shares)


def _left(balance: Balance, whole: int) -> Sequence[int]:
    """All that is left goes as it stands, negative claims of a remittance included (I-9)."""
    left = [balance.refundable(share) for share in balance.shares]
    if whole and whole == -sum(left):
        return [-each for each in left]
    if -whole > sum(max(each, 0) for each in left):
        raise TooMuchError
    return _spread(whole, left, balance.shares)


def _spread(whole: int, weights: Sequence[int], shares: Sequence[Share]) -> Sequence[int]:
    """Exactly, by what there is of each part; none gives more than it has while `whole` is not more than all."""
    if not whole:
        return [0] * len(weights)
    return largest_remainder(whole, _weights([max(weight, 0) for weight in weights], shares))


def part_amounts(balance: Balance, parts: Sequence[int], applied: int, companion: int) -> tuple[PartAmount, ...]:
    """Companions by what each part gives (M-5): the cash is the rest, as in any posting (R-15)."""
    shares = balance.shares
    weights = _weights([abs(part) for part in parts], shares)
    bare = balance.terms.mirrored or balance.terms.mode is AmountMode.GROSS
    companions = [0] * len(parts) if bare else largest_remainder(companion, weights)
    counted = largest_remainder(applied, weights) if balance.terms.mirrored else parts
    return tuple(
        PartAmount(share, part - credit, credit, count)
        for share, part, credit, count in zip(shares, parts, companions, counted, strict=True)
    )


def _weights(wanted: Sequence[int], shares: Sequence[Share]) -> Sequence[int]:
    """As wanted; where that is nothing, by what the parts are; where that is nothing, alike."""
    for weights in (wanted, [max(share.full, 0) for share in shares]):
        if any(weights):
            return weights
    return [1] * len(shares)
