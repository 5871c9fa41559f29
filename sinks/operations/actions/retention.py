"""Deletes what the ledger need not keep any more: shown first, then done by a named person.

INTAKE does the same by itself, an hour at most after something expired; this is for whoever wants it now, or sooner.
"""

from __future__ import annotations

from typing import Final

from sinks.ledger.practices.audit import append
from sinks.ledger.retention import Deleted, Expired, delete_expired, expired, first_kept
from sinks.ledger.unit_of_work import instant
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.roles import View
from sinks.operations.viewing import sees

TRAIL: Final = "*"
"""The audit trail of what concerns every practice."""


@sees(View.HEALTH, practice=None)
def what_expired(ledger: Ledger, months: int) -> Expired:
    """What a run would delete. Reads only."""
    return expired(ledger.connection, first_kept(ledger.clock.now().date(), months))


def delete_what_expired(ledger: Ledger, months: int, order: Order) -> Deleted | None:
    """Delete what is older than `months` whole months; None for a preview. Blocks for as long as it takes, in steps.

    Nothing that is open is deleted, however old. Raises as `authorise`.
    """
    authorise(order, Action.RETENTION_RUN)
    if not order.apply:
        return None
    before = first_kept(ledger.clock.now().date(), months)
    done = delete_expired(ledger.connection, before, ledger.clock)
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        append(
            cursor,
            TRAIL,
            at=instant(cursor, ledger.now),
            actor=order.actor.name,
            action=Action.RETENTION_RUN,
            after={"before": before.isoformat(), "partitions": done.dropped, "moved": done.moved},
            why=order.reason,
        )
    return done
