"""Applies follow-up events to their payment: the engine says what changes, the batch's writes take it over (law 7)."""

from __future__ import annotations

from typing import Final

from processors.rules.lifecycle import engine
from processors.rules.lifecycle.by_person import PersonsWord
from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.engine import Applied, Arrival
from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.new_entries import insert_entries
from processors.rules.lifecycle.payment_state import FollowUp
from processors.rules.lifecycle.payouts import paid_items
from schemas.events import Event, PayoutFailed, PayoutPaid
from schemas.plan import PlannedEntry
from schemas.vocabulary import Ruling, State
from schemas.writebacks import Writeback
from sinks.ledger.intake.apply_payouts import PayoutApplier
from sinks.ledger.intake.batch_context import BatchContext
from sinks.ledger.intake.build_writes import WriteBuilder, concerned_ref
from sinks.ledger.intake.new_rows import EventStatus, item_rows
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey, event_of, follow_up_key, reported_key

_AWAITING_SETTINGS: Final = State.AWAITING_SETTINGS


class EventApplier:
    """For one batch, in the order of its records. Raises nothing for data."""

    def __init__(self, context: BatchContext, builder: WriteBuilder) -> None:
        self._context = context
        self._payments = context.payments
        self._builder = builder
        self._payouts = PayoutApplier(context.standing, builder.writes)

    def apply(self, writeback: Writeback, status: EventStatus, *, new: bool) -> bool:
        """Store an event and all that it changes; False if it is of an old version (E-7), then nothing is stored.

        `new`: its row is not in the tables yet. An event without settings waits for those first (law 10).
        """
        if not self._needs_engine(writeback):
            self._store(writeback, status, new=new, key=None)
            return True
        event = event_of(writeback)
        key = reported_key(writeback) or follow_up_key(writeback, event)
        if new:
            self._builder.dispute(event)
        if key is None or status.waiting is _AWAITING_SETTINGS:
            self._store(writeback, status, new=new, key=key)
            return True
        return self._apply(writeback, event, key, new=new)

    def add_entries(self, writeback: Writeback, planned: tuple[PlannedEntry, ...]) -> None:
        """The entries of an event that changes nothing else."""
        practice_id = writeback.identity.practice_id
        event = (writeback.identity.source, writeback.identity.event_id)
        added, _ = insert_entries(
            event,
            [NewEntry(effect=each) for each in planned],
            self._context.practices[practice_id].facts,
            writeback.position.appended_at,
            self._builder.last_id(practice_id),
        )
        self._builder.entries(writeback, added)
        self._builder.advance(practice_id, self._builder.last_id(practice_id) + len(added))

    def apply_ours(
        self,
        writeback: Writeback,
        event: Event,
        key: PaymentKey,
        *,
        version: int,
        bank: int,
        moved: frozenset[int] = frozenset(),
    ) -> None:
        """Store an event that we cause, about money that was read, with all that it changes (law 6, P-23, E-12)."""
        arrival = Arrival(
            event=event,
            version=version,
            bank=bank,
            moved=moved,
            decision=writeback.decision,
            arrived_at=writeback.position.appended_at,
        )
        facts, last_id = self._facts(key)
        self._payments.put_record(writeback)
        self._take_over(key, engine.apply_event(self._payments.state(key), arrival, facts, last_id), new=True)
        self._builder.writes.compare_again.add((key.practice_id, key.ref))

    def reconsider(self, key: PaymentKey) -> None:
        """What should have gone on when it could (law 8): by funds and fees of payouts, and what is parked."""
        facts, last_id = self._facts(key)
        self._take_over(key, engine.reconsider(self._payments.state(key), facts, last_id), new=False)

    def end_by_person(self, key: PaymentKey, follow_up: FollowUp, word: PersonsWord) -> Applied:
        """An event that waits, as a person ends it; a payout that is not dismissed has its payments in the bank.

        Raises NotPossibleError.
        """
        facts, last_id = self._facts(key)
        applied = engine.end_by_person(self._payments.state(key), follow_up, word, facts, last_id)
        self._take_over(key, applied, new=False)
        if isinstance(follow_up.event, PayoutPaid) and word.ruling is not Ruling.DISMISS:
            self._builder.writes.payout_items += item_rows(follow_up.event)
            self._payouts.applied(follow_up.event, applied.state, last_id)
            self._pay_out(key, applied)
        return applied

    def undo(self, key: PaymentKey) -> None:
        """A person takes the documents of a payout back (P-7, P-8); it was reported, and waits for nothing."""
        facts, last_id = self._facts(key)
        self._take_over(key, engine.undo_payout(self._payments.state(key), facts, last_id), new=False)

    def supersede(self, key: PaymentKey) -> None:
        """The event that reported this money is superseded: the next one corrects it (B-5)."""
        self._payments.put(key, engine.supersede(self._payments.state(key)))

    def _needs_engine(self, writeback: Writeback) -> bool:
        """Whether a record says more than that a payment happened of which the ledger has heard nothing else."""
        key = reported_key(writeback)
        return key is None or key.kind != PAYMENT or key in self._payments

    def _store(self, writeback: Writeback, status: EventStatus, *, new: bool, key: PaymentKey | None) -> None:
        self._builder.event(writeback, status, new=new, concerns=concerned_ref(writeback, key))
        if status.waiting is None:
            self.add_entries(writeback, writeback.decision.effects)

    def _apply(self, writeback: Writeback, event: Event, key: PaymentKey, *, new: bool) -> bool:
        decision = writeback.decision
        if isinstance(event, PayoutPaid):
            decision = self._payouts.judged(event, decision, self._payments.state(key))
        arrival = Arrival(
            event=event,
            version=writeback.identity.version,
            decision=decision,
            arrived_at=writeback.position.appended_at,
        )
        facts, last_id = self._facts(key)
        applied = engine.apply_event(self._payments.state(key), arrival, facts, last_id)
        if applied.old_version:
            return False
        self._payments.put_record(writeback)
        self._take_over(key, applied, new=new)
        if isinstance(event, PayoutPaid) and not _waits(applied):
            self._builder.writes.payout_items += item_rows(event)
        if isinstance(event, PayoutPaid | PayoutFailed):
            self._payouts.applied(event, applied.state, last_id)
            if applied.last_id == last_id:
                # Who had an item first is told by this counter, so each payout takes one of its numbers.
                self._builder.advance(key.practice_id, last_id + 1)
            self._pay_out(key, applied)
        elif applied.state.items:
            self._builder.writes.compare_again.add((key.practice_id, key.ref))
        return True

    def _pay_out(self, payout: PaymentKey, applied: Applied) -> None:
        """Payments of a payout that stands are in the bank (T-13). Their fees are known though it fails (N-5, P-21)."""
        items = paid_items(applied.state)
        for key in self._payments.payments_beside(payout):
            facts, last_id = self._facts(key)
            state = self._payments.state(key)
            paid = engine.apply_payout(state, payout.ref, items.get(key.ref, ()), facts, last_id)
            self._take_over(key, paid, new=False)

    def _take_over(self, key: PaymentKey, applied: Applied, *, new: bool) -> None:
        self._payments.put(key, applied.state)
        self._builder.changes(applied.changes, key, new=new)
        self._builder.advance(key.practice_id, applied.last_id)

    def _facts(self, key: PaymentKey) -> tuple[LedgerFacts, int]:
        return self._context.practices[key.practice_id].facts, self._builder.last_id(key.practice_id)


def _waits(applied: Applied) -> bool:
    reported = applied.state.reported
    return reported is None or reported.waiting is not None
