"""Gives the audit trail to an owner of its own, as an administrator of the database."""

from __future__ import annotations

import psycopg

from sinks.ledger.practices.audit import append
from sinks.ledger.practices.audit_owner import OWNER, protect
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.unit_of_work import instant
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.actions.retention import TRAIL
from sinks.operations.ledger import Ledger
from streams.runtime.errors import ConfigurationError


def protect_audit_trail(ledger: Ledger, admin_url: str, order: Order) -> str:
    """The application's user, who may only add from now on; unchanged for a preview. Blocks.

    Raises as `authorise`, ConfigurationError where the administrator may not do it, or is connected elsewhere.
    """
    authorise(order, Action.AUDIT_PROTECT)
    application: str = fetch_value(ledger.connection, "SELECT current_user::text")
    if not order.apply:
        return application
    here = fetch_value(ledger.connection, "SELECT current_database()::text")
    try:
        with psycopg.connect(admin_url, autocommit=True, connect_timeout=10) as admin:
            there = fetch_value(admin, "SELECT current_database()::text")
            if there != here:
                raise ConfigurationError(f"the administrator is connected to the database {there}, and not to {here}")
            protect(admin, application)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"this administrator may not give the trail away: it takes a superuser, or a user who was granted both "
            f"{application} and {OWNER}"
        ) from error
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        append(
            cursor,
            TRAIL,
            at=instant(cursor, ledger.now),
            actor=order.actor.name,
            action=Action.AUDIT_PROTECT,
            after={"owner": OWNER, "application": application},
            why=order.reason,
        )
    return application
