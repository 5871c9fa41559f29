"""Where a deed that operations name for a case is done in the console."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

import msgspec
from django.urls import reverse

from sinks.console.visit import Visit
from sinks.operations.roles import Action
from sinks.operations.words.deeds import Deed

_HERE: Final = MappingProxyType(
    {
        Deed.POST: ("act", "post", "Post to Ledger", Action.ENTRY_POST),
        Deed.POST_WITH_FEE: ("act", "post", "Post to Ledger with its fee", Action.ENTRY_POST),
        Deed.POST_OPEN_DATE: ("act", "post-open-date", "Post with the first open date", Action.ENTRY_POST),
        Deed.RECORD: ("act", "record", "Mark Recorded", Action.ENTRY_RECORD),
        Deed.RECORD_WITH_FEE: ("act", "record", "Mark Recorded with its fee", Action.ENTRY_RECORD),
        Deed.DISMISS: ("act", "dismiss", "Dismiss", Action.ENTRY_DISMISS),
        Deed.BANK_IS_RIGHT: ("settle", "bank-is-right", "The bank is right", Action.DIFFERENCE_ACCEPT),
        Deed.DISMISS_DIFFERENCE: (
            "settle",
            "leave-difference",
            "Nothing is to be done",
            Action.DIFFERENCE_DISMISS,
        ),
        Deed.ACCEPT_CHANGE: ("settle", "accept-change", "It was meant", Action.CHANGE_ACCEPT),
        Deed.REDRIVE: ("settle", "send-again", "Send again", Action.DEAD_LETTER_REDRIVE),
    }
)
_LINK: Final = "Link Patient Record"


class Step(msgspec.Struct, frozen=True):
    """One way on: a page of the console, or what whoever runs Writeback does."""

    label: str
    address: str | None
    """None: there is no page for it."""


def steps(visit: Visit, item: str, deeds: Iterable[Deed]) -> tuple[Step, ...]:
    """Of one thing that waits, what this person may do, in the order in which operations name its deeds; then what has
    no page. Pure."""
    found = dict.fromkeys(step for deed in deeds if (step := _step(visit, item, deed)) is not None)
    return tuple(sorted(found, key=lambda each: each.address is None))


def _step(visit: Visit, item: str, deed: Deed) -> Step | None:
    practice_id, rights = visit.practice_id, visit.rights
    if deed is Deed.LINK and item.startswith("e:"):
        address = reverse("link", args=[practice_id, int(item[2:])])
        return Step(_LINK, address) if rights.may(Action.PATIENT_LINK, practice_id) else None
    if deed in _HERE:
        page, slug, label, action = _HERE[deed]
        address = reverse(page, args=[practice_id, slug, item])
        return Step(label, address) if rights.may(action, practice_id) else None
    return Step(deed.value.replace("PRACTICE", practice_id), None)
