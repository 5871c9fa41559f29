"""Whom the operations see behind an account that is signed in: the one seam between sign-in and rights."""

from __future__ import annotations

from typing import Any

import msgspec

from sinks.operations.acting import Actor, Order
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.queries.organisations import ListedGroup, list_organisations
from sinks.operations.queries.practices import ListedPractice, list_practices
from sinks.operations.queries.users import actor_of
from sinks.operations.roles import Action, Operation, View, may
from streams.runtime.errors import ConfigurationError, Permanent


class Rights(msgspec.Struct, frozen=True):
    """What the person behind an account may see and do, as their roles are now."""

    actor: Actor

    @property
    def name(self) -> str:
        return self.actor.name

    @property
    def sees_health(self) -> bool:
        """Of every practice: the operators' pages."""
        return self.may(View.HEALTH)

    def may(self, operation: Operation, practice_id: str | None = None, organisation_id: str | None = None) -> bool:
        """Whether it is shown; the operations ask again when it is done."""
        return may(self.actor.grants, operation, practice_id, organisation_id)

    def may_at_group(self, action: Action, organisation_id: str) -> bool:
        return may(self.actor.grants, action, organisation_id=organisation_id)

    def may_see_group(self, organisation_id: str) -> bool:
        return may(self.actor.grants, View.SETTINGS, organisation_id=organisation_id)

    @property
    def sees_groups(self) -> bool:
        """Whether any group is theirs to see."""
        return any(each.practices is None or each.organisation_id is not None for each in self.actor.grants)

    def opens(self, practice_id: str) -> bool:
        return self.may(View.TRANSACTIONS, practice_id)

    def order(self, reason: str, *, apply: bool) -> Order:
        """What this person asks of an action; the trail keeps their name. Raises ConfigurationError for a reason that
        may not be kept."""
        return Order(actor=self.actor, reason=reason, apply=apply)


def rights_of(connection: Connection, account: Any) -> Rights:
    """Of a signed-in account: those of the user of the same name. None for a name that the operations do not know, or
    that is disabled. Blocks for up to three statements."""
    name = account.get_username()
    try:
        return Rights(actor_of(connection, name))
    except (ConfigurationError, Permanent):
        return Rights(Actor(name, ()))


def practices_of(ledger: Ledger, rights: Rights, most: int) -> list[ListedPractice]:
    """Those that the person may open, by id, among `most` that are known. Blocks for one statement."""
    return [each for each in list_practices(ledger.connection, most) if rights.opens(each.practice_id)]


def groups_of(ledger: Ledger, rights: Rights) -> list[ListedGroup]:
    """Those of which the person sees every practice's payments. Blocks for one statement."""
    found = list_organisations(ledger.connection)
    return [each for each in found if each.practices and rights.may(View.TRANSACTIONS, None, each.organisation_id)]


__all__ = ["Action", "Rights", "View", "groups_of", "practices_of", "rights_of"]
