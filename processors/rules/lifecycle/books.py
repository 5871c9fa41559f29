"""Computes what a payment's books show for a set of facts, whatever the order in which they were reported (R-17).

The facts are gone through in the order in which they happened. One for which nothing is left at its place waits until
something that happened later brings money back, as it would have been held and then judged again. What is posted
already does not count here: a difference to it is posted by `differences`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from processors.rules.lifecycle.allocate_refund import Balance, RefundSplit, allocate_refund, reinstate
from processors.rules.lifecycle.amounts import with_fee
from processors.rules.lifecycle.booking_terms import Share, fee_of, money_of, shares_of, terms_of
from processors.rules.lifecycle.given_back import BroughtBack, GaveBack, GivenBack
from processors.rules.lifecycle.payment_state import EventId, PaymentState, Reported, event_id_of
from schemas.bookkeeping.net_or_gross import known_fee
from schemas.events import (
    DisputeClosed,
    DisputeOpened,
    Event,
    PaymentVoided,
    RefundFailed,
    RefundSucceeded,
)
from schemas.practice_settings import DisputeBooking
from schemas.vocabulary import OWN_CASH, DecisionReason, EntryKind

_MOVES_CHARGE: Final = (RefundSucceeded, RefundFailed)
"""A membership's charge goes with a refund; after a return or a dispute the patient owes it again (B-1)."""


class Figures(msgspec.Struct, frozen=True):
    """Minor units of one part, signed."""

    cash: int = 0
    companion: int = 0
    charge: int = 0

    def plus(self, cash: int, companion: int, charge: int = 0) -> Figures:
        """With these beside."""
        return Figures(self.cash + cash, self.companion + companion, self.charge + charge)


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What the practice's ledger shows of a payment when every fact that counts is in it."""

    own: Mapping[str, Figures]
    """By part, the payment's own."""
    given: Mapping[str, Figures]
    """By part, what was given back and brought back, disputes that do not touch the patient left out (R-10)."""
    splits: Mapping[EventId, RefundSplit]
    """Of each event that moves money, its part in that."""
    left: Mapping[str, int] = {}
    """By part, what may still be given back."""
    refused: DecisionReason | None = None
    """Why the facts do not fit together; then they were gone through all the same."""

    def total(self, part: str) -> Figures:
        """What stands of a part."""
        own, given = self.own.get(part, Figures()), self.given.get(part, Figures())
        return own.plus(given.cash, given.companion, given.charge)


def books_of(state: PaymentState, reported: Reported, events: Iterable[Event]) -> Books:
    """The books of a payment with these facts. `state` says the fee as it is known (N-5). Pure.

    Facts that fit in the order in which they happened are gone through in that. Others are tried with those first that
    name their patients or their surcharge themselves; what does not fit then either takes more than is left.
    """
    facts = tuple(events)
    voids = [event.occurred_at for event in facts if isinstance(event, PaymentVoided)]
    if not voids:
        return _gone_through(state, reported, facts)
    before = [event for event in facts if event.occurred_at <= max(voids)]
    return _voided(_gone_through(state, reported, before, beyond=False), state, reported)


def _gone_through(state: PaymentState, reported: Reported, facts: Sequence[Event], *, beyond: bool = True) -> Books:
    fee = fee_of(state)
    empty = Balance(reported, terms_of(reported), shares_of(reported, fee), {}, 0)
    pairs = GivenBack(facts)
    as_it_happened, refused = _LAST.replayed(empty, pairs, fee)
    if refused is None:
        return as_it_happened.books(fee)
    named_first = _Replay(empty, pairs)
    if named_first.run(sorted(pairs.moves, key=_names_nothing)) is None:
        return named_first.books(fee)
    all_of_it = _Replay(empty, pairs)
    all_of_it.run(pairs.moves, beyond=beyond)
    return msgspec.structs.replace(all_of_it.books(fee), refused=refused)


def _voided(books: Books, state: PaymentState, reported: Reported) -> Books:
    """Nothing stands of a part but of one that was given back whole: there nothing was left to void (R-7).

    A payment whose own fee is not known may have been voided before it was planned: of that nothing stands at all.
    """
    event, nothing = money_of(reported), Figures()
    whole = {share.part for share in shares_of(reported, fee_of(state)) if _is_whole(books, share)}
    kept = whole if known_fee(event) is not None else set()
    return Books(
        own={part: figures if part in kept else nothing for part, figures in books.own.items()},
        given={part: figures if part in kept else nothing for part, figures in books.given.items()},
        splits=books.splits,
    )


def _is_whole(books: Books, share: Share) -> bool:
    return books.left.get(share.part, share.full) <= 0 < share.full


def _names_nothing(event: Event) -> bool:
    return not (isinstance(event, RefundSucceeded) and (event.splits or event.surcharge_minor is not None))


class _Replay:
    def __init__(self, empty: Balance, pairs: GivenBack) -> None:
        self._pairs = pairs
        self._balance = empty
        self._own = _own_figures(empty.reported, None)
        self._charged = {part: figures.charge for part, figures in self._own.items()}
        self._given: dict[str, Figures] = {}
        self._splits: dict[EventId, RefundSplit] = {}

    def going_on(self, pairs: GivenBack) -> _Replay:
        """A replay of its own that goes on from here."""
        other = _Replay(self._balance, pairs)
        other._charged, other._given, other._splits = dict(self._charged), dict(self._given), dict(self._splits)
        return other

    def run(self, moves: Sequence[GaveBack | BroughtBack], *, beyond: bool = False) -> DecisionReason | None:
        """Go through them; the reason of the first that does not fit at all. `beyond`: it counts all the same."""
        left = list(moves)
        while left:
            refused: DecisionReason | None = None
            for place, event in enumerate(left):
                split = self._split(event, beyond=False)
                if isinstance(split, RefundSplit):
                    self._take(event, split)
                    del left[place]
                    break
                refused = refused or split
            else:
                if not beyond:
                    return refused or DecisionReason.MORE_THAN_ORIGINAL
                self._force(left)
        return None

    def books(self, fee: int | None) -> Books:
        own = _own_figures(self._balance.reported, fee)
        left = {share.part: self._balance.refundable(share) for share in self._balance.shares}
        return Books(own=own, given=self._given, splits=self._splits, left=left)

    def _force(self, left: list[GaveBack | BroughtBack]) -> None:
        """The first of them takes more than is left."""
        for place, event in enumerate(left):
            split = self._split(event, beyond=True)
            if isinstance(split, RefundSplit):
                self._take(event, split)
                del left[place]
                return
        left.clear()

    def _split(self, event: GaveBack | BroughtBack, *, beyond: bool) -> RefundSplit | DecisionReason | None:
        """None: what gave this money has to come first."""
        balance = self._balance
        if isinstance(event, GaveBack):
            surcharge = event.surcharge_minor if isinstance(event, RefundSucceeded) else None
            splits = event.splits if isinstance(event, RefundSucceeded) else ()
            return allocate_refund(balance, event.gross_minor, event.fee_minor, surcharge, splits, beyond=beyond)
        gave = self._pairs.gave(event)
        given = None if gave is None else self._splits.get(event_id_of(gave))
        return None if given is None else reinstate(balance, event.gross_minor, event.fee_minor, given)

    def _take(self, event: GaveBack | BroughtBack, split: RefundSplit) -> None:
        balance, given = self._balance, dict(self._balance.given)
        apart = isinstance(event, DisputeOpened | DisputeClosed) and _stands_apart(balance.reported)
        for amount in split.amounts:
            part, whole = amount.share.part, amount.cash + (0 if balance.terms.mirrored else amount.companion)
            given[part] = given.get(part, 0) - whole
            charge = 0
            if isinstance(event, _MOVES_CHARGE) and part in self._charged and self._own[part].charge:
                charge = max(amount.applied, -self._charged[part])
                self._charged[part] += charge
            if not apart:
                self._given[part] = self._given.get(part, Figures()).plus(amount.cash, amount.companion, charge)
        self._splits[event_id_of(event)] = split
        self._balance = msgspec.structs.replace(
            balance, given=given, refunded_gross=balance.refunded_gross - event.gross_minor
        )


class _Last:
    """The replay of the payment that was asked about last: what happens next to it is added to that, so that a payment
    with very many refunds costs each of them one step and not all. It changes no answer."""

    def __init__(self) -> None:
        self._known: tuple[Reported, int | None, tuple[Event, ...], _Replay] | None = None

    def replayed(self, empty: Balance, pairs: GivenBack, fee: int | None) -> tuple[_Replay, DecisionReason | None]:
        """Everything in the order in which it happened, and why that does not fit."""
        moves = tuple(pairs.moves)
        replay, left = self._so_far(empty, pairs, fee, moves)
        refused = replay.run(left)
        if refused is None:
            self._known = empty.reported, fee, moves, replay
        return replay, refused

    def _so_far(
        self, empty: Balance, pairs: GivenBack, fee: int | None, moves: tuple[GaveBack | BroughtBack, ...]
    ) -> tuple[_Replay, Sequence[GaveBack | BroughtBack]]:
        if self._known is not None:
            reported, known_fee_minor, known, replay = self._known
            same = (reported.event, reported.plan, reported.settings) == (
                empty.reported.event,
                empty.reported.plan,
                empty.reported.settings,
            )
            left = moves[len(known) :]
            # An opening of a dispute may take over an outcome that is known already.
            added = len(left) < 2 and not any(isinstance(each, DisputeOpened) for each in left)
            if same and known_fee_minor == fee and added and moves[: len(known)] == known:
                return replay.going_on(pairs), left
        return _Replay(empty, pairs), moves


_LAST: Final = _Last()


def _stands_apart(reported: Reported) -> bool:
    return reported.settings.disputes is DisputeBooking.SUSPENSE


def _own_figures(reported: Reported, fee: int | None) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    for effect in reported.plan if fee is None else with_fee(reported, fee):
        kind, amount = effect.entry_kind, effect.instruction.amount_minor
        figures = found.get(effect.part, Figures())
        if kind in OWN_CASH:
            found[effect.part] = figures.plus(amount, 0)
        elif kind is EntryKind.FEE_ADJUSTMENT:
            found[effect.part] = figures.plus(0, amount)
        elif kind is EntryKind.CHARGE:
            found[effect.part] = figures.plus(0, 0, amount)
    return found
