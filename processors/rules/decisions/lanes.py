"""Chooses lanes: which entries keep their order among themselves (law 23)."""

from __future__ import annotations


def at_pms(patient_ref: str | None, event_id: str) -> str:
    """A patient's entries go one after the other; without a patient the event stands alone."""
    return f"p:{patient_ref}" if patient_ref else f"e:{event_id}"


def of_payout(payout_id: str) -> str:
    """A payout shares its lane with its own reversal and correction."""
    return f"o:{payout_id}"


def of_remittance(remittance_id: str) -> str:
    return f"r:{remittance_id}"
