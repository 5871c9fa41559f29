"""The frame of every action of a person: who may do it and why, shown first, done under its lock, audited.

A preview is the action itself in a transaction that is rolled back, so it says exactly what would happen, and refuses
what would be refused. Where an action cannot be undone, because it sends something, its own module says what the
preview is; who, why and whether they may is asked here all the same (`authorise`). The lock is the practice's; an
action on an organisation takes that of each member practice, one on the whole ledger none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from sinks.operations.ledger import Ledger
from sinks.operations.roles import OF_THE_MACHINE, Action, Grant, Operation, View, may
from streams.runtime.errors import ConfigurationError, Permanent

__all__ = ["Act", "Action", "Actor", "Order", "acting", "authorise", "authorise_view"]


class Actor(msgspec.Struct, frozen=True):
    """A person, by the name under which the audit trail keeps what they did, with what they were granted."""

    name: str
    grants: tuple[Grant, ...] = OF_THE_MACHINE


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for: who, why, and whether it is to be done or only shown.

    ConfigurationError for a text that may not be kept: no card number, one printable line.
    """

    actor: Actor
    reason: str = ""
    apply: bool = False
    """False: a preview, which changes nothing."""

    def __post_init__(self) -> None:
        checked_text("--by", self.actor.name)
        checked_text("--why", self.reason)

    def saving(self, without_golive: str | None = None) -> Saving:
        """Who and why as the ledger's own functions take them; a preview needs no reason, and keeps none."""
        reason = self.reason if self.apply else self.reason or "preview"
        return Saving(actor=self.actor.name, reason=reason, without_golive=without_golive)


def authorise(order: Order, action: Action, practice_id: str | None = None, organisation_id: str | None = None) -> None:
    """The one place that decides who may do what. Pure. Without a practice or a group: at every one.

    Raises Permanent for an actor who may not, and ConfigurationError for an order that is to be applied without a name
    or a reason: both stand in the audit trail.
    """
    _refuse(order.actor, action, practice_id, organisation_id)
    if order.apply and not order.reason.strip():
        raise ConfigurationError("--yes needs --why TEXT: the reason is kept in the audit trail")
    if order.apply and not order.actor.name.strip():
        raise ConfigurationError("--yes needs --by NAME: the name is kept in the audit trail")


def authorise_view(
    actor: Actor, view: View, practice_id: str | None = None, organisation_id: str | None = None
) -> None:
    """The same of what somebody wants to see. Pure. Raises Permanent."""
    _refuse(actor, view, practice_id, organisation_id)


def _refuse(actor: Actor, operation: Operation, practice_id: str | None, organisation_id: str | None) -> None:
    if may(actor.grants, operation, practice_id, organisation_id):
        return
    where = practice_id or organisation_id
    at = f" at {where}" if where else ""
    raise Permanent(f"{actor.name} may not do this{at} ({operation}): ask somebody whose role is allowed to")


class Act:
    """One transaction of an action, in the ledger's unit of work: the practice's lock is held to its end."""

    def __init__(self, unit: UnitOfWork, order: Order, action: Action) -> None:
        self.unit = unit
        self.order = order
        self._action = action

    @property
    def cursor(self) -> psycopg.Cursor[TupleRow]:
        return self.unit.cursor

    @property
    def practice_id(self) -> str:
        return self.unit.practice_id

    @property
    def at(self) -> datetime:
        """Business time, read after the wait for the locks."""
        return self.unit.at

    def audit(
        self,
        *,
        subject: str | None = None,
        before: Any = None,
        after: Any = None,
        action: str | None = None,
    ) -> None:
        """The action's entry in the audit trail; `action` where the trail knows it by another name."""
        self.unit.audit(
            action or self._action,
            actor=self.order.actor.name,
            why=self.order.reason,
            subject=subject,
            before=before,
            after=after,
        )


@contextmanager
def acting(ledger: Ledger, order: Order, action: Action, practice_id: str, *, added: bool = True) -> Iterator[Act]:
    """The transaction in which an action is judged, done and audited; committed only if the order says to apply it.

    1. Who may, and why (`authorise`). 2. The unit of work: lock the practice's row, so that whoever else writes its
    ledger waits; read business time after that. 3. The caller's work, judged on what stands now, with its audit entry.
    4. Results and gates. 5. Commit; roll back where the order is a preview, or where the work raised. Blocks for the
    lock.

    Raises ConfigurationError that names the nearest practice for an unknown one; `added` False lets through what
    nobody has added: records of a practice that is not known by its right name.
    """
    authorise(order, action, practice_id)
    unit = unit_of_work(ledger.connection, practice_id, clock=ledger.clock, jitter_s=ledger.jitter_s, added=added)
    with ledger.connection.transaction(force_rollback=not order.apply), unit as work:
        yield Act(work, order, action)
