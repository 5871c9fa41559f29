"""Checks e-mail addresses whole, the same where people give one and where one is written to."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 254
"""Characters of an address that can be written to (RFC 5321 section 4.5.3.1.3, without its angle brackets)."""
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+")


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address and nothing else: a dot-atom of at most 64 characters, and a host name with
    a dot (RFC 5321 section 4.1.2, without quoted and literal forms). Pure."""
    found = _ADDRESS.fullmatch(text) if len(text) <= LONGEST else None
    return found is not None and len(found["local"]) <= 64
