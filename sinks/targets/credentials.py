"""Stored credentials: AES-256-GCM, bound to the practice and connection they belong to (S-1, S-5).

The key comes from the program's settings, never from the database. A blob names its key, so that keys can rotate:
what a retired key sealed still opens, and is sealed with the active one at its next save.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from streams.runtime.errors import ConfigurationError, Permanent
from streams.settings import ProgramSettings

KEY_BYTES: Final = 32
_FORMAT: Final = b"WB2"
_FIRST_FORMAT: Final = b"WB1"
"""Opens, and is sealed in the newer one at its next save."""
_PURPOSE: Final = b"writeback/connection-credentials"
_VERSION: Final = 2
"""Of what the encryption binds a blob to; part of it, so that no blob is read by the rules of another version."""
_KEY_ID_BYTES: Final = 6
_NONCE_BYTES: Final = 12
"""The size that GCM is defined for; random, and never near 2**32 secrets under one key."""


class SecretUnreadableError(Permanent):
    """A stored secret cannot be opened: another key, another owner, or damaged. The message holds no secret."""


class KeyRing:
    """The active key, which seals, and the retired ones, which only open. Holds key material: never printed."""

    def __init__(self, active: bytes, retired: Iterable[bytes] = ()) -> None:
        """Raises ConfigurationError for a key of another length than 32 bytes."""
        keys = [active, *retired]
        if any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError("a key for stored credentials has exactly 32 bytes")
        self._active = _key_id(active)
        self._keys: Mapping[bytes, AESGCM] = MappingProxyType({_key_id(key): AESGCM(key) for key in reversed(keys)})

    @classmethod
    def of(cls, settings: ProgramSettings) -> KeyRing:
        """From `WRITEBACK_SECRET_KEY(_FILE)` and `WRITEBACK_RETIRED_KEY_FILES`. ConfigurationError where one is bad."""
        return cls(settings.secret(), settings.retired_secrets())

    def seal(self, practice_id: str, connection_id: str, secret: bytes) -> bytes:
        """The blob to store for this connection of this practice."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _FORMAT + self._active
        sealed = self._keys[self._active].encrypt(nonce, secret, _owner(head, practice_id, connection_id))
        return head + nonce + sealed

    def open(self, practice_id: str, connection_id: str, blob: bytes) -> bytes:
        """The secret. Raises SecretUnreadableError when the blob is not this connection's or its key is not here."""
        head, rest = blob[: len(_FORMAT) + _KEY_ID_BYTES], blob[len(_FORMAT) + _KEY_ID_BYTES :]
        cipher = self._keys.get(head[len(_FORMAT) :])
        if not head.startswith((_FORMAT, _FIRST_FORMAT)) or cipher is None:
            raise SecretUnreadableError(
                f"the credentials of connection {connection_id} were stored under a key that is not set here: set "
                "WRITEBACK_RETIRED_KEY_FILES to its file, or give the credentials again with `writeback target add`"
            )
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _owner(head, practice_id, connection_id))
        except (InvalidTag, ValueError):
            raise SecretUnreadableError(
                f"the credentials of connection {connection_id} do not belong to it or are damaged: give them again "
                "with `writeback target add`"
            ) from None

    def __repr__(self) -> str:
        return f"KeyRing({len(self._keys)} keys)"


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"writeback credential key\0" + key).digest()[:_KEY_ID_BYTES]


def _owner(head: bytes, practice_id: str, connection_id: str) -> bytes:
    """What a blob is bound to, by the version of its format. Lengths keep two ids from running into one another."""
    practice, connection = practice_id.encode(), connection_id.encode()
    owner = b"%s\0%d\0%s\0%d\0%s" % (head, len(practice), practice, len(connection), connection)
    return owner if head.startswith(_FIRST_FORMAT) else b"%s\0%d\0%s" % (_PURPOSE, _VERSION, owner)
