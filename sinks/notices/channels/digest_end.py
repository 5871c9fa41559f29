"""The address by which a mail program ends the digest of one reader with one click (RFC 8058). Pure.

It names the practice and a code: who reads is no part of it. The code is the reader's address under a key of the
program's, so that nobody makes one for somebody else, and a mail that is sent again has the same.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PATH: Final = "digests/end"
"""Before the practice's id and the code; served by the console."""
ONE_CLICK: Final = "List-Unsubscribe=One-Click"
"""What a mail program sends, and the value of the header that allows it."""
_PURPOSE: Final = b"writeback/digest-end"
_CODE_BYTES: Final = 24


class DigestEnds:
    """Makes codes with the active key, and knows those of retired ones. Holds key material: never printed."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """`secrets`: the program's, the active one first."""
        self._keys = [HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(each) for each in secrets]

    def address(self, console_url: str, practice_id: str, reader: str) -> str:
        """Where a mail program posts ONE_CLICK to."""
        return f"{console_url}/{PATH}/{quote(practice_id, safe='')}/{_code(self._keys[0], practice_id, reader)}"

    def reader(self, practice_id: str, code: str, readers: Iterable[str]) -> str | None:
        """Whose code it is, of these readers; None for nobody's."""
        given = code.encode()
        for each in readers:
            if any(hmac.compare_digest(given, _code(key, practice_id, each).encode()) for key in self._keys):
                return each
        return None

    def __repr__(self) -> str:
        return f"DigestEnds({len(self._keys)} keys)"


def _code(key: bytes, practice_id: str, reader: str) -> str:
    named = b"%d\0%s\0%s" % (len(practice_id), practice_id.encode(), reader.encode())
    return base64.urlsafe_b64encode(hmac.digest(key, named, "sha256")[:_CODE_BYTES]).decode()
