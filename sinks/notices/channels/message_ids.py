"""The id of a message on a channel that has no form of its own for it. Pure."""

from __future__ import annotations

import hashlib

from sinks.notices.channels.port import DeliveryKey


def digest_of(key: DeliveryKey) -> str:
    """40 hexadecimal digits: the same for every try of a delivery, and for no other delivery."""
    return hashlib.sha256("\0".join(key).encode()).hexdigest()[:40]
