"""Events that cannot be resolved yet: they have no effects and carry the waiting themselves (law 2)."""

from __future__ import annotations

from schemas.practice_settings import SettingsVersion
from schemas.reasons import DecisionReason
from schemas.states import State
from schemas.writebacks import Decision

NO_SETTINGS = Decision(settings_version=None, waiting=State.AWAITING_SETTINGS, reason=DecisionReason.NO_SETTINGS)
"""Unknown practice, or a payment before its first version: it waits in the ledger, visibly (law 10)."""


def awaiting_fee(version: SettingsVersion) -> Decision:
    """NET without a fee cannot be computed, and 0 is never assumed (N-5)."""
    return Decision(
        settings_version=version.version,
        waiting=State.AWAITING_FEE,
        reason=DecisionReason.FEE_UNKNOWN,
        amount_mode=version.settings.amount,
        timing=version.settings.timing,
    )


def awaiting_review(version: SettingsVersion, reason: DecisionReason) -> Decision:
    """A person, or a later release, has to look (P-1, COMES_LATER)."""
    return Decision(settings_version=version.version, waiting=State.AWAITING_REVIEW, reason=reason)


def other_currency(version: SettingsVersion) -> Decision:
    """Found when a stored event is decided again (M-8): a person decides, nothing is converted."""
    return awaiting_review(version, DecisionReason.OTHER_CURRENCY)
