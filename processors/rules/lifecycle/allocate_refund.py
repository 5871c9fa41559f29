"""Splits a refund, return or dispute over the payment's parts, to the cent (R-3 to R-5, R-13, R-15, R-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from processors.rules.lifecycle.booking_terms import Share, Terms, fee_of, money_of, shares_of, terms_of
from processors.rules.lifecycle.entries import Family, Line, classify_entries, total
from processors.rules.lifecycle.given_back import refunded_gross
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
    given: Mapping[str, int]
    """By part, what of its `full` was given back so far."""
    refunded_gross: int
    """Of the gross, what was given back so far."""
    lines: tuple[Line, ...] = ()
    """The entries that it was made of."""

    @property
    def gross(self) -> int:
        return money_of(self.reported).gross_minor

    @property
    def surcharge(self) -> int:
        return money_of(self.reported).surcharge_minor

    def refunded(self, share: Share) -> int:
        """Of a part's `full`, what was given back so far, ≥ 0 as a rule."""
        return self.given.get(share.part, 0)

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
    """As the entries have it."""
    terms, lines = terms_of(reported), classify_entries(state)
    families = (Family.CASH,) if terms.mirrored else (Family.CASH, Family.COMPANION)
    given: dict[str, int] = {}
    for line in lines:
        if line.is_refund:
            given[line.root] = given.get(line.root, 0) - total((line,), *families)
    return Balance(reported, terms, shares_of(reported, fee_of(state)), given, refunded_gross(state), lines)


def allocate_refund(
    balance: Balance,
    gross: int,
    fee: int,
    surcharge: int | None = None,
    splits: Sequence[Split] = (),
    *,
    beyond: bool = False,
) -> RefundSplit | DecisionReason:
    """What goes back with an event of `gross` < 0; a reason where that cannot be right: then a person decides.

    A surcharge that the event does not name is its share by cumulative rounding (R-16). Without splits the parts take
    by what is left of each, largest remainder, so that no part gives more than it has and the last refund takes the
    rest; splits name their part (R-13). `beyond`: it counts though it takes more than is left, as something that
    happened later brings that back (R-17): what nothing is left for falls on the parts by what they are.
    """
    if balance.refunded_gross - gross > balance.gross and not beyond:
        return DecisionReason.MORE_THAN_ORIGINAL
    if surcharge is None:
        surcharge = gross - sum(split.amount_minor for split in splits) if splits else _surcharge(balance, gross)
    gone = balance.refunded_surcharge()
    if (surcharge > 0 or surcharge < gross or gone - surcharge > max(balance.surcharge, gone)) and not beyond:
        return DecisionReason.SUMS_DISAGREE
    applied = gross - surcharge
    whole = _mirrored(balance, gross) if balance.terms.mirrored else applied
    try:
        parts = _named(balance, whole, splits) if splits else _left(balance, whole)
    except TooMuchError:
        if not beyond:
            return DecisionReason.MORE_THAN_ORIGINAL
        parts = _beyond(balance, whole)
    return RefundSplit(gross, surcharge, fee, part_amounts(balance, parts, applied, fee - surcharge))


def reinstate(balance: Balance, gross: int, fee: int, given: RefundSplit) -> RefundSplit:
    """What comes back with an event of `gross` ≥ 0, of an earlier one that gave `given` (R-9, R-10, R-15, R-19).

    Its parts come back as they went, and its surcharge with them.
    """
    weights = [-(amount.cash + amount.companion) for amount in given.amounts]
    if balance.terms.mirrored or not any(weights):
        after = share_until(balance.surcharge, max(balance.refunded_gross - gross, 0), balance.gross)
        applied = gross - (share_until(balance.surcharge, balance.refunded_gross, balance.gross) - after)
    else:
        applied = share_until(sum(weights), gross, -given.gross)
    whole = _mirrored(balance, gross) if balance.terms.mirrored else applied
    if not any(weights):
        weights = [balance.refunded(share) for share in balance.shares]
    parts = _spread(whole, weights, balance.shares)
    return RefundSplit(gross, gross - applied, fee, part_amounts(balance, parts, applied, fee - (gross - applied)))


def _surcharge(balance: Balance, gross: int) -> int:
    """R-16, never more than the event itself."""
    done = min(balance.refunded_gross - gross, balance.gross)
    due = share_until(balance.surcharge, done, balance.gross) - balance.refunded_surcharge()
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


def _beyond(balance: Balance, whole: int) -> Sequence[int]:
    """What is left goes first; the rest falls on the parts by what they are."""
    left = [max(balance.refundable(share), 0) for share in balance.shares]
    rest = _spread(whole + sum(left), [0] * len(left), balance.shares)
    return [more - each for more, each in zip(rest, left, strict=True)]


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
