"""The traffic of scenario 70: what an upstream sends in a bad week, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import msgspec

from schemas.events import Event, PaymentKind
from schemas.topics import SOURCES, TopicName
from tests.scenarios.example_events import membership, payment, payout

PATIENTS = 25
"""Of each practice, linked."""
STRANGERS = 2
"""Of each practice, never linked."""


class Garbage(msgspec.Struct, frozen=True):
    """Bytes that no upstream of the contract sends."""

    topic: TopicName
    key: bytes
    value: bytes


Sent = Event | Garbage


def traffic(count: int, practices: list[str], payers: list[str], chance: Random) -> Iterator[Sent]:
    """Payments of all amounts, memberships, payouts of `payers`, repeats, zeros, garbage, unknown practices."""
    said: list[Event] = []
    for number in range(count):
        event = _one(number, practices, payers, said, chance)
        if not isinstance(event, Garbage):
            said.append(event)
            del said[:-500]
        yield event


def _one(number: int, practices: list[str], payers: list[str], said: list[Event], chance: Random) -> Sent:
    practice = chance.choice(practices)
    kind = chance.random()
    if kind < 0.01:
        return Garbage(chance.choice(SOURCES), practice.encode(), chance.randbytes(chance.randrange(0, 300)))
    if kind < 0.03 and said:
        return chance.choice(said)
    if kind < 0.035:
        practice = f"unknown-{chance.randrange(3)}"
    if kind < 0.045:
        return payment(practice, patient(chance), 0, 0, **_ids(number))
    if kind < 0.05:
        return payment(practice, f"stranger-{chance.randrange(STRANGERS)}", *_money(chance), **_ids(number))
    if kind < 0.11:
        return membership(practice, patient(chance), *_money(chance), **_ids(number, membership_id=f"mem-{number}"))
    if kind < 0.14:
        items = tuple(_money(chance) for _ in range(chance.randrange(1, 9)))
        return payout(chance.choice(payers), items, **_ids(number, payout_id=f"po-{number}", arrival_date=_today()))
    kinds = (PaymentKind.TERMINAL, PaymentKind.PAYMENT_PLAN, PaymentKind.COLLECTION)
    return payment(practice, patient(chance), *_money(chance), **_ids(number, kind=chance.choice(kinds)))


def patient(chance: Random) -> str:
    return f"pt-{chance.randrange(PATIENTS)}"


def _money(chance: Random) -> tuple[int, int]:
    gross = chance.randrange(500, 90_000)
    return gross, gross * 29 // 1000 + 30


def _ids(number: int, **more: Any) -> dict[str, Any]:
    ids: dict[str, Any] = {"event_id": f"ev-{number:08}"}
    return ids | ({} if "payout_id" in more else {"payment_id": f"pay-{number:08}"}) | more


def _today() -> date:
    return datetime.now(UTC).date()
