"""Compares a plan with the entries that stand: the same figures, and the same parts (E-11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from processors.rules.lifecycle.entries import Family, Line, total
from processors.rules.lifecycle.follower_state import voidable
from processors.rules.lifecycle.payment_state import EntryState
from schemas.plan import Instruction, PartKey, PlannedEntry
from schemas.vocabulary import OWN_CASH, EntryKind

Figures = dict[tuple[EntryKind, str], int]
Place = tuple[str | None, ...]


class PlanComparison:
    """What stands of a payment's own entries, beside the newest payment among them."""

    __slots__ = ("_mine", "paid")

    def __init__(self, own: Sequence[Line], paid: EntryState) -> None:
        self.paid = paid
        event = (paid.source, paid.event_id)
        self._mine = [x for x in own if x.booked or (x.entry.source, x.entry.event_id) == event]

    def is_plan(self, plan: Sequence[PlannedEntry]) -> bool:
        """The same amounts of the same things for the same people."""
        figures: Figures = {}
        for effect in plan:
            _add(figures, effect.entry_kind, effect.part, effect.instruction.amount_minor)
        return figures == self._figures() and self._planned(plan) == self._meanings()

    def goes_where(self, plan: Sequence[PlannedEntry]) -> bool:
        """Every part is there, for the same patient, provider, procedure and claim."""
        planned = {_place(x.part, x.instruction) for x in plan if x.entry_kind in OWN_CASH}
        return planned == {_place(x.root, x.entry.instruction) for x in self._payments()}

    def _payments(self) -> list[Line]:
        """Of each part those that were stored last: what was not moved to another patient stays in its event."""
        paid = [x for x in self._mine if x.entry.entry_kind in OWN_CASH]
        last = {x.root: (x.entry.source, x.entry.event_id) for x in sorted(paid, key=lambda x: x.entry.effect_id)}
        here = {(self.paid.source, self.paid.event_id)}
        return [
            x
            for x in paid
            if (x.entry.source, x.entry.event_id) == last[x.root] and (last[x.root] in here or self._stands(x.root))
        ]

    def _stands(self, part: str) -> bool:
        return bool(total([x for x in self._mine if x.root == part], Family.CASH))

    def _figures(self) -> Figures:
        figures: Figures = {}
        for line in self._mine:
            if line.family is not None:
                kind = PartKey.parse(line.entry.part).reverses or line.entry.entry_kind
                _add(figures, kind, line.root, line.entry.amount_minor)
        return figures

    def _meanings(self) -> set[Any]:
        return {_meaning(x.root, x.entry.instruction, unsent=voidable(x.entry)) for x in self._payments()}

    def _planned(self, plan: Sequence[PlannedEntry]) -> set[Any]:
        unsent = {x.root for x in self._payments() if voidable(x.entry)}
        own = [x for x in plan if x.entry_kind in OWN_CASH]
        return {_meaning(x.part, x.instruction, unsent=x.part in unsent) for x in own}


def _add(figures: Figures, kind: EntryKind, part: str, amount: int) -> None:
    """Figures that are nothing are not there: an entry of zero says no more than none."""
    figures[kind, part] = figures.get((kind, part), 0) + amount
    if not figures[kind, part]:
        del figures[kind, part]


def _meaning(part: str, instruction: Instruction, *, unsent: bool) -> Any:
    """What people look at first counts as long as they can, and what an insurer remarks never does (I-3, I-5)."""
    claim = instruction.claim
    if claim is not None:
        claim = replace(claim, remarks=(), doubts=claim.doubts if unsent else ())
    about = (instruction.payment_kind, instruction.tender, instruction.plan_ref, instruction.plan_code, claim)
    return (*_place(part, instruction), *about)


def _place(part: str, instruction: Instruction) -> Place:
    claim = instruction.claim.claim_ref if instruction.claim else None
    return part, instruction.patient_ref, instruction.provider_ref, instruction.procedure_ref, claim
