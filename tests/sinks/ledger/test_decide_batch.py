"""Properties of one pass over a batch, without a database: any order, any repeats, any cuts (laws 2, 6, 11; I7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.waiting_state import SwitchVersion
from processors.rules.source_records import decide_record
from schemas.codec import encode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS, TopicName
from schemas.vocabulary import Target, Verdict
from schemas.writebacks import SourcePosition, Writeback
from sinks.ledger.intake.batch_context import BatchContext, Policy, PracticeContext
from sinks.ledger.intake.batch_payments import BatchPayments
from sinks.ledger.intake.decide_batch import BatchDecision
from sinks.ledger.intake.duplicates import KnownEvents, StoredEvent
from sinks.ledger.intake.records import Consumed, Decided
from sinks.ledger.intake.writes import Writes
from sinks.ledger.payouts.standing import StandingItems
from tests.processors.rules.event_examples import NOON, PRACTICE, history, item, payment, payout

POLICY = Policy(group="intake", redecide_after=timedelta(seconds=30), jitter_s=0, partitions=1)

EVENTS: tuple[Event, ...] = (
    payment(),
    payment(event_id="ev-2", payment_id="pay-2", gross_minor=5000, net_minor=4680),
    payment(event_id="ev-1b"),  # the money of ev-1, reported again
    payment(event_id="ev-4", payment_id="pay-4", fee=None),
    payout(item(1, 10000, 320)),
    payment(gross=20000),  # ev-1 with other content
)


def decided(event: Event, offset: int) -> Decided:
    topic = STREAM_TOPICS[event.stream]
    position = SourcePosition(topic=topic.value, topic_id="src", partition=0, offset=offset, appended_at=NOON)
    said = decide_record(position, PRACTICE.encode(), encode_event(event), lambda _: history())
    assert isinstance(said, Writeback)
    at = Consumed(topic=TopicName.WRITEBACKS, topic_id="wb", part=0, off=offset, timestamp_ms=0, key=None, value=None)
    return Decided(at, said)


class Kept:
    """What a database would keep of each transaction."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {"receipts": [], "events": [], "entries": []}
        self.seqs = {PRACTICE: 0}

    def take(self, records: Sequence[Decided]) -> Writes:
        context = BatchContext(
            now=NOON,
            known=KnownEvents(_stored(row) for row in self.rows["events"]),
            receipts=frozenset((row.topic_id, row.part, row.off) for row in self.rows["receipts"]),
            practices={
                PRACTICE: PracticeContext(
                    last_id=self.seqs[PRACTICE],
                    versions=[SwitchVersion(1, NOON - timedelta(days=30), True)],
                    facts=LedgerFacts(
                        now=NOON, history=history(), connections={Target.PMS: "pms", Target.QUICKBOOKS: "qb"}
                    ),
                )
            },
            payments=BatchPayments(),
            standing=StandingItems(),
            covers=len(records),
        )
        writes = BatchDecision(context, POLICY).run(records)
        for table, rows in self.rows.items():
            rows += getattr(writes, table)
        self.seqs |= writes.seqs
        return writes

    def column(self, table: str, name: str) -> list[Any]:
        return [getattr(row, name) for row in self.rows[table]]


def _stored(row: Any) -> StoredEvent:
    return StoredEvent(**{name: getattr(row, name) for name in StoredEvent.__struct_fields__})


@given(st.lists(st.sampled_from(range(len(EVENTS))), min_size=1, max_size=14), st.data())
def test_repeats_and_cuts_change_nothing(order: list[int], data: st.DataObject) -> None:
    """Each source record one receipt, each event and money one row, ids without gaps, whatever the batches."""
    records = [decided(EVENTS[number], offset) for offset, number in enumerate(order)]
    kept = Kept()
    left = records
    while left:
        size = data.draw(st.integers(1, len(left)))
        taken = kept.take(left[:size]).taken
        assert taken == size
        left = left[size:]
    once = {table: len(rows) for table, rows in kept.rows.items()}
    kept.take(records)  # a whole replay (I7)
    assert {table: len(rows) for table, rows in kept.rows.items()} == once
    assert sorted(kept.column("receipts", "off")) == list(range(len(records)))
    monies = Counter(zip(kept.column("events", "subject"), kept.column("events", "kind"), strict=True))
    assert set(monies.values()) == {1}
    assert kept.column("entries", "effect_id") == list(range(1, once["entries"] + 1))
    assert kept.seqs == {PRACTICE: once["entries"]}
    firsts = kept.column("receipts", "verdict").count(Verdict.FIRST)
    assert firsts == once["events"]
