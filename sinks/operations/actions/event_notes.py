"""What a person reads beside an event that they end: what is left to do, and of what a payout's document is made."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.bookkeeping.money import Money
from schemas.events import Event, PayoutPaid
from schemas.vocabulary import Ruling


def notes_of(event: Event, ruling: Ruling, entries: int) -> tuple[str, ...]:
    """What stands beside an event that is ended so with so many entries. Pure."""
    if not entries:
        return ("it has no entries of its own",)
    if ruling is Ruling.RECORD and entries > 1:
        return ("enter all of its entries",)
    if ruling is Ruling.POST and isinstance(event, PayoutPaid):
        return tuple(_lines_written(event))
    return ()


def _lines_written(event: PayoutPaid) -> Iterator[str]:
    """What the document of a payout will be made of, and what its items do not explain of it (P-1, P-3)."""
    by_category: dict[str, int] = {}
    for item in event.items:
        by_category[item.category.value] = by_category.get(item.category.value, 0) + item.gross_minor
    fees = sum(item.fee_minor for item in event.items)
    explained = sum(by_category.values()) - fees
    rest = event.net_minor - explained
    lines = [*by_category.items(), ("fees", -fees), ("not explained", rest)]
    written = ", ".join(f"{name} {_shown(minor, event)}" for name, minor in lines if minor)
    yield f"its document: {written or 'no lines'}; in all {_shown(event.net_minor, event)} on the bank account"
    if rest:
        bank = _shown(event.net_minor, event)
        yield (
            f"its items come to {_shown(explained, event)}, and {_shown(rest, event)} that they do not explain is a "
            "line of its own, in the account for what has no category (accounts.uncategorised): post it only where the "
            f"bank statement shows {bank}; else ask your payment provider to report the payout anew"
        )


def _shown(minor: int, event: PayoutPaid) -> str:
    return str(Money(minor, event.currency))
