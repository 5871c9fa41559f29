"""What one batch writes, from its records and the facts read under the locks: pure (laws 2, 6, 7, 11, 15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.reasons import DeadLetterReason, DecisionReason
from schemas.states import SKIPPED, State, Verdict
from schemas.writebacks import PlannedEffect, Redecision, SourcePosition, Writeback
from sinks.ledger.batch_records import Facts, Place, Policy, Resolution, Writes
from sinks.ledger.identities import Finding, Stored
from sinks.ledger.outbox import redecision_row, result_row
from sinks.ledger.records import Lettered, Record, Unreadable
from sinks.ledger.refusing import refusal_row, unreadable_row
from sinks.ledger.resolving import Truth, in_force, resolve, said_reason
from sinks.ledger.rows import EventStanding, body_row, effect_row, event_row, receipt_row
from streams.controls import Control

_SILENT: Final = frozenset({State.SCHEDULED})
"""Entered without a result: an upstream hears of the outcome, not of the intention."""


class Deciding:
    """Goes over a batch once. Raises nothing for data; stops early where a record builds on one of this batch."""

    def __init__(self, facts: Facts, policy: Policy) -> None:
        self.facts = facts
        self.policy = policy
        self._seen = set(facts.receipts)
        self.writes = Writes()

    def run(self, records: Sequence[Record]) -> Writes:
        for record in records:
            if not self._take(record):
                break
            self.writes.taken += 1
        return self.writes

    def _take(self, record: Record) -> bool:
        """False: not in this transaction."""
        if isinstance(record, Lettered):
            self.writes.letters.append(record)
        elif isinstance(record, Unreadable):
            self.writes.outbox.append(unreadable_row(record, self.policy.group, self.facts.now))
        else:
            return self._decided(record.writeback)
        return True

    def _decided(self, writeback: Writeback) -> bool:
        controls = self.policy.controls
        finding, stored = self.find(writeback)
        if finding is Finding.DECIDED_ANEW and stored is not None:
            if stored.fresh:
                return False
            self._decided_anew(writeback)
        elif finding is Finding.MEMBERS_NAMED or (finding is Finding.DUPLICATE and controls.off(Control.RESOLVE_ONCE)):
            return False
        elif finding is Finding.FIRST:
            self.first(writeback)
        elif finding is Finding.CONFLICT and self._is_news(writeback):
            self.writes.outbox.append(
                refusal_row(writeback, DeadLetterReason.CONFLICT, self.policy.group, self.facts.now)
            )
        if finding is not Finding.FIRST:
            self.receipt(writeback, finding.verdict)
        return True

    def find(self, writeback: Writeback) -> tuple[Finding, Stored | None]:
        """Whether the record is news to the ledger and to this batch."""
        by_money = not self.policy.controls.off(Control.MONEY_IDENTITY)
        return self.facts.known.find(writeback.identity, writeback.event_type, by_money=by_money)

    def _is_news(self, writeback: Writeback) -> bool:
        return _place(writeback.position) not in self._seen

    def receipt(self, writeback: Writeback, verdict: Verdict) -> None:
        """One per source record, whatever comes again (law 11)."""
        place = _place(writeback.position)
        if place in self._seen or self.policy.controls.off(Control.RECEIPTS):
            return
        self._seen.add(place)
        self.writes.receipts.append(receipt_row(writeback, str(verdict)))
        self.writes.verdicts.append(verdict)

    def first(self, writeback: Writeback) -> None:
        """Store an event that is news, with its effects when it is resolved now (law 2)."""
        now = self.facts.now
        standing = self._standing(writeback)
        self.receipt(writeback, Verdict.FIRST)
        self.writes.events.append(event_row(writeback, standing, now))
        self.writes.bodies.append(body_row(writeback, now))
        self.facts.known.add(_stored(writeback, standing))
        self._publish(writeback, standing)

    def _decided_anew(self, writeback: Writeback) -> None:
        """Resolve an event that waited for settings, if the decision is under the version in force (law 15)."""
        standing = self._standing(writeback)
        if standing.waiting is State.AWAITING_SETTINGS:
            return
        self.writes.resolutions.append(Resolution(writeback, standing, self.facts.now))
        self.facts.known.add(_stored(writeback, standing))
        self._publish(writeback, standing)

    def _publish(self, writeback: Writeback, standing: EventStanding) -> None:
        identity = writeback.identity
        if standing.waiting is not None or standing.applied:
            self.writes.outbox.append(
                result_row(
                    practice_id=identity.practice_id,
                    source=identity.source,
                    event_id=identity.event_id,
                    subject=identity.subject,
                    state=standing.waiting or State.APPLIED,
                    reason=DecisionReason(standing.reason),
                    settings_version=standing.settings_version,
                    changed_at=self.facts.now,
                )
            )
        if standing.redecisions:
            self.writes.outbox.append(redecision_row(_redecision(writeback, self._truth(writeback))))
        if standing.waiting is None:
            self.effects(writeback)

    def _truth(self, writeback: Writeback) -> Truth | None:
        at = min(writeback.occurred_at, writeback.position.appended_at)
        return in_force(self.facts.truths.get(writeback.identity.practice_id, ()), at)

    def _standing(self, writeback: Writeback) -> EventStanding:
        """The version check (law 15), then what the decision says."""
        decision, now = writeback.decision, self.facts.now
        truth = self._truth(writeback)
        wanted = None if truth is None else truth.version
        unchecked = self.policy.controls.off(Control.SETTINGS_CHECK) and decision.settings_version is not None
        if (decision.settings_version != wanted or wanted is None) and not unchecked:
            if wanted is None:
                return EventStanding(waiting=State.AWAITING_SETTINGS, reason=DecisionReason.NO_SETTINGS)
            return EventStanding(
                waiting=State.AWAITING_SETTINGS,
                reason=DecisionReason.SETTINGS_SUPERSEDED,
                redecide_at=now + self.policy.redecide_after,
                redecisions=1,
            )
        return EventStanding(
            waiting=decision.waiting,
            reason=decision.reason,
            applied=decision.waiting is None and (decision.applied or not decision.effects),
            settings_version=decision.settings_version,
        )

    def effects(self, writeback: Writeback, but: frozenset[tuple[str, str, str]] = frozenset()) -> None:
        """The effects of a resolved event, with ids from the practice's counter. `but`: a control leaves these out."""
        practice_id = writeback.identity.practice_id
        planned = [each for each in writeback.decision.effects if _key(each) not in but]
        start = self.writes.seqs.get(practice_id, self.facts.seqs[practice_id])
        ids = {(each.entry_kind, each.part): start + n for n, each in enumerate(planned, start=1)}
        self.writes.seqs[practice_id] = start + len(planned)
        for each in planned:
            depends_on = None if each.depends_on is None else ids.get(each.depends_on)
            self._effect(writeback, each, ids[each.entry_kind, each.part], depends_on)

    def _effect(self, writeback: Writeback, planned: PlannedEffect, effect_id: int, depends_on: int | None) -> None:
        facts, practice_id = self.facts, writeback.identity.practice_id
        truth = in_force(facts.truths.get(practice_id, ()), facts.now)
        resolved = resolve(
            planned,
            connection_id=facts.connections.get((practice_id, planned.target)),
            linked=(practice_id, planned.instruction.patient_ref or "") in facts.linked,
            paused=truth is not None and not truth.master,
        )
        due_at = planned.due_at or writeback.position.appended_at
        self.writes.effects.append(
            effect_row(
                writeback,
                planned,
                resolved,
                effect_id=effect_id,
                depends_on=depends_on,
                due_at=due_at,
                look_first=resolved.state not in SKIPPED and facts.era.looks_first(writeback.position.appended_at),
                now=facts.now,
            )
        )
        self.writes.started.append((planned.target, str(planned.entry_kind), resolved.state))
        if resolved.state is State.SCHEDULED and resolved.connection_id is not None:
            key = (practice_id, resolved.connection_id)
            self.writes.due[key] = min(due_at, self.writes.due.get(key, due_at))
        if resolved.state not in _SILENT:
            self._result(writeback, planned, resolved.state, said_reason(resolved.state, resolved.reason))

    def _result(self, writeback: Writeback, planned: PlannedEffect, state: State, reason: DecisionReason) -> None:
        identity, instruction = writeback.identity, planned.instruction
        self.writes.outbox.append(
            result_row(
                practice_id=identity.practice_id,
                source=identity.source,
                event_id=identity.event_id,
                subject=identity.subject,
                state=state,
                target=planned.target,
                entry_kind=planned.entry_kind,
                part=planned.part,
                reason=reason,
                settings_version=writeback.decision.settings_version,
                amount_minor=instruction.amount_minor,
                currency=instruction.currency,
                changed_at=self.facts.now,
            )
        )


def _redecision(writeback: Writeback, truth: Truth | None) -> Redecision:
    return Redecision(
        position=writeback.position,
        practice_id=writeback.identity.practice_id,
        least_version=0 if truth is None else truth.version,
        original_key=writeback.original_key,
        original=writeback.original,
    )


def _stored(writeback: Writeback, standing: EventStanding) -> Stored:
    identity = writeback.identity
    return Stored(
        practice_id=identity.practice_id,
        source=identity.source,
        event_id=identity.event_id,
        subject=identity.subject,
        kind=str(identity.kind),
        version=identity.version,
        event_type=writeback.event_type,
        digest_v=identity.digest_version,
        digest=identity.digest,
        money_digest=identity.money_digest,
        waiting=standing.waiting,
        fresh=True,
    )


def _place(position: SourcePosition) -> Place:
    return (position.topic_id, position.partition, position.offset)


def _key(planned: PlannedEffect) -> tuple[str, str, str]:
    return (str(planned.target), str(planned.entry_kind), planned.part)
