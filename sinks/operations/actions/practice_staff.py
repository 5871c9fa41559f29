"""Adds a person to a practice's staff and takes them out again, by who administers the practice (H-21)."""

from __future__ import annotations

from collections.abc import Sequence

from sinks.operations.acting import Order
from sinks.operations.actions.users import Where, add_user, change_roles
from sinks.operations.ledger import Ledger
from sinks.operations.queries.users import ListedUser, list_users, user_named
from sinks.operations.roles import Role, may_grant
from streams.runtime.errors import ConfigurationError, Permanent


def add_staff(
    ledger: Ledger,
    practice_id: str,
    name: str,
    roles: Sequence[Role],
    order: Order,
    full_name: str | None = None,
    email: str | None = None,
    *,
    signs_in: bool = False,
) -> ListedUser:
    """Make a person known where nobody has, and give them these roles at the practice; done again after a crash, it
    goes on. Blocks. Raises as `add_user` and `change_roles`; Permanent for a role that the actor may not give."""
    if not roles:
        raise ConfigurationError("give at least one role: without one nobody may do anything")
    for role in roles:
        if not may_grant(order.actor.grants, role, practice_id):
            raise Permanent(f"{order.actor.name} may not give or take the role {role} there")
    if _is_known(ledger, name):
        return change_roles(ledger, name, Where(practice_id=practice_id), order, give=roles, signs_in=signs_in)
    add_user(ledger, name, order, full_name, email, practice_id)
    return change_roles(ledger, name, Where(practice_id=practice_id), order, give=roles)


def remove_staff(ledger: Ledger, practice_id: str, name: str, order: Order) -> tuple[Role, ...]:
    """Take every role that the person was given at this practice; what they may do elsewhere, and what they did, stays.
    Blocks. Raises as `change_roles`; ConfigurationError for somebody with no role of this practice's own."""
    here = [each for each in list_users(ledger.connection, practice_id) if each.user.name == name]
    roles = tuple(grant.role for each in here for grant in each.grants if grant.practice_id == practice_id)
    if not roles:
        raise ConfigurationError(f"{name} has no role that was given at this practice")
    change_roles(ledger, name, Where(practice_id=practice_id), order, take=roles)
    return roles


def _is_known(ledger: Ledger, name: str) -> bool:
    try:
        user_named(ledger.connection, name)
    except ConfigurationError:
        return False
    return True
