"""How a practice stands with QuickBooks: the company, the access, the mapping, and what waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from sinks.targets.mapping_error import MappingError
from sinks.targets.quickbooks.mapping import ConnectedCompany, QuickBooksMapping, load_config
from sinks.targets.quickbooks.oauth_secrets import SecretsError, load_secrets
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.operations.quickbooks", "status.sql")


class WaitingDocuments(msgspec.Struct, frozen=True):
    """Documents of one state that are not in the books yet."""

    state: State
    entries: int
    amount_minor: int
    currency: str


class QuickBooksStatus(msgspec.Struct, frozen=True, kw_only=True):
    """No secret is in it."""

    practice_id: str
    realm_id: str
    company_name: str
    base_url: str
    connected: bool
    """There are secrets, and this program can open them."""
    access_until: datetime | None
    """When the access ends unless it is used before; None where that is not known."""
    mapped: bool
    closed_reason: ConnectionReason | None
    changed_at: datetime
    waiting: tuple[WaitingDocuments, ...]


class _Row(msgspec.Struct, frozen=True):
    base_url: str
    config: dict[str, Any]
    enabled: bool
    secret: bytes | None
    home_practice_id: str
    connection_id: str
    closed_reason: ConnectionReason | None
    changed_at: datetime


@sees(View.SETTINGS)
def quickbooks_status(ledger: Ledger, practice_id: str, keys: KeyRing) -> QuickBooksStatus:
    """From the ledger alone; calls nobody. Blocks for three statements. ConfigurationError for an unknown practice, and
    where QuickBooks was never connected."""
    check_practice(ledger.connection, practice_id)
    row = fetch_one(ledger.connection, _Row, _SQL["status"], {"practice_id": practice_id})
    if row is None:
        raise ConfigurationError(
            f"practice {practice_id} is not connected to QuickBooks: `writeback quickbooks connect {practice_id}`"
        )
    config = _config(practice_id, row)
    key = {"practice_id": practice_id, "connection_id": row.connection_id}
    connected, until = _access(row, keys)
    return QuickBooksStatus(
        practice_id=practice_id,
        realm_id=config.realm_id,
        company_name=config.company_name,
        base_url=row.base_url,
        connected=connected,
        access_until=until,
        mapped=not isinstance(config, ConnectedCompany),
        closed_reason=row.closed_reason,
        changed_at=row.changed_at,
        waiting=tuple(fetch_all(ledger.connection, WaitingDocuments, _SQL["waiting"], key)),
    )


def _config(practice_id: str, row: _Row) -> QuickBooksMapping | ConnectedCompany:
    try:
        return load_config(row.config)
    except MappingError:
        raise ConfigurationError(
            f"the connection of practice {practice_id} is none to a QuickBooks company, or cannot be read: `writeback "
            f"quickbooks connect {practice_id}`"
        ) from None


def _access(row: _Row, keys: KeyRing) -> tuple[bool, datetime | None]:
    if row.secret is None:
        return False, None
    try:
        secrets = load_secrets(keys.open(row.home_practice_id, row.connection_id, row.secret))
    except (SecretUnreadableError, SecretsError):
        return False, None
    return True, secrets.refresh_until
