"""Groups of practices: makes one known, changes what its practices inherit, and brings practices in and out (SUP-2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sinks.ledger.practices.settings import group_membership, groups
from sinks.ledger.practices.settings.fields import Fields, check_name, parse_changes
from sinks.ledger.practices.settings.follow_group import GroupChange
from sinks.ledger.practices.settings.group_membership import Leaving
from sinks.ledger.practices.settings.groups import Edit
from sinks.ledger.practices.settings.inheritance import Group, checked_values
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.practices.staff_text import checked_text
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger

__all__ = [
    "GroupChange",
    "add_organisation",
    "join_organisation",
    "leave_organisation",
    "lock_values",
    "set_values",
    "unlock_values",
]


def add_organisation(ledger: Ledger, organisation: str, name: str | None, order: Order) -> str:
    """Make a group known, without values and practices; answers its id. Blocks. ConfigurationError if it is known."""
    authorise(order, Action.ORGANISATION_ADD)
    known = checked_id("ORGANISATION", organisation)
    checked_text("--name", name or "")
    with ledger.connection.transaction(force_rollback=not order.apply):
        groups.add(ledger.connection, known, name, order.saving(), clock=ledger.clock)
    return known


def set_values(
    ledger: Ledger,
    organisation: str,
    changes: Collection[str],
    unset: Collection[str],
    order: Order,
    *,
    effective_from: datetime | None = None,
) -> Sequence[GroupChange]:
    """Set values that the practices inherit (`field=value`), and leave others to them. Given none, brings practices
    that are behind to the group's values. Answers what changes at each practice."""
    values, removed = checked_values(parse_changes(changes)), {check_name(field) for field in unset}

    def edit(group: Group) -> tuple[Fields, Collection[str]]:
        kept = {field: value for field, value in (group.fields | values).items() if field not in removed}
        return kept, [field for field in group.locked if field not in removed]

    return _save(ledger, organisation, edit, Action.ORGANISATION_SET, order, effective_from)


def lock_values(ledger: Ledger, organisation: str, fields: Collection[str], order: Order) -> Sequence[GroupChange]:
    """Lock values: no practice may have one of its own. Answers what changes at each practice."""
    named = {check_name(field) for field in fields}
    return _save(
        ledger, organisation, lambda group: (group.fields, {*group.locked, *named}), Action.ORGANISATION_LOCK, order
    )


def unlock_values(ledger: Ledger, organisation: str, fields: Collection[str], order: Order) -> Sequence[GroupChange]:
    """Let practices have values of their own again; none changes by it."""
    named = {check_name(field) for field in fields}
    return _save(
        ledger, organisation, lambda group: (group.fields, {*group.locked} - named), Action.ORGANISATION_UNLOCK, order
    )


def join_organisation(
    ledger: Ledger, organisation: str, practice_id: str, keep: Collection[str], order: Order
) -> GroupChange:
    """Bring a practice into a group: it takes the group's values but for those it keeps. Blocks. Raises as `acting`
    and `group_membership.join`."""
    authorise(order, Action.ORGANISATION_JOIN, organisation_id=organisation)
    with acting(ledger, order, Action.ORGANISATION_JOIN, practice_id):
        return group_membership.join(
            ledger.connection,
            organisation,
            practice_id,
            keep,
            order.saving(),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
            dry_run=not order.apply,
        )


def leave_organisation(ledger: Ledger, practice_id: str, order: Order) -> Leaving:
    """Take a practice out of its group. Its settings stay as they are, and are its own. Blocks. Raises as `acting`."""
    with acting(ledger, order, Action.ORGANISATION_LEAVE, practice_id):
        return group_membership.leave(
            ledger.connection, practice_id, order.saving(), clock=ledger.clock, dry_run=not order.apply
        )


def _save(
    ledger: Ledger,
    organisation: str,
    edit: Edit,
    action: Action,
    order: Order,
    effective_from: datetime | None = None,
) -> Sequence[GroupChange]:
    """A group's practices are many, so each page of them is a transaction of its own, and the preview reads page by
    page under their locks. A crash in between is continued by the same command."""
    authorise(order, action, organisation_id=organisation)
    if order.apply:
        return groups.save(
            ledger.connection,
            organisation,
            edit,
            order.saving(),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
            action=action,
            effective_from=effective_from,
        )
    with ledger.connection.cursor() as cursor:
        group = groups.edited(cursor, organisation, edit)
    return groups.preview(ledger.connection, group, effective_from=effective_from, clock=ledger.clock)
