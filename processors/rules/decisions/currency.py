"""Refuses currencies other than the practice's; nothing is converted (M-8)."""

from __future__ import annotations

from processors.rules.decisions.refusal import Refused
from schemas.practice_settings import SettingsVersion
from schemas.vocabulary import DeadLetterReason, FieldFault


class OtherCurrency(Refused):
    """The event's currency is not the practice's under this version of its settings."""

    def __init__(self, version: SettingsVersion) -> None:
        super().__init__(DeadLetterReason.CURRENCY_MISMATCH, "currency", FieldFault.OTHER_CURRENCY)
        self.version = version


def refuse_other_currency(currency: str, version: SettingsVersion) -> None:
    """Raises OtherCurrency."""
    if currency != version.settings.currency:
        raise OtherCurrency(version)
