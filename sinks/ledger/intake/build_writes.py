"""Enters what was decided into the writes of a batch: the event, its effects, what is published of them (laws 2, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.payment_state import EntryState
from processors.rules.lifecycle.waiting_state import Resolved, SwitchVersion, in_force, resolve, said_reason
from schemas.plan import PlannedEntry
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State
from schemas.writebacks import Redecision, Writeback
from sinks.ledger.intake.batch_context import BatchContext, Resolution, Writes
from sinks.ledger.intake.copy_rows import EventStatus, body_row, effect_row, event_row
from sinks.ledger.intake.duplicates import Stored
from sinks.ledger.intake.working_state import WorkingState
from sinks.ledger.outbox import redecision_message, result_message

_SILENT: Final = frozenset({State.SCHEDULED})
"""Entered without a result: an upstream hears of the outcome, not of the intention."""
_NOT_WRITTEN: Final = DecisionReason.NOT_BY_THIS_ROUTE
PartKey = tuple[EntryKind, str]


class WriteBuilder:
    """The writes of one batch, as they grow. Pure but for the ids of outbox rows."""

    def __init__(self, facts: BatchContext) -> None:
        self.facts = facts
        self.writes = Writes()
        self._paused: dict[str, bool] = {}

    def event(self, writeback: Writeback, standing: EventStatus, concerns: str | None = None) -> None:
        """An event that is news."""
        now = self.facts.now
        self.writes.events.append(event_row(writeback, standing, now, concerns))
        self.writes.bodies.append(body_row(writeback, now))
        self._now_stands(writeback, standing)

    def resolution(
        self,
        writeback: Writeback,
        standing: EventStatus,
        concerns: str | None = None,
        *,
        state: State | None = None,
    ) -> None:
        """A stored event that waited, and how it stands now. `state`: what it shows, where that is not APPLIED."""
        self.writes.resolutions.append(Resolution(writeback, standing, self.facts.now, concerns))
        self._now_stands(writeback, standing, state)

    def _now_stands(self, writeback: Writeback, standing: EventStatus, state: State | None = None) -> None:
        self.facts.known.add(_stored(writeback, standing))
        if standing.waiting is not None or standing.applied:
            self.say(writeback, standing.waiting or state or State.APPLIED, standing)
        if standing.redecisions:
            self.writes.outbox.append(redecision_message(_redecision(writeback, self.truth(writeback))))

    def truth(self, writeback: Writeback) -> SwitchVersion | None:
        """The version in force when the event happened, as far as anybody can say (law 15)."""
        at = min(writeback.occurred_at, writeback.position.appended_at)
        return in_force(self.facts.truths.get(writeback.identity.practice_id, ()), at)

    def paused(self, practice_id: str) -> bool:
        """Whether the master switch is off now (law 24)."""
        found = self._paused.get(practice_id)
        if found is None:
            truth = in_force(self.facts.truths.get(practice_id, ()), self.facts.now)
            found = self._paused[practice_id] = truth is not None and not truth.master
        return found

    def say(self, writeback: Writeback, state: State, standing: EventStatus) -> None:
        """The state of the event itself, for whoever sent it."""
        identity = writeback.identity
        self.writes.outbox.append(
            result_message(
                practice_id=identity.practice_id,
                source=identity.source,
                event_id=identity.event_id,
                subject=identity.subject,
                state=state,
                reason=DecisionReason(standing.reason),
                settings_version=standing.settings_version,
                changed_at=self.facts.now,
            )
        )

    def effects(self, writeback: Writeback, but: frozenset[tuple[str, str, str]] = frozenset()) -> None:
        """The effects of a plain event. `but`: a control leaves these out."""
        planned = writeback.decision.effects
        if but:
            planned = tuple(each for each in planned if _key(each) not in but)
        effect_id = self._next_id(writeback, len(planned))
        ids: dict[PartKey, int] = {}
        for each in planned:
            behind = None if each.depends_on is None else ids.get(each.depends_on)
            if self._effect(writeback, each, effect_id, behind):
                ids[each.entry_kind, each.part] = effect_id
            effect_id += 1

    def plan(self, writeback: Writeback, planned: Sequence[NewEntry], held: WorkingState) -> dict[PartKey, int]:
        """Effects of an event that concerns a life; they join `held`. Returns the ids of those that others can wait
        for."""
        effect_id = self._next_id(writeback, len(planned))
        ids: dict[PartKey, int] = {}
        for each in planned:
            effect = each.effect
            behind = each.behind if effect.depends_on is None else ids.get(effect.depends_on)
            if self._effect(writeback, effect, effect_id, behind, each.connection_id, held):
                ids[effect.entry_kind, effect.part] = effect_id
            effect_id += 1
        return ids

    def _next_id(self, writeback: Writeback, count: int) -> int:
        """Ids from the practice's counter, so that their order is the order of commits (law 8)."""
        practice_id = writeback.identity.practice_id
        start = self.writes.seqs.get(practice_id, self.facts.seqs[practice_id])
        self.writes.seqs[practice_id] = start + count
        return start + 1

    def _effect(
        self,
        writeback: Writeback,
        planned: PlannedEntry,
        effect_id: int,
        depends_on: int | None,
        connection_id: str | None = None,
        held: WorkingState | None = None,
    ) -> bool:
        """False where the connection does not write this kind and nobody has to: then nothing waits for it (B-1)."""
        facts, practice_id = self.facts, writeback.identity.practice_id
        resolved = resolve(
            planned,
            connection_id=connection_id or facts.connections.get((practice_id, planned.target)),
            linked=(practice_id, planned.instruction.patient_ref or "") in facts.linked,
            paused=self.paused(practice_id),
            writes=facts.writable.get((practice_id, planned.target)),
        )
        appended_at = writeback.position.appended_at
        due_at = planned.due_at or appended_at
        look_first = resolved.state not in SKIPPED and facts.era.looks_first(appended_at)
        self.writes.effects.append(
            effect_row(
                writeback,
                planned,
                resolved,
                effect_id=effect_id,
                depends_on=depends_on,
                due_at=due_at,
                look_first=look_first,
                now=facts.now,
            )
        )
        self.writes.started.append((planned.target, str(planned.entry_kind), resolved.state))
        if resolved.state is State.SCHEDULED and resolved.connection_id is not None:
            key = (practice_id, resolved.connection_id)
            self.writes.due[key] = min(due_at, self.writes.due.get(key, due_at))
        if resolved.state not in _SILENT:
            self._result(writeback, planned, resolved)
        if held is not None:
            held.entries[effect_id] = EntryState(
                effect_id=effect_id,
                source=writeback.identity.source,
                event_id=writeback.identity.event_id,
                target=planned.target,
                entry_kind=planned.entry_kind,
                part=planned.part,
                state=resolved.state,
                reason=resolved.reason,
                holds=resolved.holds,
                due_at=due_at,
                look_first=look_first,
                amount_minor=planned.instruction.amount_minor,
                depends_on=depends_on,
                lane=planned.lane,
                connection_id=resolved.connection_id,
                instruction=planned.instruction,
            )
        return resolved.reason is not _NOT_WRITTEN or resolved.state not in SKIPPED

    def _result(self, writeback: Writeback, planned: PlannedEntry, resolved: Resolved) -> None:
        identity, instruction = writeback.identity, planned.instruction
        self.writes.outbox.append(
            result_message(
                practice_id=identity.practice_id,
                source=identity.source,
                event_id=identity.event_id,
                subject=identity.subject,
                state=resolved.state,
                target=planned.target,
                entry_kind=planned.entry_kind,
                part=planned.part,
                reason=said_reason(resolved.state, resolved.reason),
                settings_version=writeback.decision.settings_version,
                amount_minor=instruction.amount_minor,
                currency=instruction.currency,
                changed_at=self.facts.now,
            )
        )


def with_plan(writeback: Writeback, standing: EventStatus, planned: Sequence[PlannedEntry]) -> Writeback:
    """The record with the decision that holds in the end, for its row and for whoever asks why (guarantee 3)."""
    decision = msgspec.structs.replace(
        writeback.decision,
        settings_version=standing.settings_version,
        waiting=standing.waiting,
        reason=DecisionReason(standing.reason),
        applied=standing.applied,
        effects=tuple(planned),
    )
    return msgspec.structs.replace(writeback, decision=decision)


def _redecision(writeback: Writeback, truth: SwitchVersion | None) -> Redecision:
    return Redecision(
        position=writeback.position,
        practice_id=writeback.identity.practice_id,
        least_version=0 if truth is None else truth.version,
        original_key=writeback.original_key,
        original=writeback.original,
    )


def _stored(writeback: Writeback, standing: EventStatus) -> Stored:
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


def _key(planned: PlannedEntry) -> tuple[str, str, str]:
    return (str(planned.target), str(planned.entry_kind), planned.part)
