"""RULES takes so many entries in one transaction, and leaves the rest of what it has read to the next (law 9)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from processors import rules_batch
from schemas.codec import decode_writeback
from schemas.events import Split
from schemas.topics import TopicName
from streams.fault_injection import Control
from tests.processors.rules.event_examples import history, payment
from tests.processors.running_rules import RulesAtWork, RulesThread
from tests.scenarios.topics import Record
from tests.worlds import World

pytestmark = pytest.mark.stack

SPLITS, RECORDS = 20, 120
PLANNED = 2 * SPLITS
MOST = 200


def _by_transaction(records: Sequence[Record]) -> list[list[Record]]:
    """Of one partition: behind each transaction's records there is one of control."""
    found: list[list[Record]] = []
    last = -2
    for record in sorted(
        (each for each in records if each.topic is TopicName.WRITEBACKS), key=lambda each: each.offset
    ):
        if record.offset != last + 1:
            found.append([])
        found[-1].append(record)
        last = record.offset
    return found


def _steps(world: World, *, records: int = RECORDS, controls: str = "") -> list[int]:
    """Entries of each transaction in which all these records are decided; they are there before RULES starts."""
    work = RulesAtWork(world, test_controls=controls, rules_linger_ms=1000)
    work.save(history())
    splits = tuple(Split(patient_ref=f"pt-{number}", amount_minor=500) for number in range(SPLITS))
    work.send(
        payment(500 * SPLITS, 300, event_id=f"ev-{number}", payment_id=f"pay-{number}", splits=splits)
        for number in range(records)
    )
    with RulesThread(work.settings):
        out = work.until_out(records)
    ids = [decode_writeback(each.value or b"").identity.event_id for each in sorted(out, key=lambda x: x.offset)]
    assert ids == [f"ev-{number}" for number in range(records)], "each once, in order"
    return [
        sum(len(decode_writeback(each.value or b"").decision.effects) for each in step) for step in _by_transaction(out)
    ]


def test_a_transaction_plans_so_many_entries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that goes beyond is the last; what was read with it is not lost, and not read again."""
    monkeypatch.setattr(rules_batch, "MOST_ENTRIES", MOST)
    steps = _steps(world)
    assert sum(steps) == RECORDS * PLANNED
    assert max(steps) < MOST + PLANNED


def test_a_transaction_writes_so_many_bytes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_batch, "MOST_BYTES", 1)
    assert _steps(world, records=12) == [PLANNED] * 12


def test_without_the_bound_a_batch_is_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(rules_batch, "MOST_ENTRIES", MOST)
    assert max(_steps(world, controls=Control.BOUNDED_STEPS.value)) >= MOST + PLANNED
