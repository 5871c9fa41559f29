"""Lays a payment that the practice allocates by hand on the charges that a person names (ALL-1, N-7).

The charges are read at the target first, so that nobody names one that is not open; then the payment and its fee
adjustment are placed on them as if the poster had read these charges alone, and go out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from processors.rules.lifecycle.waiting_state import first_unmet
from schemas.plan import Instruction
from schemas.practice_settings import Allocation
from schemas.vocabulary import RELEASED_BY_ALLOCATING, DecisionReason, EntryKind, State, Target
from sinks.ledger.effect_moves import Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.request_ids import marker, request_id
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.waiting.reevaluate import master_on
from sinks.operations.acting import Act, Action, Order, acting, authorise
from sinks.operations.actions.entry_action_rules import changed_since
from sinks.operations.actions.entry_actions import NOTHING_SEEN
from sinks.operations.actions.named_charges import NamedCharge, chosen_charges
from sinks.operations.actions.open_charges import PatientAtTarget, before_read, posted_since, still_open
from sinks.operations.ledger import Ledger
from sinks.operations.open_targets import adapter_context, open_stored
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.waiting_entries import units
from sinks.poster.allocate_payment import Allocated, EffectPart, allocate
from sinks.targets.port import Charge, PaymentTarget, Placement, Prepared, ReadFailed, TargetEntry
from streams.fault_injection import Control, disabled
from streams.runtime.errors import Permanent, WritebackError
from streams.settings import ProgramSettings

READ_S: Final = 30.0
"""For the patient's open charges."""
_SQL: Final = named_queries("sinks.operations.actions", "allocate_entry.sql")
_PLACING: Final = named_queries("sinks.poster", "balance_reads.sql")
_pack: Final = msgspec.json.encode


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it is laid, or would be."""

    id: str
    entry_kind: str
    amount_minor: int
    currency: str
    charges: tuple[tuple[str, int], ...]
    """None: a prepayment."""


class AllocationDone(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    subject: str
    currency: str
    total_minor: int
    """What counts toward the balance: the payment and its fee adjustment."""
    open_charges: tuple[Charge, ...]
    entries: tuple[Laid, ...] = ()
    """None where no charge was named: then the open charges are only shown."""


class _ToAllocate(msgspec.Struct, frozen=True, kw_only=True):
    effect_id: int
    source: str
    event_id: str
    subject: str
    part: str
    state: State
    reason: str
    holds: tuple[State, ...]
    amount_minor: int
    instruction: Instruction
    placement: Placement | None
    depends_on: int | None
    connection_id: str
    lane: str
    request_id: str
    generation: int
    target: Target
    pms_patient_id: str | None

    def patient(self, practice_id: str) -> PatientAtTarget:
        return PatientAtTarget(
            practice_id=practice_id,
            connection_id=self.connection_id,
            lane=self.lane,
            pms_patient_id=self.pms_patient_id,
            effect_id=self.effect_id,
        )

    def as_part(self) -> EffectPart:
        order = msgspec.structs.replace(self.instruction, allocation=Allocation.ALLOCATE)
        return EffectPart(
            effect_id=self.effect_id,
            part=self.part,
            amount_minor=self.amount_minor,
            instruction=order,
            depends_on=self.depends_on,
        )


async def allocate_entry(
    ledger: Ledger,
    settings: ProgramSettings,
    practice_id: str,
    effect_id: int,
    charges: Sequence[NamedCharge],
    order: Order,
    seen: Mapping[int, str] = NOTHING_SEEN,
) -> AllocationDone:
    """Show the patient's open charges, or lay the entry on the named ones. Blocks for the read and the lock.

    1. who may, and why. 2. read at the target, outside any transaction. 3. under the practice's lock: judge, place,
    audit. Raises as `acting`, Permanent for an entry that is not to be allocated, ConfigurationError for a charge that
    is not open, WritebackError where the target cannot be read, something of the patient was posted meanwhile, or the
    entry or its fee adjustment is not the version that was `seen`.
    """
    authorise(order, Action.ENTRY_ALLOCATE, practice_id)
    check_practice(ledger.connection, practice_id)
    payment, _ = _found(ledger, practice_id, effect_id)
    before = before_read(ledger, payment.patient(practice_id))
    target = open_stored(ledger, adapter_context(settings, "entries"), practice_id, Target.PMS)
    try:
        read = await _read(target, practice_id, payment)
        exactly = target.capabilities.allocation_follows
    finally:
        await target.close()
    if not charges:
        payment, companion = _found(ledger, practice_id, effect_id)
        return _done(practice_id, payment, companion, still_open(ledger, payment.patient(practice_id), read))
    with acting(ledger, order, Action.ENTRY_ALLOCATE, practice_id) as act:
        payment, companion = _found(ledger, practice_id, effect_id)
        locked = act.unit.lock_effects([each.effect_id for each in (payment, companion) if each is not None])
        payment, companion = _found(ledger, practice_id, effect_id)
        for each in changed_since(units(ledger.connection, practice_id, [effect_id], act.at), seen).values():
            raise WritebackError(f"{each.id} was changed since you looked at it: look at it again")
        patient = payment.patient(practice_id)
        read = still_open(ledger, patient, read)
        # After what is unfinished was counted: an entry that is confirmed between the two is seen by the second.
        if posted_since(ledger, patient, before) and not disabled(Control.POSTED_SINCE_READ):
            raise WritebackError("a payment of this patient was posted meanwhile: look at the open charges and repeat")
        chosen = chosen_charges(charges, read, _total(payment, companion))
        allocated = allocate(
            payment.as_part(),
            None if companion is None else companion.as_part(),
            chosen,
            patient=payment.pms_patient_id or "",
            exactly=exactly,
            by_hand=True,
        )
        act.unit.move(_released(act, locked))
        added = _store(act, payment, allocated)
        laid = (*(_laid(each.effect_id or 0, each) for each in allocated.changed), *added)
        act.audit(
            subject=f"e:{effect_id}",
            before={"states": {f"e:{each.effect_id}": each.state for each in locked}},
            after={"ids": [each.id for each in laid], "charges": {each.id: list(each.charges) for each in laid}},
        )
    return msgspec.structs.replace(_done(practice_id, payment, companion, read), entries=laid)


def _found(ledger: Ledger, practice_id: str, effect_id: int) -> tuple[_ToAllocate, _ToAllocate | None]:
    parameters = {"practice_id": practice_id, "effect_id": effect_id}
    rows = {each.effect_id: each for each in fetch_all(ledger.connection, _ToAllocate, _SQL["to_allocate"], parameters)}
    payment = rows.pop(effect_id, None)
    if payment is None or State.AWAITING_ALLOCATION not in payment.holds:
        raise Permanent(f"e:{effect_id} does not wait to be allocated: see `writeback entries list {practice_id}`")
    if payment.instruction.entry_kind is not EntryKind.PAYMENT or payment.reason == DecisionReason.CLAIM_NOT_NAMED:
        raise Permanent(f"e:{effect_id} belongs to an insurance claim: enter it by hand, then record it")
    if payment.pms_patient_id is None:
        raise Permanent(f"e:{effect_id}: its patient is not linked: `writeback link` first")
    return payment, next(iter(rows.values()), None)


async def _read(target: PaymentTarget, practice_id: str, payment: _ToAllocate) -> Prepared:
    if EntryKind.ALLOCATION not in target.capabilities.entry_kinds:
        raise Permanent("the practice's system cannot lay a payment on charges: enter it by hand, then record it")
    entry = TargetEntry(
        practice_id=practice_id,
        connection_id=payment.connection_id,
        effect_id=payment.effect_id,
        generation=payment.generation,
        request_id=payment.request_id,
        marker=marker(payment.request_id),
        earlier_markers=(),
        instruction=payment.as_part().instruction,
        pms_patient_id=payment.pms_patient_id,
        sent_at=None,
        part=payment.part,
    )
    read = await target.prepare(entry, READ_S)
    if isinstance(read, ReadFailed):
        why = read.code if read.reason is None else read.reason.value
        raise WritebackError(f"the open charges of {practice_id}'s patient cannot be read now ({why}): try again later")
    return read


def _released(act: Act, locked: Sequence[LockedEffect]) -> list[Move]:
    """A person who says where it goes has approved it too."""
    paused = not master_on(act.cursor, act.practice_id, act.at)
    moves = []
    for effect in locked:
        holds = tuple(each for each in effect.holds if each not in RELEASED_BY_ALLOCATING)
        state = first_unmet(holds, needs_link=True, linked=True, paused=paused)
        if state is not State.SCHEDULED:
            raise Permanent(
                f"e:{effect.effect_id} waits for more than its allocation ({state}): allocate it after that"
            )
        moves.append(move_of(effect, state, holds=holds, due_at=max(effect.due_at, act.at)))
    return moves


def _store(act: Act, payment: _ToAllocate, allocated: Allocated) -> list[Laid]:
    """As the poster stores what it read just before posting (law 18)."""
    key = {"practice_id": act.practice_id, "effect_id": payment.effect_id, "now": act.at}
    changed = [
        {
            "n": each.effect_id,
            "amount_minor": each.amount_minor,
            "instruction": each.instruction,
            "placement": each.placement,
        }
        for each in allocated.changed
    ]
    act.cursor.execute(_PLACING["change"], key | {"items": _pack(changed).decode()})
    if not allocated.added:
        return []
    count = len(allocated.added)
    first = fetch_value(act.cursor, _PLACING["take_numbers"], key | {"count": count}) - count + 1
    rows = [_row(act, payment, each, first + place) for place, each in enumerate(allocated.added)]
    act.cursor.execute(_PLACING["add_parts"], key | {"items": _pack(rows).decode()})
    return [_laid(first + place, each) for place, each in enumerate(allocated.added)]


def _row(act: Act, payment: _ToAllocate, part: EffectPart, effect_id: int) -> dict[str, Any]:
    kind = part.entry_kind
    new = (act.practice_id, payment.source, payment.event_id, payment.target.value, kind.value, part.part, 1)
    return {
        "n": effect_id,
        "entry_kind": kind.value,
        "part": part.part,
        "depends_on": part.depends_on,
        "amount_minor": part.amount_minor,
        "instruction": part.instruction,
        "placement": part.placement,
        "request_id": request_id(*new),
    }


def _laid(effect_id: int, part: EffectPart) -> Laid:
    return Laid(
        id=f"e:{effect_id}",
        entry_kind=part.entry_kind.value,
        amount_minor=part.amount_minor,
        currency=part.instruction.currency,
        charges=() if part.placement is None else part.placement.shares,
    )


def _done(practice_id: str, payment: _ToAllocate, companion: _ToAllocate | None, read: Prepared) -> AllocationDone:
    return AllocationDone(
        practice_id=practice_id,
        subject=payment.subject,
        currency=payment.instruction.currency,
        total_minor=_total(payment, companion),
        open_charges=read.charges,
    )


def _total(payment: _ToAllocate, companion: _ToAllocate | None) -> int:
    return payment.amount_minor + (0 if companion is None else companion.amount_minor)
