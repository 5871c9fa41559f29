"""Reads the cases from the field: files of events as `writeback send` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, permutations
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from schemas.events import Event
from streams.kafka.event_files import parse_event

FOLDER = Path(__file__).parent / "field"


def field_case(name: str) -> list[Event]:
    """The events of a case, in the order of its file."""
    lines = (FOLDER / f"case-{name}.jsonl").read_bytes().splitlines()
    return [parse_event(line) for line in lines if line.strip()]


def by_payment(name: str) -> dict[str, list[Event]]:
    """The events of each payment of a case, in the order of its file."""
    found: dict[str, list[Event]] = {}
    for event in field_case(name):
        found.setdefault(_payment_of(event), []).append(event)
    return found


def orders(events: Sequence[Event], most: int = 120) -> list[list[Event]]:
    """Every order of arrival; of many events the first, the last and others by chance, the same ones each time."""
    if len(events) <= 5:
        return [list(order) for order in islice(permutations(events), most)]
    chance, found = Random(17), [list(events), list(reversed(events))]
    while len(found) < most:
        found.append(chance.sample(list(events), len(events)))
    return found


def for_practice(event: Event, practice_id: str) -> Any:
    """The same event of another practice."""
    return msgspec.structs.replace(event, practice_id=practice_id)


def _payment_of(event: Event) -> str:
    ref: str = getattr(event, "payment_id")  # noqa: B009 - not every event has one; these do
    return ref
