"""What a batch's events do to each other and to what is stored, in the order of the records: pure (law 7, R-1 to R-16).

The rules are `processors.rules.lifecycle`; here their changes become writes of the batch, and its in-memory payments
are updated with them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

import msgspec

from processors.rules.lifecycle.change import Change, ReleasedOriginal
from processors.rules.lifecycle.fees import paid_out
from processors.rules.lifecycle.ledger_dates import dated
from processors.rules.lifecycle.payment_state import FollowUp, PaidItem, Reported
from processors.rules.lifecycle.payouts import stands
from processors.rules.lifecycle.resolve import resolve_linked, told
from schemas.events import DisputeClosed, DisputeOpened, Event, MoneyFields, PayoutFailed, PayoutPaid
from schemas.vocabulary import PENDING, DecisionReason, State
from schemas.writebacks import Writeback
from sinks.ledger.intake.apply_change import ChangeApplier
from sinks.ledger.intake.batch_context import BatchContext, Dispute
from sinks.ledger.intake.build_writes import PartKey, WriteBuilder, with_plan
from sinks.ledger.intake.copy_rows import EventStatus, item_rows
from sinks.ledger.intake.payment_key import PaymentKey, concerned, event_of, told_by
from sinks.ledger.intake.read_payment_states import version_of
from sinks.ledger.intake.working_state import WorkingState

_PAYMENT: Final = "payment"
_UNDECIDED: Final = frozenset({State.AWAITING_SETTINGS})


class EventApplier:
    """Resolves events that concern a life, for one batch. Raises nothing for data."""

    def __init__(self, facts: BatchContext, entering: WriteBuilder) -> None:
        self._facts = facts
        self._entering = entering
        self._writes = entering.writes
        self._going_on = ChangeApplier(facts, entering)

    def concerns(self, writeback: Writeback) -> bool:
        """Whether a record says more than that a payment happened of which the ledger has heard nothing else."""
        key = told_by(writeback)
        return key is None or key.kind != _PAYMENT or key in self._facts.lives

    def take(self, writeback: Writeback, standing: EventStatus, *, new: bool) -> bool:
        """Store an event and all that it changes; False if it is of an old version (E-7), then nothing is stored.

        `new`: its row is not in the tables yet. An event without settings waits for those first (law 10).
        """
        event = event_of(writeback)
        key = told_by(writeback) or concerned(writeback, event)
        if new:
            self._dispute(event)
        if standing.waiting in _UNDECIDED or key is None:
            self._store(writeback, standing, new=new, concerns=None if key is None else _concerns(writeback, key))
            if standing.waiting is None:
                self._entering.effects(writeback)
            return True
        held = self._facts.lives.of(key)
        change = self._change(writeback, event, standing, held)
        if change.old_version:
            return False
        self._apply(writeback, event, change, held, new=new)
        if isinstance(event, PayoutPaid) and change.waiting is None:
            self._writes.payout_items += item_rows(event)
        # Before its payments are looked at: a failure that came first is resolved here (P-21).
        self._release(held)
        if isinstance(event, PayoutPaid | PayoutFailed):
            self._pay_out(held)
        return True

    def look_again(self, key: PaymentKey) -> None:
        """What should have gone on when it could (law 8): the funds and fee of payouts, and what parks on it."""
        held = self._facts.lives.of(key)
        if key.kind == _PAYMENT and held.items:
            self._paid(held)
        self._release(held)

    def forget(self, key: PaymentKey, event_id: str) -> None:
        """The event that told this money is superseded (B-5); its open effects are void."""
        held = self._facts.lives.get(key)
        if held is None:
            return
        held.forget_told()
        for entry in list(held.entries.values()):
            if entry.event_id == event_id and entry.state in PENDING:
                held.move(entry.effect_id, state=State.VOIDED_BEFORE_POST)

    def _change(self, writeback: Writeback, event: Event, standing: EventStatus, held: WorkingState) -> Change:
        on = self._dated(writeback, event)
        if not isinstance(event, MoneyFields | PayoutPaid):
            if standing.waiting is not State.AWAITING_ORIGINAL:
                return Change(
                    waiting=standing.waiting, reason=DecisionReason(standing.reason), applied=standing.applied
                )
            return resolve_linked(event, held.life(), on=on)
        return told(self._told(writeback, event, standing), held.life(), on=on)

    def _apply(self, writeback: Writeback, event: Event, change: Change, held: WorkingState, *, new: bool) -> None:
        """1. the event with its effects. 2. the original, if it waited. 3. what is voided, lifted or led elsewhere."""
        standing = _standing(change, writeback)
        tells = isinstance(event, MoneyFields | PayoutPaid)
        # What RULES planned stays with money that is told: what follows it is measured by that.
        planned = writeback.decision.effects if tells else tuple(each.effect for each in change.effects)
        by = with_plan(writeback, standing, planned)
        self._store(by, standing, new=new, concerns=_concerns(writeback, held.key))
        if change.origin is not None and tells:
            # What a correction ends is the version before it, not the one that it tells.
            self._leave_waiting(change.origin, held)
        if isinstance(event, MoneyFields | PayoutPaid):
            held.report(self._told(by, event, standing), by)
        else:
            held.add(FollowUp(event=event, waiting=standing.waiting), by)
        ids = self._entering.plan(by, change.effects, held) if standing.waiting is None else {}
        if change.origin is not None and not tells:
            ids |= self._leave_waiting(change.origin, held)
        self._going_on.apply(change, held, ids)

    def _store(self, writeback: Writeback, standing: EventStatus, *, new: bool, concerns: str | None) -> None:
        if new:
            self._entering.event(writeback, standing, concerns)
        else:
            self._entering.resolution(writeback, standing, concerns)

    def _leave_waiting(self, origin: ReleasedOriginal, held: WorkingState) -> dict[PartKey, int]:
        """The told event is resolved by another one: by its fee (N-5), or because it will never be posted (R-7)."""
        by, before = held.told_by, held.told
        if by is None or before is None:
            return {}
        standing = EventStatus(
            waiting=None,
            reason=origin.reason,
            applied=origin.voided or not origin.effects,
            settings_version=before.settings_version,
        )
        resolved = with_plan(by, standing, by.decision.effects)
        self._entering.resolution(resolved, standing, state=State.VOIDED_BEFORE_POST if origin.voided else None)
        held.report(msgspec.structs.replace(before, waiting=None, reason=origin.reason), resolved)
        return self._entering.plan(resolved, origin.effects, held)

    def _pay_out(self, payout: WorkingState) -> None:
        """Payments of a payout that stands are in the bank (T-13) and their fees are known (N-5); else they are free
        again (P-21)."""
        life, by_payment = payout.life(), defaultdict[str, list[PaidItem]](list)
        if life.told is not None and isinstance(life.told.event, PayoutPaid) and stands(life):
            for item in life.told.event.items:
                if item.payment_id is not None:
                    by_payment[item.payment_id].append(
                        PaidItem(
                            payout_id=payout.key.ref,
                            category=item.category,
                            gross_minor=item.gross_minor,
                            fee_minor=item.fee_minor,
                            net_minor=item.net_minor,
                        )
                    )
        of_payment = payout.key._replace(kind=_PAYMENT)
        for key, held in list(self._facts.lives.items()):
            if key._replace(ref=of_payment.ref) != of_payment:
                continue
            mine = by_payment.get(key.ref, [])
            held.paid(payout.key.ref, mine)
            if mine:
                self._paid(held)
                self._release(held)

    def _paid(self, held: WorkingState) -> None:
        if held.told_by is not None and held.told is not None:
            paid = paid_out(held.life(), self._dated(held.told_by, held.told.event))
            ids = {} if paid.origin is None else self._leave_waiting(paid.origin, held)
            self._going_on.apply(paid, held, ids)

    def _release(self, held: WorkingState) -> None:
        """Ask what is parked again, until none moves any more (R-8)."""
        moved = True
        while moved:
            moved = False
            for linked, by in held.parked():
                change = resolve_linked(linked.event, held.life(), on=self._dated(by, linked.event))
                if change.waiting is not State.AWAITING_ORIGINAL:
                    self._apply(by, linked.event, change, held, new=False)
                    moved = True
                    break

    def _dated(self, writeback: Writeback, event: Event) -> date:
        """The event's own ledger date, by the version that decided: law 15 has held it against the truth."""
        history = self._facts.histories[writeback.identity.practice_id]
        version = version_of(history, writeback.decision.settings_version)
        return dated(event, history, version, writeback.position.appended_at)

    def _told(self, writeback: Writeback, event: MoneyFields | PayoutPaid, standing: EventStatus) -> Reported:
        history = self._facts.histories[writeback.identity.practice_id]
        return Reported(
            event=event,
            version=writeback.identity.version,
            waiting=standing.waiting,
            reason=DecisionReason(standing.reason),
            settings=version_of(history, standing.settings_version).settings,
            settings_version=standing.settings_version,
            plan=writeback.decision.effects,
        )

    def _dispute(self, event: Event) -> None:
        if isinstance(event, DisputeOpened | DisputeClosed):
            self._writes.disputes.append(
                Dispute(
                    practice_id=event.practice_id,
                    source=event.source,
                    dispute_id=event.dispute_id,
                    payment_id=event.payment_id,
                    respond_by=event.respond_by if isinstance(event, DisputeOpened) else None,
                    outcome=event.outcome.value if isinstance(event, DisputeClosed) else None,
                )
            )


def _standing(change: Change, writeback: Writeback) -> EventStatus:
    version = change.settings_version
    return EventStatus(
        waiting=change.waiting,
        reason=change.reason,
        applied=change.waiting is None and (change.applied or not change.effects),
        settings_version=writeback.decision.settings_version if version is None else version,
    )


def _concerns(writeback: Writeback, key: PaymentKey) -> str | None:
    return None if told_by(writeback) is not None else key.ref
