"""Signed headers for tests."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from schemas.connector.signatures import Direction, SigningKey, sign


def signed_now(method: str, target: str, body: bytes, key: SigningKey) -> dict[str, str]:
    return sign(
        method,
        target,
        body,
        key=key,
        direction=Direction.TO_CONNECTOR,
        nonce=secrets.token_urlsafe(18),
        created=datetime.now(UTC),
        life=timedelta(seconds=60),
    )
