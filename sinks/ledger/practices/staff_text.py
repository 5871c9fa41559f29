"""Checks free text of staff, such as reasons and names: it is kept for years and shown to others."""

from __future__ import annotations

from typing import Final

from schemas.validation.checks import holds_card_number
from streams.runtime.errors import ConfigurationError

LENGTH: Final = 500


def checked_text(what: str, text: str) -> str:
    """`text`, or ConfigurationError that names `what` and never repeats it. Pure.

    No card number may be kept, not even by mistake (C-1, PCI 3.2.1), and nothing that a terminal would obey instead
    of showing it: the text comes back in tables and pages.
    """
    if holds_card_number(text):
        raise ConfigurationError(f"{what}: holds what may be a card number, and none is ever kept: leave it out")
    if len(text) > LENGTH or not text.isprintable():
        raise ConfigurationError(f"{what}: one line of at most {LENGTH} printable characters")
    return text
