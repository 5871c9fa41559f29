"""Moves a practice from one system to another: what is posted stays, what is open goes along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from processors.rules.lifecycle.waiting_state import first_unmet, needs_link, stops_for_master
from schemas.vocabulary import DEAD, UNMET_ORDER, DecisionReason, EntryKind, State
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.check_move import check_move, check_shared, comes_back_elsewhere
from sinks.ledger.practices.connections import (
    ConnectionInput,
    refuse_shared,
)
from sinks.ledger.practices.settings.capabilities import entry_kinds
from sinks.ledger.request_ids import request_id
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.unit_of_work import UnitOfWork
from sinks.ledger.waiting.reevaluate import master_on
from streams.fault_injection import Control, disabled
from streams.runtime.errors import ConfigurationError

_CONNECTIONS: Final = named_queries("sinks.ledger.practices", "connections.sql")
_SQL: Final = named_queries("sinks.ledger.practices", "replacement.sql")
_WAITING: Final = named_queries("sinks.ledger.waiting")
_OF_THE_FORMER_ROUTE: Final = frozenset({DecisionReason.NOT_BY_THIS_ROUTE, DecisionReason.CONNECTION_REPLACED})


class OpenEntries(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides about the open entries."""

    post_from: date | None
    """Those of this ledger day and later are posted to the new system; None: people enter all of them."""


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """What was moved, or in a preview would be. Counts of entries."""

    former: str
    connection_id: str
    moved: int
    """Go to the new connection, which posts them once they wait for nothing else."""
    by_hand: int
    """Stay on the work list: by decision, or because they follow an entry that stands in the former system."""
    dead: int
    """Stand dead, and stay so: people end them."""
    links_forgotten: int
    links_made: int


class _Open(msgspec.Struct, frozen=True):
    effect_id: int
    depends_on: int | None
    ledger_date: date
    follows_booked: bool
    laid_by_hand: bool
    office_level: bool
    linked: bool
    settled: bool


def replace_connection(
    unit: UnitOfWork,
    given: ConnectionInput,
    former: str,
    entries: OpenEntries,
    links: Mapping[str, str],
    *,
    actor: str,
    why: str | None,
    shared_with: str | None = None,
) -> Replaced:
    """Point the practice to another connection, in its unit of work: its own, or that of the practice `shared_with`,
    which `given` then is (`sharing.shared_input`) and which stays as it is. Blocks.

    1. Lock the gates, so that no poster marks meanwhile; refuse while the outcome of anything at the former connection
    is not known (law 19). 2. The new connection, and nobody holds the former one any more; one of another practice,
    which this one only shares, is left to that, and only this practice's gate is taken away. 3. Links: the former
    system's numbers are kept with it, and mean nothing in the new one; `links` are those of the new. 4. Open entries:
    one that follows an entry in the former books stays there for people (E-9 c); any other goes along, composed anew,
    to be posted or to be entered by hand as a person decided, and never both. 5. Audit. Raises ConfigurationError that
    says what to do.
    """
    unit.lock_gates([given.connection_id])
    fields = _fields(given, former, actor) | {"points_to": shared_with or given.practice_id}
    connected = check_move(unit, given, former, fields, shared_with)
    fields["home"] = connected.home_practice_id
    if shared_with is None:
        refuse_shared(unit.cursor, given, connected)
        _save(unit, given, fields)
    else:
        check_shared(unit, given, shared_with, fields)
    _point(unit, fields, leaves_its_own=connected.home_practice_id == given.practice_id)
    forgotten, made = _link_anew(unit, fields, links)
    found = fetch_all(unit.cursor, _Open, _SQL["open_at"], fields)
    locked = unit.lock_effects([each.effect_id for each in found], connections=[given.connection_id])
    moves = _Moves(unit, given, entries, {each.effect_id: each for each in found})
    moving = [move for effect in locked if (move := moves.of(effect)) is not None]
    unit.move(moving)
    released = [move.effect_id for move in moving if move.was in DEAD]
    unit.cursor.execute(_SQL["settle_replaced"], fields | {"effect_ids": released, "at": unit.at})
    unit.refresh_gates([former, given.connection_id])
    done = Replaced(
        former=former,
        connection_id=given.connection_id,
        moved=sum(each.connection_id is not None for each in moving),
        by_hand=sum(each.connection_id is None for each in moving),
        dead=len(found) - len(moving),
        links_forgotten=forgotten,
        links_made=made,
    )
    unit.audit(
        "target.replace",
        actor=actor,
        why=why,
        subject=given.connection_id,
        before={"connection": former, "base_url": connected.base_url, "config": connected.config},
        after=msgspec.to_builtins(done)
        | {
            "home": shared_with or given.practice_id,
            "base_url": given.base_url,
            "config": given.config,
            "post_from": None if entries.post_from is None else entries.post_from.isoformat(),
        },
    )
    return done


def _fields(given: ConnectionInput, former: str, actor: str) -> dict[str, Any]:
    values = {"target": given.target.value, "config": Jsonb(given.config), "actor": actor, "former": former}
    return msgspec.structs.asdict(given) | values


def _save(unit: UnitOfWork, given: ConnectionInput, fields: Mapping[str, Any]) -> None:
    earlier = fetch_value(unit.cursor, _SQL["earlier_account"], fields)
    if earlier is None:
        if given.secret is None and given.needs_secret:
            raise ConfigurationError("a new connection needs its secrets: give --secrets FILE, or - for standard input")
        unit.cursor.execute(_CONNECTIONS["add_connection"], fields)
    elif earlier == given.fingerprint:
        unit.cursor.execute(_CONNECTIONS["change_connection"], fields)
    else:
        raise comes_back_elsewhere(given)


def _point(unit: UnitOfWork, fields: Mapping[str, Any], *, leaves_its_own: bool) -> None:
    unit.cursor.execute(_SQL["point_to"], fields)
    unit.cursor.execute(_CONNECTIONS["open_gate"], fields)
    former = {"practice_id": fields["practice_id"], "connection_id": fields["former"]}
    if leaves_its_own:
        unit.cursor.execute(_CONNECTIONS["fence_connection"], former)
    unit.cursor.execute(_CONNECTIONS["fence_gate"], former)


def _link_anew(unit: UnitOfWork, fields: Mapping[str, Any], links: Mapping[str, str]) -> tuple[int, int]:
    at = {**fields, "now": unit.at}
    unit.cursor.execute(_SQL["keep_former_links"], at)
    unit.cursor.execute(_SQL["forget_links"], at)
    forgotten = unit.cursor.rowcount
    if links:
        unit.cursor.execute(_SQL["put_links"], {**at, "patient_refs": list(links), "numbers": list(links.values())})
    return forgotten, len(links)


class _Moves:
    """What becomes of each open entry, by what a person decided and what the new connection writes."""

    def __init__(
        self, unit: UnitOfWork, given: ConnectionInput, entries: OpenEntries, found: Mapping[int, _Open]
    ) -> None:
        """Reads the switches. Blocks for two statements; the rest is pure."""
        self._given = given
        self._post_from = entries.post_from
        self._found = found
        self._at = unit.at
        self._writes: Collection[EntryKind] = entry_kinds(given.capabilities)
        entitled = fetch_value(unit.cursor, _WAITING["entitled"], {"practice_id": unit.practice_id})
        self._entitled = bool(entitled)
        self._paused = not master_on(unit.cursor, unit.practice_id, unit.at)

    def of(self, effect: LockedEffect) -> Move | None:
        """None: it stands dead, and stays so: a person ends it where it is."""
        found = self._found[effect.effect_id]
        root = self._root(effect.effect_id)
        follows = found.follows_booked and not disabled(Control.ORIGIN_STAYS)
        goes = not follows and found.settled and root.settled and self._is_posted(root)
        if effect.state in DEAD:
            writes = effect.entry_kind in self._writes
            return self._along(effect, State.SCHEDULED, effect.holds) if goes and writes else None
        return self._going(effect, found) if goes else self._staying(effect)

    def _going(self, effect: LockedEffect, found: _Open) -> Move:
        """To the new connection. What the former route alone did not write, the new one does if it can."""
        writes = effect.entry_kind in self._writes
        holds = set(effect.holds)
        if effect.reason is DecisionReason.NOT_BY_THIS_ROUTE:
            holds.discard(State.AWAITING_MANUAL_POST)
        if found.laid_by_hand and EntryKind.ALLOCATION in self._writes:
            holds.add(State.AWAITING_ALLOCATION)
        if not writes:
            holds.add(State.AWAITING_MANUAL_POST)
        stops = self._paused and stops_for_master(effect.target, effect.entry_kind)
        state = first_unmet(
            holds,
            needs_link=writes and needs_link(effect.target, office_level=found.office_level),
            linked=found.linked,
            paused=not self._entitled or stops,
        )
        return self._along(effect, state, _ordered(holds))

    def _along(self, effect: LockedEffect, state: State, holds: tuple[State, ...]) -> Move:
        """Composed anew, under another request id: the former system's numbers and charges mean nothing here."""
        identity = (effect.practice_id, effect.source, effect.event_id, effect.target, effect.entry_kind, effect.part)
        generation = effect.generation + 1
        former_reason = effect.planned_reason or effect.reason
        of_the_route = effect.state in DEAD or former_reason in _OF_THE_FORMER_ROUTE
        reason = effect.planned_reason or (DecisionReason.BACKFILLED if of_the_route else effect.reason)
        return move_of(
            effect,
            state,
            reason=DecisionReason.NOT_BY_THIS_ROUTE if effect.entry_kind not in self._writes else reason,
            holds=holds,
            due_at=max(effect.due_at, self._at) if effect.state in DEAD else effect.due_at,
            connection_id=self._given.connection_id,
            generation=generation,
            request_id=request_id(*identity, generation),
            attempts=0,
            clears=(Clears.PAYLOAD, Clears.PLACEMENT, Clears.FAILING_SINCE, Clears.PLANNED_REASON),
        )

    def _staying(self, effect: LockedEffect) -> Move:
        """On the work list: nothing is posted to the former system any more."""
        holds = _ordered({*effect.holds, State.AWAITING_MANUAL_POST})
        state = first_unmet(holds, needs_link=False, linked=True, paused=False)
        reason = effect.reason if effect.state is State.AWAITING_MANUAL_POST else DecisionReason.CONNECTION_REPLACED
        return move_of(effect, state, reason=reason, holds=holds)

    def _root(self, effect_id: int) -> _Open:
        """The entry that decides for it: what hangs on another open one goes the way of that."""
        found = self._found[effect_id]
        while found.depends_on is not None and found.depends_on in self._found:
            found = self._found[found.depends_on]
        return found

    def _is_posted(self, found: _Open) -> bool:
        return self._post_from is not None and found.ledger_date >= self._post_from


def _ordered(holds: Collection[State]) -> tuple[State, ...]:
    return tuple(each for each in UNMET_ORDER if each in holds)
