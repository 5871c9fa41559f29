"""What a text about one cause consists of. Only fixed words live here, so no data can reach a message (H-5, H-6)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Audience(StrEnum):
    """Who can do something about it."""

    PRACTICE = "PRACTICE"
    OPERATOR = "OPERATOR"
    BOTH = "BOTH"


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """Fixed words for one reason; `{system}` stands for the name of the target and is the only placeholder."""

    headline: str
    """Ends the subject line: what is wrong, in a few words."""
    why: str
    remedy: str
    afterwards: str
    """What happens by itself once that is done."""
    audience: Audience = Audience.PRACTICE


REDRIVE_FOLLOWS = (
    "Nothing has been posted so far. Tell support, or the person who runs Writeback, what you did: they post again "
    "what you corrected, and record what you entered by hand, so that it is never posted a second time."
)
RELEASES_ITSELF = (
    "As soon as that is repaired the entries are posted by themselves, in order. Do not post them by hand."
)
KEPT_SAFE = "The record is kept as it came and can be processed again once it is corrected. No money is affected."
