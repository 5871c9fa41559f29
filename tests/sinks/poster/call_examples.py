"""Planned calls, switches and a target, for tests that need no ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from schemas.plan import Instruction
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from sinks.poster.planned_call import PlannedCall, PracticeSwitches
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.open_dental.mapping import OpenDentalKeys, load_mapping
from streams.runtime.times import Profile, times_of

TIMES = times_of(Profile.PRODUCTION)
NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


def planned_call(**changed: Any) -> PlannedCall:
    """A gross payment of 100.00 of a linked patient, due and never sent."""
    values: dict[str, Any] = {
        "practice_id": "practice-1",
        "connection_id": "pms",
        "effect_id": 1,
        "source": "payments.example",
        "event_id": "ev-1",
        "subject": "pay-1",
        "target": Target.PMS,
        "entry_kind": EntryKind.PAYMENT,
        "part": "",
        "lane": "p:pt-1",
        "depends_on": None,
        "origin_posted": True,
        "state": State.SCHEDULED,
        "reason": DecisionReason.AUTO_INSTANT,
        "look_first": False,
        "generation": 1,
        "request_id": "REQUEST234567REQUEST234567",
        "frozen": None,
        "attempts": 0,
        "epoch": 1,
        "sent_at": NOW,
        "settled": True,
        "aged": False,
        "settings_version": 1,
        "instruction": Instruction(
            entry_kind=EntryKind.PAYMENT,
            amount_minor=10_000,
            currency="USD",
            ledger_date=date(2026, 3, 4),
            occurred_at=NOW,
            patient_ref="pt-1",
        ),
        "amount_minor": 10_000,
        "currency": "USD",
        "ledger_date": date(2026, 3, 4),
        "linked_patient_id": "17",
        "switches": switches(),
    }
    return PlannedCall(**(values | changed))


def target(**mapping: Any) -> OpenDentalTarget:
    chosen = {"mode": "LOCAL", "pay_type": 69, "fee_credit": 70} | mapping
    return OpenDentalTarget(
        base_url="http://127.0.0.1:1",
        mapping=load_mapping({name: value for name, value in chosen.items() if value is not None}),
        keys=OpenDentalKeys(developer_key="d", customer_key="c"),
    )


def switches(**changed: Any) -> PracticeSwitches:
    values: dict[str, Any] = {"settings_version": 1, "master": True, "closed_through": None, "connected": True}
    return PracticeSwitches(**(values | changed))
