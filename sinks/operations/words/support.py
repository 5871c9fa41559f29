"""Where a person can ask, as the operator has set it (SUP-4)."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from schemas.validation.addresses import is_address
from streams.settings import ProgramSettings


class Support(msgspec.Struct, frozen=True):
    """A contact, and what a browser opens for it."""

    text: str
    address: str
    """`mailto:` or `https:`; "" where it is neither, such as a telephone number."""


def support_of(settings: ProgramSettings) -> Support | None:
    """None where the operator has set none. Pure."""
    text = settings.support.strip()
    if not text:
        return None
    if is_address(text):
        return Support(text, f"mailto:{text}")
    return Support(text, text if urlsplit(text).scheme == "https" else "")
