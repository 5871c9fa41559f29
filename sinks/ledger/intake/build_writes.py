"""Builds the writes of a batch: each change that the engine lists becomes rows and results (laws 2, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from processors.rules.lifecycle.payment_state import EntryState
from processors.rules.lifecycle.state_changes import (
    EntryAdded,
    EntryMoved,
    EntryRedirected,
    EventResolved,
    StateChange,
)
from processors.rules.lifecycle.waiting_state import SwitchVersion
from schemas.events import DisputeClosed, DisputeOpened, Event
from schemas.vocabulary import FINAL, State, Verdict
from schemas.writebacks import Redecision, Writeback
from sinks.ledger.effect_moves import Clears, Move
from sinks.ledger.intake.batch_context import BatchContext
from sinks.ledger.intake.new_rows import (
    EventStatus,
    body_row,
    entry_row,
    event_row,
    outcome_row,
    receipt_row,
    work_row,
)
from sinks.ledger.intake.payment_key import PaymentKey, reported_key
from sinks.ledger.intake.writes import Dispute, Resolution, Writes
from sinks.ledger.outbox import entry_result, event_result, redecision_message

_UNREPORTED: Final = frozenset({State.SCHEDULED})
"""Without a result: an upstream is told the outcome, not the intention."""


class WriteBuilder:
    """The writes of one batch, as they grow. Pure but for the ids of outbox rows."""

    def __init__(self, context: BatchContext) -> None:
        self._context = context
        self.writes = Writes()

    def receipt(self, writeback: Writeback, verdict: Verdict) -> None:
        """What a source record turned out to be."""
        self.writes.receipts.append(receipt_row(writeback, verdict))
        self.writes.verdicts.append(verdict)

    def event(
        self,
        writeback: Writeback,
        status: EventStatus,
        *,
        new: bool,
        concerns: str | None = None,
        shown: State = State.APPLIED,
    ) -> None:
        """How an event stands: a new one is inserted, one that waited is resolved. `shown`: where it posts nothing."""
        now = self._context.now
        if new:
            self.writes.events.append(event_row(writeback, status, now, concerns))
            self.writes.bodies.append(body_row(writeback, now))
        else:
            self.writes.resolutions.append(Resolution(writeback, status, now, concerns))
        self._context.known.add(writeback, status.waiting)
        if status.waiting is not None or status.applied:
            self.writes.outbox.append(
                event_result(
                    writeback.identity,
                    status.waiting or shown,
                    at=now,
                    reason=status.reason,
                    settings_version=status.settings_version,
                )
            )
        if status.redecisions:
            version = self._context.practices[writeback.identity.practice_id].in_force_at(writeback)
            self.writes.outbox.append(redecision_message(_redecision(writeback, version)))

    def entries(self, writeback: Writeback, added: Sequence[EntryAdded]) -> None:
        """The entries of an event."""
        for each in added:
            self._entry(writeback, each.entry)

    def changes(self, changes: Sequence[StateChange], key: PaymentKey, *, new: bool) -> None:
        """What the engine changed of one payment or payout. `new`: the first event is not stored yet."""
        payments, practice_id = self._context.payments, key.practice_id
        for number, change in enumerate(changes):
            if isinstance(change, EventResolved):
                record = with_plan(payments.record(practice_id, change.event), change)
                payments.put_record(record)
                self._resolved(record, change, key, new=new and number == 0)
            elif isinstance(change, EntryAdded):
                entry = change.entry
                self._entry(payments.record(practice_id, (entry.source, entry.event_id)), entry)
            elif isinstance(change, EntryMoved):
                self._moved(change, key)
            else:
                self._redirected(change, key)

    def last_id(self, practice_id: str) -> int:
        """The id of the practice's newest effect, of this batch or stored: their order is that of commits (law 8)."""
        return self.writes.seqs.get(practice_id, self._context.practices[practice_id].last_id)

    def advance(self, practice_id: str, last_id: int) -> None:
        """The practice's effects go on behind this id."""
        if last_id != self.last_id(practice_id):
            self.writes.seqs[practice_id] = last_id

    def dispute(self, event: Event) -> None:
        """What staff have to know of a dispute, besides its entries."""
        if isinstance(event, DisputeOpened | DisputeClosed):
            self.writes.disputes.append(
                Dispute(
                    practice_id=event.practice_id,
                    source=event.source,
                    dispute_id=event.dispute_id,
                    payment_id=event.payment_id,
                    occurred_at=event.occurred_at,
                    version=event.version,
                    respond_by=event.respond_by if isinstance(event, DisputeOpened) else None,
                    outcome=event.outcome.value if isinstance(event, DisputeClosed) else None,
                )
            )

    def _resolved(self, record: Writeback, change: EventResolved, key: PaymentKey, *, new: bool) -> None:
        status = EventStatus(
            waiting=change.waiting,
            reason=change.reason,
            applied=change.applied,
            settings_version=change.settings_version,
            ended_as=change.ended_as,
        )
        shown = State.VOIDED_BEFORE_POST if change.voided else State.APPLIED
        self.event(record, status, new=new, concerns=concerned_ref(record, key), shown=shown)

    def _entry(self, writeback: Writeback, entry: EntryState) -> None:
        writes, identity = self.writes, writeback.identity
        writes.entries.append(entry_row(entry, writeback))
        if entry.state in FINAL:
            writes.outcomes.append(outcome_row(entry, identity.practice_id, self._context.now))
        else:
            writes.work.append(work_row(entry, identity.practice_id, self._context.now))
        writes.started.append((entry.target, entry.state))
        if entry.state is State.SCHEDULED and entry.connection_id is not None and entry.due_at is not None:
            gate = (identity.practice_id, entry.connection_id)
            writes.due[gate] = min(entry.due_at, writes.due.get(gate, entry.due_at))
        if entry.state not in _UNREPORTED:
            writes.outbox.append(
                entry_result(
                    entry,
                    practice_id=identity.practice_id,
                    subject=identity.subject,
                    at=self._context.now,
                    settings_version=writeback.decision.settings_version,
                )
            )

    def _moved(self, change: EntryMoved, key: PaymentKey) -> None:
        entry = change.entry
        cleared: dict[str, Any] = {"holds": entry.holds, "due_at": entry.due_at} if change.cleared else {}
        self._move(entry, key, was=change.before, reason=change.reason, **cleared)
        if entry.state not in _UNREPORTED:
            self.writes.outbox.append(
                entry_result(
                    entry, practice_id=key.practice_id, subject=key.ref, at=self._context.now, reason=change.reason
                )
            )

    def _redirected(self, change: EntryRedirected, key: PaymentKey) -> None:
        entry = change.entry
        clears = (Clears.DEPENDS_ON,) if entry.depends_on is None else ()
        self._move(entry, key, was=entry.state, depends_on=entry.depends_on, clears=clears)

    def _move(self, entry: EntryState, key: PaymentKey, *, was: State, **changed: Any) -> None:
        """One move for an effect, whatever the number of changes: of two that name the same, the last counts."""
        at = (key.practice_id, entry.effect_id)
        before = self.writes.moves.get(at) or Move(
            practice_id=key.practice_id, effect_id=entry.effect_id, was=was, state=entry.state
        )
        self.writes.moves[at] = msgspec.structs.replace(before, state=entry.state, **changed)
        if entry.connection_id is not None:
            self.writes.touched.add((key.practice_id, entry.connection_id))


def concerned_ref(writeback: Writeback, key: PaymentKey | None) -> str | None:
    """The payment or payout of a follow-up, for `events.concerns`; None for an event that reports money itself."""
    return None if key is None or reported_key(writeback) is not None else key.ref


def with_plan(writeback: Writeback, resolved: EventResolved) -> Writeback:
    """The record with the decision that holds in the end, for its row and for whoever asks why (guarantee 3)."""
    decision = msgspec.structs.replace(
        writeback.decision,
        settings_version=resolved.settings_version,
        waiting=resolved.waiting,
        reason=resolved.reason,
        applied=resolved.applied,
        effects=resolved.plan,
    )
    return msgspec.structs.replace(writeback, decision=decision)


def _redecision(writeback: Writeback, version: SwitchVersion | None) -> Redecision:
    return Redecision(
        position=writeback.position,
        practice_id=writeback.identity.practice_id,
        least_version=0 if version is None else version.version,
        original_key=writeback.original_key,
        original=writeback.original,
    )
