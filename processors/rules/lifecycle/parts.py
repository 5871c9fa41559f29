"""How the parts of a life's entries are named, and to which part of the payment each belongs (E-1)."""

from __future__ import annotations

import re
from typing import Final

from schemas.vocabulary import EntryKind

_MOVED: Final = "refund/"
"""Before the part of a companion whose refund stands on the event of other money: its own key is taken there."""
_CHARGED: Final = re.compile(r"a\d+$")
"""Parts that one read of open charges made of a part (law 18)."""


def reversal_part(kind: EntryKind, part: str, version: int) -> str:
    """The part of an entry that takes another back: what it was, and of which version of the money (E-1)."""
    return f"{kind.value}/{part}@{version}"


def is_taking_back(part: str) -> bool:
    return "@" in part


def taken_back(part: str) -> tuple[EntryKind, str]:
    """Kind and part of the entry that a reversal names."""
    kind, _, rest = part.partition("/")
    return EntryKind(kind), rest.rpartition("@")[0]


def of_refund(part: str) -> str:
    """The part of a refund's companion where the refund stands on the event of other money."""
    return _MOVED + part


def is_of_refund(part: str) -> bool:
    return part.startswith(_MOVED)


def root(part: str) -> str:
    """The part of the payment: '' or the position of a split, member or claim."""
    if is_taking_back(part):
        part = taken_back(part)[1]
    return _CHARGED.sub("", part.removeprefix(_MOVED))
