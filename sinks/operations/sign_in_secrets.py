"""Secrets of people's sign-in, under the program's own key: what signs sessions, and second factors at rest (H-13)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sinks.notices.channels.digest_end import DigestEnds
from sinks.targets.credentials import KEY_BYTES, KeyRing
from streams.settings import ProgramSettings

_OWNER: Final = ""
"""No practice is called so: what is sealed here is no practice's."""
_SECOND_FACTOR: Final = "console/second-factor"
_SIGNING: Final = b"writeback/console-signing"


class SignInSecrets:
    """Seals and opens with the keys of this process. Holds key material: never printed.

    Raises ConfigurationError where no key is set, or a bad one.
    """

    def __init__(self, settings: ProgramSettings) -> None:
        self.keys = KeyRing.of(settings)
        """Those of stored credentials, for what opens what is sealed with them."""
        self._raw = [settings.secret(), *settings.retired_secrets()]

    def seal(self, text: str) -> str:
        """What may stand in the database in its place."""
        return urlsafe_b64encode(self.keys.seal(_OWNER, _SECOND_FACTOR, text.encode())).decode()

    def open(self, sealed: str) -> str:
        """Raises SecretUnreadableError for what another key sealed."""
        return self.keys.open(_OWNER, _SECOND_FACTOR, urlsafe_b64decode(sealed)).decode()

    def signing_keys(self) -> list[str]:
        """That of the active key, which signs, then those of retired ones, whose signatures still hold."""
        return [_derived(key) for key in self._raw]

    def digest_ends(self) -> DigestEnds:
        """Codes in digests, by which their readers end them."""
        return DigestEnds(self._raw)

    def __repr__(self) -> str:
        return f"SignInSecrets({len(self._raw)} keys)"


def _derived(key: bytes) -> str:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_SIGNING).derive(key).hex()
