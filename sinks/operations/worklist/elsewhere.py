"""What a day sheet does not show although it waits: how much of it, for what, and where it is listed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from schemas.bookkeeping.money import Money
from schemas.vocabulary import AT_REST, State
from sinks.operations.words.states import STATE_WORDS

STATES: Final = tuple(sorted(AT_REST))


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one state and currency and is not on the sheet."""

    state: State
    entries: int
    """Entries, or without a currency reports of which nothing has been decided yet."""
    currency: str | None
    amount_minor: int | None
    """Of those that move money; None: none does, or it is not known."""


def elsewhere_lines(practice_id: str, elsewhere: tuple[Elsewhere, ...], postable: int) -> Iterator[str]:
    """A line for each, so that a sheet never looks whole when it is not. Pure."""
    if postable:
        waits = "1 entry waits" if postable == 1 else f"{postable} entries wait"
        yield f"{waits} for somebody to post it, not to type it in: writeback entries list {practice_id}"
    for each in elsewhere:
        if each.currency is None:
            what = "1 report without entries" if each.entries == 1 else f"{each.entries} reports without entries"
        else:
            what = "1 more entry" if each.entries == 1 else f"{each.entries} more entries"
        amount = ""
        if each.currency is not None and each.amount_minor:
            amount = f", {Money(each.amount_minor, each.currency)}"
        listed = f"writeback entries list {practice_id} --state {each.state.value}"
        yield f"not on this sheet: {what}{amount} ({STATE_WORDS[each.state].one}): {listed}"
