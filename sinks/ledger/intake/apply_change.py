"""Effects, stored or of this batch, go on because of another event: voided, lifted, led elsewhere (law 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from processors.rules.lifecycle.change import Change
from processors.rules.lifecycle.payment_state import EntryState
from processors.rules.lifecycle.waiting_state import first_unmet, needs_link, said_reason, stops_for_master
from schemas.vocabulary import State
from sinks.ledger.effect_moves import Clears, Move
from sinks.ledger.intake.batch_context import BatchContext
from sinks.ledger.intake.build_writes import PartKey, WriteBuilder
from sinks.ledger.intake.working_state import WorkingState
from sinks.ledger.outbox import result_message


class ChangeApplier:
    """For one batch; the moves become writes of it, and the lives in its hands go on with them."""

    def __init__(self, facts: BatchContext, entering: WriteBuilder) -> None:
        self._facts = facts
        self._entering = entering
        self._writes = entering.writes

    def apply(self, change: Change, held: WorkingState, ids: Mapping[PartKey, int]) -> None:
        """Void, lift, lead elsewhere. `ids`: of the effects that this change brings, which others may now depend on."""
        for effect_id in change.void:
            self._move(held.entries[effect_id], State.VOIDED_BEFORE_POST, held, reason=change.void_reason)
        for effect_id in change.lift:
            entry = held.entries[effect_id]
            holds = tuple(each for each in entry.holds if each is not State.AWAITING_CLEARANCE)
            self._move(entry, self._first_unmet(entry, holds, held), held, holds=holds, due_at=self._facts.now)
            held.move(effect_id, holds=holds, due_at=self._facts.now)
        for redirect in change.redirect:
            self._redirect(redirect.effect_id, ids.get(redirect.to), held)

    def _move(self, entry: EntryState, state: State, held: WorkingState, **changed: Any) -> None:
        """A stored effect, or one of this batch, goes on; `changed` as of `Move`."""
        practice_id = held.key.practice_id
        self._note(entry, held, state=state, **({"reason": None} | changed))
        held.move(entry.effect_id, state=state)
        if state is not State.SCHEDULED:
            self._writes.outbox.append(
                result_message(
                    practice_id=practice_id,
                    source=entry.source,
                    event_id=entry.event_id,
                    subject=held.key.ref,
                    state=state,
                    target=entry.target,
                    entry_kind=entry.entry_kind,
                    part=entry.part,
                    reason=changed.get("reason") or said_reason(state, entry.reason),
                    amount_minor=entry.amount_minor,
                    currency=entry.instruction.currency,
                    changed_at=self._facts.now,
                )
            )

    def _redirect(self, effect_id: int, to: int | None, held: WorkingState) -> None:
        entry = held.move(effect_id, depends_on=to)
        self._note(entry, held, state=entry.state, depends_on=to, clears=(Clears.DEPENDS_ON,) if to is None else ())

    def _note(self, entry: EntryState, held: WorkingState, *, state: State, **changed: Any) -> None:
        """One move for an effect, whatever the number of changes: of two that name the same, the last counts."""
        key = (held.key.practice_id, entry.effect_id)
        before = self._writes.moves.get(key) or Move(
            practice_id=held.key.practice_id, effect_id=entry.effect_id, was=entry.state, state=state
        )
        self._writes.moves[key] = msgspec.structs.replace(before, state=state, **changed)
        if entry.connection_id is not None:
            self._writes.touched.add((held.key.practice_id, entry.connection_id))

    def _first_unmet(self, entry: EntryState, holds: Sequence[State], held: WorkingState) -> State:
        practice_id = held.key.practice_id
        return first_unmet(
            holds,
            needs_link=needs_link(entry.target, office_level=entry.instruction.office_level),
            linked=(practice_id, entry.instruction.patient_ref or "") in self._facts.linked,
            paused=self._entering.paused(practice_id) and stops_for_master(entry.target, entry.entry_kind),
        )
