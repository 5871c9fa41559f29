"""Secret addresses of contacts: whoever knows one can post to it, so they are stored as credentials are (S-1)."""

from __future__ import annotations

import base64
import os
from typing import Final

import msgspec

from sinks.notices.channels.port import Message, Outcome, SendResult
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

NO_KEY: Final = "the addresses of contacts cannot be opened (WRITEBACK_SECRET_KEY)"
OPERATOR: Final = "operator"
"""The recipient whose address stands in the settings."""
SIGNING_KEY_BYTES: Final = 32
"""Standard Webhooks: between 24 and 64."""
SIGNING_PREFIX: Final = "whsec_"


class Endpoint(msgspec.Struct, frozen=True):
    """Where a contact is reached, and the key that signs what is sent there. Never printed."""

    url: str
    signing_key: str = ""

    def __repr__(self) -> str:
        return "Endpoint(secret)"


def new_signing_key() -> str:
    """A key of its own for each contact, in the form that receivers' libraries take. Random."""
    return SIGNING_PREFIX + base64.b64encode(os.urandom(SIGNING_KEY_BYTES)).decode()


def seal(keys: KeyRing, owner: str, channel: str, address: str, endpoint: Endpoint) -> bytes:
    """Bound to the contact: under another owner, channel or name it does not open."""
    return keys.seal(owner, _bound_to(channel, address), msgspec.json.encode(endpoint))


def open_endpoint(keys: KeyRing | None, channel: str, message: Message) -> Endpoint | SendResult:
    """The endpoint of a message's recipient, or why there is none. Does not block."""
    if message.endpoint is None:
        return SendResult(Outcome.REFUSED, "CONTACT_REMOVED")
    if keys is None:
        return SendResult(Outcome.NOT_SENT, "NO_KEY")
    try:
        opened = keys.open(message.endpoint.owner, _bound_to(channel, message.recipient), message.endpoint.blob)
    except SecretUnreadableError:
        return SendResult(Outcome.NOT_SENT, "SECRET_UNREADABLE")
    return msgspec.json.decode(opened, type=Endpoint)


def key_ring(settings: ProgramSettings) -> KeyRing | None:
    """The keys of this process; None where none is set. ConfigurationError for one that cannot be."""
    if not settings.secret_key and settings.secret_key_file is None:
        return None
    return KeyRing.of(settings)


def checked_signing_key(text: str, option: str) -> str:
    """ConfigurationError for a key that no receiver could have. Pure."""
    try:
        length = len(base64.b64decode(text.removeprefix(SIGNING_PREFIX), validate=True))
    except ValueError:
        length = 0
    if not text.startswith(SIGNING_PREFIX) or not 24 <= length <= 64:
        raise ConfigurationError(f"{option}: expected {SIGNING_PREFIX} and base64 of 24 to 64 bytes")
    return text


def _bound_to(channel: str, address: str) -> str:
    return f"contact {channel} {address}"
