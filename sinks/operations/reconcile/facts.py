"""What a reconciliation compares: money as reported, entries at the PMS, items of payouts, documents at QuickBooks."""

from __future__ import annotations

from datetime import date

import msgspec

from schemas.events import PayoutCategory
from schemas.vocabulary import State

Key = tuple[str, str]
"""Which money it is: the family of a payout's item (charge, refund, return, dispute), and its id."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry at a target, planned and as it stands. Minor units, the practice's cash view."""

    effect_id: int
    state: State
    reason: str
    amount_minor: int
    entered_minor: int | None = None
    """What a person says that they entered, where it was recorded by hand."""


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the stretch that reports money, or follows some, with its entries at the PMS."""

    about: str
    """The payment that it is or concerns."""
    key: Key | None
    """None: no payout brings it (a fee, a clearance, a void)."""
    kind: str
    day: date
    gross_minor: int
    """As reported; of a correction, what it adds to the version before it, so that the one that stands counts once."""
    fee_minor: int = 0
    surcharge_minor: int = 0
    elsewhere_minor: int = 0
    """Of a payment that was corrected in the stretch: what stood of it when the stretch began."""
    outside: bool = False
    """It is settled outside of payouts."""
    net_alone: bool = False
    """The practice posts the net amount and wants no entry for the fee."""
    waiting: bool = False
    """The event waits itself, and has no entries yet."""
    entries: tuple[Entry, ...] = ()


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A signed item of a payout."""

    key: Key | None
    category: PayoutCategory
    gross_minor: int
    fee_minor: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a payout, dated in the stretch, with the items that it brings."""

    payout_id: str
    day: date
    entry: Entry
    items: tuple[Item, ...] = ()
    """Of a payout; a returned one has none of its own."""
    takes_back: int | None = None
    """The effect that this document takes back; None for a payout."""
    undone: bool = False
    """A person took it back, or it takes back what a person undid: the bank saw neither."""
    read_minor: int | None = None
    """What stands at QuickBooks, where it was read; None: not read."""
    deleted: bool = False
    """It was read, and is not there any more."""
    copies: int = 1
    """How many documents of this entry were seen there."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    money: tuple[Money, ...]
    documents: tuple[Document, ...]
    known_elsewhere: frozenset[Key] = frozenset()
    """Of the items' keys: reported, but not in the stretch."""
    paid_elsewhere: frozenset[Key] = frozenset()
    """Of the reported keys: in a payout that stands and arrived before the stretch. One that arrives after it is
    still on its way at the end."""
