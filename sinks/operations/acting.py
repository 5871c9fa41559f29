"""The frame of every action of a person: who may do it and why, shown first, done under its lock, audited.

A preview is the action itself in a transaction that is rolled back, so it says exactly what would happen, and refuses
what would be refused. Where an action cannot be undone, because it sends something, its own module says what the
preview is; who, why and whether they may is asked here all the same (`authorise`). The lock is the practice's; an
action on an organisation takes that of each member practice, one on the whole ledger none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from sinks.operations.ledger import Ledger
from streams.runtime.errors import ConfigurationError, Permanent


class Action(StrEnum):
    """Everything that a person can do. The audit trail knows most of it by this name."""

    ENTRY_POST = "entry.post"
    ENTRY_RECORD = "entry.record"
    ENTRY_DISMISS = "entry.dismiss"
    ENTRY_ALLOCATE = "entry.allocate"
    ENTRY_HOLD = "entry.hold"
    ENTRY_RELEASE = "entry.release"
    ENTRY_RETRY = "entry.retry"
    ENTRY_ASSIGN = "entry.assign"
    DEAD_LETTER_REDRIVE = "dead_letter.redrive"
    DEAD_LETTER_DISMISS = "dead_letter.dismiss"
    DIFFERENCE_DISMISS = "payout_difference.dismiss"
    DIFFERENCE_ACCEPT = "payout_difference.accept"
    CHANGE_ACCEPT = "entry_change.accept"
    BACKFILL = "backfill"
    GOLIVE_CHECK = "golive.check"
    PRACTICE_ADD = "practice.add"
    PRACTICE_SET = "practice.set"
    PRACTICE_ENTITLE = "practice.entitle"
    PRACTICE_WITHDRAW = "practice.withdraw"
    CONTACT_SET = "contact.set"
    CONTACT_REMOVE = "contact.remove"
    NOTICE_ACKNOWLEDGE = "notice.acknowledge"
    SETTINGS_SAVE = "settings.save"
    SETTINGS_WITHDRAW = "settings.withdraw"
    CONNECTION_SAVE = "target.add"
    CONNECTION_REPLACE = "target.replace"
    CONNECTION_SHARE = "target.share"
    QUICKBOOKS_CONNECT = "quickbooks.connect"
    QUICKBOOKS_MAP = "quickbooks.map"
    QUICKBOOKS_DISCONNECT = "quickbooks.disconnect"
    QUICKBOOKS_UNDO = "quickbooks.undo"
    QUICKBOOKS_ATTACH = "quickbooks.attach"
    PATIENT_LINK = "patient.link"
    PATIENT_UNLINK = "patient.unlink"
    PATIENT_MOVE = "patient.move"
    ORGANISATION_ADD = "organisation.add"
    ORGANISATION_SET = "organisation.set"
    ORGANISATION_LOCK = "organisation.lock"
    ORGANISATION_UNLOCK = "organisation.unlock"
    ORGANISATION_JOIN = "organisation.join"
    ORGANISATION_LEAVE = "organisation.leave"
    RETENTION_RUN = "retention.run"
    AUDIT_PROTECT = "audit.protect"
    LEDGER_RESTORED = "ledger.restored"


class Role(StrEnum):
    OPERATOR = "operator"
    """Until practices have users of their own: whoever can start this program on its ledger, by the name they give."""


_ALLOWED: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType({Role.OPERATOR: frozenset(Action)})


class Actor(msgspec.Struct, frozen=True):
    """A person, by the name under which the audit trail keeps what they did."""

    name: str
    role: Role = Role.OPERATOR


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


def authorise(order: Order, action: Action) -> None:
    """The one place that decides who may do what. Pure.

    Raises Permanent for an actor who may not, and ConfigurationError for an order that is to be applied without a name
    or a reason: both stand in the audit trail.
    """
    if action not in _ALLOWED[order.actor.role]:
        raise Permanent(f"{order.actor.name} may not do this ({action}): ask somebody whose role is allowed to")
    if order.apply and not order.reason.strip():
        raise ConfigurationError("--yes needs --why TEXT: the reason is kept in the audit trail")
    if order.apply and not order.actor.name.strip():
        raise ConfigurationError("--yes needs --by NAME: the name is kept in the audit trail")


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
    authorise(order, action)
    unit = unit_of_work(ledger.connection, practice_id, clock=ledger.clock, jitter_s=ledger.jitter_s, added=added)
    with ledger.connection.transaction(force_rollback=not order.apply), unit as work:
        yield Act(work, order, action)
