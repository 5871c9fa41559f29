"""Reads a case and plays it on a ledger: what is reported, what RULES and INTAKE make of it, what would be posted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import TypeVar

from schemas.events import Event
from streams.kafka.event_files import parse_event
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due

FOLDER = Path(__file__).parent
AFTER_ALL = datetime(2026, 12, 15, 17, 0, tzinfo=UTC)
"""Later than every event of a case, so that each is due when it comes."""
E = TypeVar("E")
Part = tuple[Event, ...]


def parts(name: str) -> tuple[Part, ...]:
    """The events of a case in its own order, in groups that settle before the next begins."""
    text = (FOLDER / f"{name}.jsonl").read_bytes()
    groups = [group for group in text.split(b"\n\n") if group.strip()]
    return tuple(tuple(parse_event(line) for line in group.splitlines() if line.strip()) for group in groups)


def orders(events: Sequence[E]) -> Iterator[tuple[E, ...]]:
    """Every order of arrival."""
    return permutations(events)


def ready(database: LedgerDatabase, practice_id: str, *patients: str) -> None:
    """The practice of a case with default settings, its patients linked."""
    database.clock.instant = AFTER_ALL
    database.add(practice_id)
    for patient in patients:
        database.link(patient, practice_id)


def play(database: LedgerDatabase, practice_id: str, groups: Iterable[Part], *, posted_between: bool = True) -> None:
    """Report group by group; what is due is posted after each, or after all of them."""
    for group in groups:
        database.clock.instant += timedelta(minutes=1)
        database.report(*group)
        if posted_between:
            post_what_is_due(database, practice_id)
    post_what_is_due(database, practice_id)


def balances(database: LedgerDatabase) -> dict[str, int]:
    """What the posted entries did to each patient's balance at the PMS: money that came in lowers it."""
    rows = database.rows(
        "SELECT patient_ref, -sum(amount_minor)::int FROM effects WHERE target = 'PMS' AND state = 'POSTED' GROUP BY 1"
    )
    return dict(rows)
