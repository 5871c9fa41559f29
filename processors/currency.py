"""Nothing is converted: a practice's books have one currency (M-8)."""

from __future__ import annotations

from processors.refusal import Refused
from schemas.practice_settings import PracticeSettings
from schemas.reasons import DeadLetterReason


def refuse_other_currency(currency: str, settings: PracticeSettings) -> None:
    """Refused when the event's currency is not the practice's."""
    if currency != settings.currency:
        raise Refused(DeadLetterReason.CURRENCY_MISMATCH, "currency")
