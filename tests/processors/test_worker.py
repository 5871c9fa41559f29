"""RULES on the real broker (laws 1, 2, 9 to 14)."""

from __future__ import annotations

import pytest

from schemas.codec import decode_writeback
from schemas.states import State
from schemas.topics import TopicName
from tests.processors.rules_at_work import RulesAtWork, RulesThread
from tests.processors.told import changed, history, item, membership, payment, payout
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("protocol", ["consumer", "classic"])
def test_one_writeback_for_each_source_record(world: World, protocol: str) -> None:
    """Law 2: every record of every source topic gives exactly one record, re-keyed by practice, with its position."""
    work = RulesAtWork(world, group_protocol=protocol)
    work.save(history())
    events = [changed(payment(), event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(20)]
    sent = work.send([*events, membership(), payout(item(1, 10000, 320))])
    with RulesThread(work.settings) as rules:
        rules.until_ready()
        out = work.until_out(len(sent))
    assert rules.error is None
    assert rules.code == 0
    found = [decode_writeback(record.value) for record in out]
    assert sorted((w.position.topic, w.position.partition, w.position.offset) for w in found) == sorted(
        (each.topic, each.partition, each.offset) for each in sent
    )
    assert {record.key for record in out} == {b"practice-1"}
    assert all(effect.state is State.SCHEDULED for w in found for effect in w.decision.effects)
    assert sum(work.committed(TopicName.PAYMENTS).values()) == 20
