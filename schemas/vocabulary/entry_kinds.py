"""Targets, the kinds of entries that are written at them, and the groups of kinds."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Target(StrEnum):
    PMS = "PMS"
    QUICKBOOKS = "QUICKBOOKS"


class EntryKind(StrEnum):
    """What an effect writes (PROTOCOL section 2). `claim_status` and `attachment` are planned by no rule yet."""

    PAYMENT = "payment"
    FEE_ADJUSTMENT = "fee_adjustment"
    INSURANCE_PAYMENT = "insurance_payment"
    WRITE_OFF = "write_off"
    CHARGE = "charge"
    REFUND = "refund"
    RETURN = "return"
    DISPUTE_HOLD = "dispute_hold"
    DISPUTE_RELEASE = "dispute_release"
    REVERSAL = "reversal"
    CHARGE_REVERSAL = "charge_reversal"
    ALLOCATION = "allocation"
    CLAIM_LINE = "claim_line"
    CLAIM_STATUS = "claim_status"
    ATTACHMENT = "attachment"
    NOTE = "note"
    PAYOUT = "payout"
    PAYOUT_REVERSAL = "payout_reversal"
    PAYOUT_CORRECTION = "payout_correction"


OWN_CASH: Final = frozenset({EntryKind.PAYMENT, EntryKind.INSURANCE_PAYMENT})
"""Cash that came in with the payment itself."""

REFUND_CASH: Final = frozenset({EntryKind.REFUND, EntryKind.RETURN, EntryKind.DISPUTE_HOLD, EntryKind.DISPUTE_RELEASE})
"""Cash that was given back of a payment, or given again."""

CASH: Final = OWN_CASH | REFUND_CASH
"""A payment's cash, in and back (N-3 A)."""

BALANCE_KINDS: Final = CASH | {EntryKind.FEE_ADJUSTMENT}
"""Counts toward the patient's balance (R-15): payments with their fee adjustments, and what takes them back."""

CHARGES: Final = frozenset({EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL})
"""What the patient owes."""

PAYOUT_DOCUMENTS: Final = frozenset({EntryKind.PAYOUT, EntryKind.PAYOUT_REVERSAL})
"""Documents of a payout. A returned payout, and a version that a later one replaces, are taken back by one kind."""

PAYOUT_KINDS: Final = PAYOUT_DOCUMENTS | {EntryKind.PAYOUT_CORRECTION}
"""The practice's bank."""

MONEY_KINDS: Final = BALANCE_KINDS | PAYOUT_KINDS
"""Moves money; charges, write-offs, notes and allocations move none. A reversal moves what it reverses."""

FIRST_BOOKED: Final = OWN_CASH | {EntryKind.FEE_ADJUSTMENT, EntryKind.PAYOUT}
"""Books the money that its event reports, before anything is taken back of it."""

LAID_ON_CHARGES: Final = frozenset({EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT})
"""Entries that an allocation lays on a patient's charges (ALL-1)."""

WRITTEN_BY_ALL: Final = frozenset({EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT, EntryKind.PAYOUT})
"""What a connection writes that was added before connections said what they write."""

AMOUNT_KINDS: Final = CASH | {EntryKind.PAYOUT}
"""The entry that shows an event's own amount; others are its fee, its charge or what lays it out."""

INSURANCE_KINDS: Final = frozenset({EntryKind.INSURANCE_PAYMENT, EntryKind.WRITE_OFF, EntryKind.CLAIM_LINE})
"""Books an insurer's remittance."""

TAKES_BACK: Final = REFUND_CASH | {EntryKind.REVERSAL, EntryKind.CHARGE_REVERSAL, EntryKind.PAYOUT_REVERSAL}
"""Answers an entry that stands: whether that one still stands is read first (R-20)."""

REVERSAL_KINDS: Final = frozenset({EntryKind.REVERSAL, EntryKind.CHARGE_REVERSAL, EntryKind.PAYOUT_REVERSAL})
"""Takes back one entry that it names."""

MONEY_OF_ITS_OWN: Final = MONEY_KINDS - REVERSAL_KINDS
"""Of the payment or payout itself: what takes another entry back is not."""

CASH_BACK: Final = frozenset({EntryKind.REFUND, EntryKind.REVERSAL})
"""By which cash goes back: a route that writes neither leaves all of it to people."""

HELPFUL_KINDS: Final = CHARGES | {EntryKind.NOTE}
"""No money of the patient's: where a route cannot write them nobody has to (B-1, NOTE-1)."""

NAMES_ORIGINAL: Final = frozenset({EntryKind.ALLOCATION, EntryKind.CHARGE_REVERSAL, EntryKind.PAYOUT_REVERSAL})
"""Its request names the entry that it depends on: planned again once that has its number."""

TAKES_BACK_ORDER: Final = (EntryKind.REVERSAL, EntryKind.REFUND, EntryKind.FEE_ADJUSTMENT)
"""By what a go-live check takes its payment back: the plainest that the route offers and the mapping allows."""
