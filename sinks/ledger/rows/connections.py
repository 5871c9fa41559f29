"""Rows of connections: an account at a target system, who uses it, and which account it was when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from schemas.vocabulary import ConnectionReason, Target


class ConnectionRow(msgspec.Struct, frozen=True):
    """Table `connections`: one account at a target system, whoever shares it. `secret` is an encrypted envelope."""

    home_practice_id: str
    connection_id: str
    target: Target
    route: str
    base_url: str
    account_fingerprint: str
    config: dict[str, Any]
    secret: bytes | None
    secret_version: int
    enabled: bool
    owner: str | None
    epoch: int
    lease_until: datetime
    not_before: datetime
    limiter: dict[str, Any] | None
    breaker: dict[str, Any] | None
    closed_reason: ConnectionReason | None
    closed_at: datetime | None
    added_at: datetime
    added_by: str | None
    changed_at: datetime
    capabilities: tuple[str, ...] | None
    """The entry kinds that it writes, and further words of the port."""
    secret_until: datetime | None
    """Machine time until which its access can be renewed; None where that has no end, or none is known."""


class PracticeConnectionRow(msgspec.Struct, frozen=True):
    """Table `practice_connections`: the connection that a practice uses for a target."""

    practice_id: str
    target: Target
    home_practice_id: str
    connection_id: str


class ConnectorRequestRow(msgspec.Struct, frozen=True):
    """Table `connector_requests`: a request that waits for a practice's agent, while its caller waits for the answer.
    Request and answer are encrypted envelopes."""

    practice_id: str
    request_id: UUID
    asked_at: datetime
    expires_at: datetime
    request: bytes
    handed_at: datetime | None
    answer: bytes | None


class ConnectorNonceRow(msgspec.Struct, frozen=True):
    """Table `connector_nonces`: a signed request of an agent that was seen."""

    practice_id: str
    nonce: str
    forget_at: datetime


class ConnectionAccountRow(msgspec.Struct, frozen=True):
    """Table `connection_accounts`: the account that a connection reached from `since` on, once it changed."""

    home_practice_id: str
    connection_id: str
    since: datetime
    account_fingerprint: str


class ConnectAttemptRow(msgspec.Struct, frozen=True):
    """Table `connect_attempts`: what a practice has begun to connect at a vendor's page. `attempt` is an envelope."""

    practice_id: str
    route: str
    state_digest: bytes
    attempt: bytes
    began_at: datetime
    ends_at: datetime
    began_by: str
