"""Decides what a batch writes, record by record, from what was read under the locks: pure (laws 2, 6, 7, 11, 15)."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.vocabulary import DeadLetterReason, DecisionReason, State, Verdict
from schemas.writebacks import SourcePosition, Writeback
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.batch_context import BatchContext, Place, Policy
from sinks.ledger.intake.batch_limit import is_enough
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.duplicates import Finding, Match
from sinks.ledger.intake.new_rows import EventStatus, told_again_row
from sinks.ledger.intake.records import DeadLettered, PatientRecord, Record, Unreadable
from sinks.ledger.intake.refused_records import patient_message, refusal_message, unreadable_message
from sinks.ledger.intake.writes import Writes
from sinks.ledger.outbox import OutboxMessage
from streams.fault_injection import Control, disabled


class BatchDecision:
    """Goes over a batch once. Raises nothing for data; stops early where a record builds on one of this batch, and
    where the next one would be too much for one transaction (law 9)."""

    def __init__(self, context: BatchContext, policy: Policy) -> None:
        self.context = context
        self.policy = policy
        self._receipts = set(context.receipts)
        self._builder = WriteBuilder(context)
        self.writes = self._builder.writes
        self.events = EventApplier(context, self._builder)

    def run(self, records: Sequence[Record]) -> Writes:
        """What the batch writes; `taken` says how many records of it."""
        for record in records[: self.context.covers]:
            if (self.writes.taken and is_enough(self.writes.rows)) or not self._take(record):
                break
            self.writes.taken += 1
        return self.writes

    def find(self, writeback: Writeback) -> Match:
        """Whether the record is news to the ledger and to this batch."""
        return self.context.known.find(
            writeback, by_money=not disabled(Control.MONEY_IDENTITY), by_facts=not disabled(Control.SAME_MONEY)
        )

    def first(self, writeback: Writeback) -> bool:
        """Store an event that is news, with its effects when it is resolved now (law 2); False for an old version."""
        stored = self.events.apply(writeback, self._checked(writeback), new=True)
        if stored:
            self.receipt(writeback, Verdict.FIRST)
        return stored

    def receipt(self, writeback: Writeback, verdict: Verdict) -> None:
        """One per source record, whatever comes again (law 11)."""
        place = _place(writeback.position)
        if place in self._receipts or disabled(Control.RECEIPTS):
            return
        self._receipts.add(place)
        self._builder.receipt(writeback, verdict)

    def _take(self, record: Record) -> bool:
        """False: not in this transaction."""
        if isinstance(record, DeadLettered):
            self.writes.letters.append(record)
        elif isinstance(record, PatientRecord):
            self.writes.patients.append(record)
            if record.reason is not None:
                self._refuse(patient_message(record, self.policy.group, self.context.now), record.reason)
        elif isinstance(record, Unreadable):
            self._refuse(unreadable_message(record, self.policy.group, self.context.now), DeadLetterReason.UNDECODABLE)
        else:
            return self._decided(record.writeback)
        return True

    def _decided(self, writeback: Writeback) -> bool:
        match = self.find(writeback)
        finding, stored = match.finding, match.stored
        if finding is Finding.DECIDED_ANEW and stored is not None:
            if self.context.known.is_of_batch(stored):
                return False
            self._decided_anew(writeback)
        elif finding is Finding.SAYS_MORE or (finding is Finding.DUPLICATE and disabled(Control.RESOLVE_ONCE)):
            return False
        elif finding is Finding.FIRST and not self._is_news(writeback):
            return True  # it was a dead letter: newer rules change nothing of that, only a redrive does (laws 2, 11)
        elif finding is Finding.FIRST:
            finding = Finding.FIRST if self.first(writeback) else Finding.OLD_VERSION
        elif finding is Finding.CONFLICT and self._is_news(writeback):
            conflict = DeadLetterReason.CONFLICT
            self._refuse(refusal_message(writeback, conflict, self.policy.group, self.context.now), conflict)
        if match.other_event and self._is_news(writeback):
            self.told_again(writeback, match)
        if finding is not Finding.FIRST:
            self.receipt(writeback, finding.verdict)
        return True

    def told_again(self, writeback: Writeback, match: Match) -> None:
        """Money that another event told before: kept beside that, for its story and for letters."""
        if match.stored is not None:
            verdict = match.finding.verdict
            self.writes.told_again.append(
                told_again_row(writeback, match.stored, verdict, match.differences, self.context.now)
            )

    def _refuse(self, letter: OutboxMessage, reason: DeadLetterReason) -> None:
        self.writes.outbox.append(letter)
        self.writes.refusals.append(reason)

    def _is_news(self, writeback: Writeback) -> bool:
        return _place(writeback.position) not in self._receipts

    def _decided_anew(self, writeback: Writeback) -> None:
        """Resolve an event that waited for settings, if the decision is under the version in force (law 15)."""
        status = self._checked(writeback)
        if status.waiting is not State.AWAITING_SETTINGS:
            self.events.apply(writeback, status, new=False)

    def _checked(self, writeback: Writeback) -> EventStatus:
        """The version check (law 15), then what the decision says."""
        decision = writeback.decision
        in_force = self.context.practices[writeback.identity.practice_id].in_force_at(writeback)
        wanted = None if in_force is None else in_force.version
        unchecked = disabled(Control.SETTINGS_CHECK) and decision.settings_version is not None
        if (decision.settings_version != wanted or wanted is None) and not unchecked:
            if wanted is None:
                return EventStatus(waiting=State.AWAITING_SETTINGS, reason=DecisionReason.NO_SETTINGS)
            return EventStatus(
                waiting=State.AWAITING_SETTINGS,
                reason=DecisionReason.SETTINGS_SUPERSEDED,
                redecide_at=self.context.now + self.policy.redecide_after,
                redecisions=1,
            )
        return EventStatus(
            waiting=decision.waiting,
            reason=decision.reason,
            applied=decision.waiting is None and (decision.applied or not decision.effects),
            settings_version=decision.settings_version,
        )


def _place(position: SourcePosition) -> Place:
    return (position.topic_id, position.partition, position.offset)
