"""Which practices a connection sees that serves a person (H-14). Pure."""

from __future__ import annotations

from sinks.ledger.practices.settings.groups import audit_key
from sinks.ledger.schema.walls import EVERYTHING
from sinks.operations.acting import Actor
from sinks.operations.roles import View, may

Scope = frozenset[str]
"""Practices, and groups by the name of their trail; EVERYTHING alone: all."""


def scope_of(actor: Actor, practice_id: str | None = None) -> Scope:
    """Every practice and group that a grant reaches; with a practice, that one, where its payments may be seen."""
    if practice_id is not None:
        return frozenset({practice_id}) if may(actor.grants, View.TRANSACTIONS, practice_id) else frozenset()
    if any(each.practices is None for each in actor.grants):
        return frozenset({EVERYTHING})
    groups = {audit_key(each.organisation_id) for each in actor.grants if each.organisation_id is not None}
    return frozenset(groups.union(*(each.practices or () for each in actor.grants)))
