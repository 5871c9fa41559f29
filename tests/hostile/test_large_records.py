"""One practice's records that are as large as a record may be: another one of the same partition waits for a bounded
step at a time, whatever they say (guarantee 4, law 9). Counted, never timed."""

from __future__ import annotations

import itertools
from typing import Final

import pytest

from processors import rules_batch
from schemas.events import PaymentSucceeded, PaymentVoided, Split
from schemas.practice_settings import AmountMode
from sinks.ledger.intake import batch_limit
from tests.scenarios.example_events import SOURCE, just_now, payment, some_id
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.topics import writebacks
from tests.streams.kafka.test_producer import murmur2

pytestmark = pytest.mark.stack

HOSTILE: Final = "large"
SPLITS: Final = 1_000
PLANNED: Final = 2 * SPLITS
"""Entries of one such payment: each share and its fee."""
LONG: Final = "x" * 200


def _of_the_same_partition(practice: str, partitions: int) -> str:
    """Another practice, whose records stand behind this one's."""

    def place(name: str) -> int:
        return (murmur2(name.encode()) & 0x7FFFFFFF) % partitions

    return next(name for n in itertools.count() if place(name := f"healthy-{n}") == place(practice))


def _large(long: bool) -> PaymentSucceeded:
    """As many shares as a payment may have; `long`: near the limit of a record's bytes."""
    refs = (f"pt-{number}-{LONG if long else ''}" for number in range(SPLITS))
    splits = tuple(Split(patient_ref=ref, amount_minor=100) for ref in refs)
    return payment(HOSTILE, gross=100 * SPLITS, fee=3 * SPLITS, splits=splits)


def _voided(paid: PaymentSucceeded) -> PaymentVoided:
    """A small record that is about all entries of a large one."""
    at = just_now()
    return PaymentVoided(
        event_id=some_id("ev"),
        source=SOURCE,
        occurred_at=at,
        produced_at=at,
        practice_id=HOSTILE,
        payment_id=paid.payment_id,
    )


def _planned_by_transaction(pipeline: Pipeline) -> list[list[int]]:
    """Entries of each record, by the transaction that wrote it: behind each there is a record of control."""
    found: list[list[int]] = []
    place = (-1, -1)
    for record, writeback in sorted(writebacks(pipeline.world), key=lambda each: (each[0].partition, each[0].offset)):
        if (record.partition, record.offset) != (place[0], place[1] + 1):
            found.append([])
        found[-1].append(len(writeback.decision.effects))
        place = (record.partition, record.offset)
    return found


def _most_in_one_transaction(pipeline: Pipeline, table: str) -> int:
    """Rows of a table that one transaction of INTAKE wrote."""
    counted = f"SELECT count(*) AS n FROM {table} WHERE practice_id = %s GROUP BY xmin::text ORDER BY n DESC LIMIT 1"
    return int(pipeline.rows(counted, HOSTILE)[0]["n"])


def test_many_large_records_are_taken_in_bounded_steps(pipeline: Pipeline) -> None:
    """RULES and INTAKE take as many entries as one transaction holds, and one record more at most; so do the small
    records that follow, each about 2,000 entries. The other practice's payments are posted behind both."""
    healthy = _of_the_same_partition(HOSTILE, pipeline.settings.topic_partitions)
    pipeline.practice(HOSTILE, patients=())
    pipeline.practice(healthy, amount=AmountMode.GROSS)
    large = [_large(long) for long in (False,) * 12 + (True,) * 8]
    pipeline.send(*large, payment(healthy))
    pipeline.start_all()
    pipeline.until_states(healthy, POSTED=1)
    pipeline.send(*(_voided(each) for each in large), payment(healthy))
    pipeline.until_states(healthy, POSTED=2)
    pipeline.until_states(HOSTILE, VOIDED_BEFORE_POST=PLANNED * len(large))

    steps = _planned_by_transaction(pipeline)
    assert sum(map(sum, steps)) >= PLANNED * len(large)
    assert max(sum(step[:-1]) for step in steps) < rules_batch.MOST_ENTRIES
    for table in ("entries", "outcomes"):
        assert _most_in_one_transaction(pipeline, table) <= batch_limit.MOST_ENTRIES + PLANNED, table
    assert all(role.running for role in pipeline.roles), pipeline.logs()
