"""The traffic of every measurement: practices with settings, and payments as an upstream would send them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from schemas.events import CardRef, Funds, Initiation, Payer, PaymentKind, PaymentSucceeded, Tender
from schemas.practice_settings import Allocation, AmountMode, PracticeSettings, SettingsHistory, SettingsVersion, Timing

SEED: Final = 20260301
ZONES: Final = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
SAVED: Final = datetime(2026, 1, 1, tzinfo=UTC)
PATIENTS: Final = 200
"""Of each practice."""
KINDS: Final = (PaymentKind.TERMINAL, PaymentKind.TERMINAL, PaymentKind.PAYMENT_PLAN, PaymentKind.COLLECTION)


def practice_ids(count: int) -> list[str]:
    return [f"practice-{number:06}" for number in range(count)]


def patient_ref(number: int) -> str:
    return f"patient-{number:05}"


def histories(practices: list[str], timing: Timing | None = None) -> Iterator[SettingsHistory]:
    """Net and gross, instant and daily, four zones; `timing` makes all alike."""
    for number, practice in enumerate(practices):
        yield SettingsHistory(
            practice_id=practice,
            versions=(
                SettingsVersion(
                    version=1,
                    effective_from=SAVED,
                    saved_at=SAVED,
                    saved_by="bench",
                    reason="benchmark",
                    settings=PracticeSettings(
                        zone=ZONES[number % len(ZONES)],
                        master=True,
                        amount=AmountMode.GROSS if number % 4 == 3 else AmountMode.NET,
                        timing=timing or (Timing.DAILY if number % 2 else Timing.INSTANT),
                        # One call for each entry, as the bare loop makes: allocating reads the office's charges first.
                        allocation=Allocation.POST_ONLY,
                    ),
                ),
            ),
        )


def payments(count: int, practices: list[str], *, run: str, at: datetime | None = None) -> Iterator[PaymentSucceeded]:
    """Card payments with their fee known, in the order of their time; `run` keeps the ids of two runs apart."""
    chance = Random(SEED)
    newest = at or datetime.now(UTC)
    for number in range(count):
        practice = practices[chance.randrange(len(practices))]
        gross = chance.randrange(500, 90_000)
        occurred_at = newest - timedelta(milliseconds=20 * (count - number))
        yield PaymentSucceeded(
            event_id=f"{run}-{number:08}",
            source="bench",
            occurred_at=occurred_at,
            produced_at=occurred_at,
            practice_id=practice,
            payment_id=f"pay-{run}-{number:08}",
            tender=Tender.CARD,
            initiation=Initiation.PATIENT,
            currency="USD",
            gross_minor=gross,
            fee_minor=gross * 29 // 1000 + 30,
            net_minor=gross - (gross * 29 // 1000 + 30),
            funds=Funds.CLEARED,
            patient_ref=patient_ref(chance.randrange(PATIENTS)),
            payer=Payer.SELF,
            card=CardRef(brand="VISA", last4=f"{chance.randrange(10_000):04}"),
            kind=KINDS[chance.randrange(len(KINDS))],
        )
