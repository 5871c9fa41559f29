"""Events that cannot be resolved yet: they have no effects and carry the waiting themselves (law 2)."""

from __future__ import annotations

from schemas.plan import Decision, PlannedEntry
from schemas.practice_settings import AmountMode, SettingsVersion, Timing
from schemas.vocabulary import DecisionReason, State

NO_SETTINGS = Decision(settings_version=None, waiting=State.AWAITING_SETTINGS, reason=DecisionReason.NO_SETTINGS)
"""Unknown practice, or a payment before its first version: it waits in the ledger, visibly (law 10)."""


def awaiting_fee(
    version: SettingsVersion, mode: AmountMode, timing: Timing, effects: tuple[PlannedEntry, ...]
) -> Decision:
    """NET without a fee cannot be computed, and 0 is never assumed (N-5).

    `effects` say what counts toward the balance; INTAKE takes the fee from them when it is reported.
    """
    return Decision(
        settings_version=version.version,
        waiting=State.AWAITING_FEE,
        reason=DecisionReason.FEE_UNKNOWN,
        amount_mode=mode,
        timing=timing,
        effects=effects,
    )


def awaiting_review(version: SettingsVersion, reason: DecisionReason) -> Decision:
    """A person has to review it (P-1, M-8)."""
    return Decision(settings_version=version.version, waiting=State.AWAITING_REVIEW, reason=reason)


def other_currency(version: SettingsVersion) -> Decision:
    """Found when a stored event is decided again (M-8): a person decides, nothing is converted."""
    return awaiting_review(version, DecisionReason.OTHER_CURRENCY)
