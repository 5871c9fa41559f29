"""Which roles of a practice's people a cause concerns: who has to do with settings, payments or books. Pure."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import AttentionReason, ContactRole, DeadLetterReason, Target
from sinks.notices.causes import Cause, CauseKind, Reason

_OF_PAYOUTS: Final[frozenset[Reason]] = frozenset(
    {
        AttentionReason.SUMS_DISAGREE,
        AttentionReason.PAYOUT_FAILED,
        AttentionReason.IN_TWO_PAYOUTS,
        AttentionReason.FEE_DIFFERS,
        AttentionReason.GROSS_DIFFERS,
        AttentionReason.REFUND_UNKNOWN,
        AttentionReason.CHARGE_UNKNOWN,
        AttentionReason.MISSING_FROM_PAYOUT,
        AttentionReason.ONE_BANK_ACCOUNT,
        AttentionReason.FEE_FOR_THE_BATCH,
        AttentionReason.NO_PAYOUTS_REPORTED,
        DeadLetterReason.BANK_NOT_MAPPED,
        DeadLetterReason.ITEMS_UNKNOWN,
        DeadLetterReason.TOTAL_DIFFERS,
    }
)
_OF_SETTINGS: Final[frozenset[Reason]] = frozenset(
    {
        DeadLetterReason.MAPPING_MISSING,
        DeadLetterReason.MAPPING_INVALID,
        DeadLetterReason.ACCOUNT_INACTIVE,
        DeadLetterReason.BANK_NOT_MAPPED,
        AttentionReason.CONNECTION_REPLACED,
        AttentionReason.ONE_BANK_ACCOUNT,
        AttentionReason.PRACTICE_UNKNOWN,
    }
)
_OF_SYSTEMS: Final = frozenset({CauseKind.CONNECTION, CauseKind.HEALTH})


def roles_of(cause: Cause) -> frozenset[ContactRole]:
    """At least one. What is repaired in the settings of QuickBooks concerns those who look after the books too."""
    found = set()
    if cause.kind in _OF_SYSTEMS or cause.reason in _OF_SETTINGS:
        found.add(ContactRole.SETTINGS)
    if cause.target is Target.QUICKBOOKS or cause.reason in _OF_PAYOUTS:
        found.add(ContactRole.BOOKS)
    return frozenset(found or {ContactRole.PAYMENTS})
