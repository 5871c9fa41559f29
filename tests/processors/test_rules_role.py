"""RULES on the real broker (laws 1, 2, 9 to 14)."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer

from processors.rules_role import transactional_id
from schemas.codec import decode_writeback, encode_event
from schemas.practice_settings import Timing
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, State
from schemas.writebacks import Redecision
from streams.fault_injection import Control, install
from streams.kafka.client_config import producer_config
from streams.kafka.dead_letters import parse_dead_letter
from streams.kafka.redecision_requests import redecision_headers
from streams.runtime.clock import set_rehearsal
from tests.processors.rules.event_examples import NOON, changed, history, item, membership, payment, payout, version
from tests.processors.running_rules import RulesAtWork, RulesThread
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World

pytestmark = [pytest.mark.stack, pytest.mark.long]


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


def test_unknown_practice_waits_and_is_decided_again(world: World) -> None:
    """Laws 10, 15; scenario 66: it waits in the ledger; a re-decision answers under the newest settings, in place."""
    work = RulesAtWork(world)
    (first,) = work.send([payment()])
    with RulesThread(work.settings) as rules:
        rules.until_ready()
        waiting = decode_writeback(work.until_out(1)[0].value)
        assert waiting.decision.waiting is State.AWAITING_SETTINGS
        work.save(history())
        request = Redecision(
            position=waiting.position,
            practice_id="practice-1",
            least_version=1,
            original_key=waiting.original_key,
            original=waiting.original,
        )

        def answered() -> bool:
            """Asked until the version matches, as INTAKE's sweep does."""
            work.put(TopicName.REDECISIONS, b"practice-1", request.original, headers=redecision_headers(request))
            answers = [decode_writeback(record.value) for record in work.out()[1:]]
            return any(answer.decision.settings_version == 1 for answer in answers)

        until(answered, "the request is answered under version 1")
    answer = decode_writeback(work.out()[-1].value)
    assert answer.redecision
    assert answer.position == waiting.position
    assert (answer.position.partition, answer.position.offset) == (first.partition, first.offset)
    assert answer.identity == waiting.identity
    assert answer.decision.effects


def test_a_redecision_without_its_headers_is_a_dead_letter(world: World) -> None:
    """Law 9: it names nothing that could be decided."""
    work = RulesAtWork(world)
    work.put(TopicName.REDECISIONS, b"practice-1", encode_event(payment()), headers=[("rd-schema", b"1")])
    with RulesThread(work.settings):
        (record,) = work.until_out(1)
    found = parse_dead_letter([*record.headers.items()])
    assert (found.reason, found.position.topic) == (DeadLetterReason.UNDECODABLE, TopicName.REDECISIONS)


def test_a_replay_from_the_start_decides_again_in_place(world: World) -> None:
    """Law 2: replayed records give records with the same positions and identities; INTAKE drops the repeats."""
    work = RulesAtWork(world)
    work.save(history())
    sent = work.send([changed(payment(), event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(5)])
    with RulesThread(work.settings):
        work.until_out(5)
    work.commit_as(TopicName.PAYMENTS, sent[0].partition, 0, "")
    with RulesThread(work.settings):
        out = work.until_out(10)
    found = Counter((w.position.offset, w.identity) for w in (decode_writeback(record.value) for record in out))
    assert set(found.values()) == {2}


def test_business_time_of_a_rehearsal(world: World, tmp_path: Path) -> None:
    """PROTOCOL section 5, two clocks: arrival is in business time, so a day of March is not late in another month."""
    clock = tmp_path / "clock"
    set_rehearsal(clock, NOON)
    work = RulesAtWork(world, rehearsal_clock=clock)
    work.save(history(version(timing=Timing.DAILY)))
    work.send([payment()])
    with RulesThread(work.settings):
        (record,) = work.until_out(1)
    decided = decode_writeback(record.value)
    assert not decided.decision.late
    assert {effect.due_at for effect in decided.decision.effects} == {NOON + timedelta(hours=6)}
    assert abs(decided.position.appended_at - NOON) < timedelta(hours=1)


def _killed_before_the_commit(work: RulesAtWork, tmp_path: Path) -> None:
    """A RULES process that dies with its transaction open."""
    role = Role(work.world, "rules", tmp_path, test_crash_at="rules.before_commit")
    try:
        assert role.until_dead() == -signal.SIGKILL
    finally:
        role.end()


def test_a_killed_worker_is_ended_by_the_next_of_its_slot(world: World, tmp_path: Path) -> None:
    """Law 13: the next process with the same id ends the open transaction at its start; one with another id leaves it
    open, and committed output behind it stays hidden."""
    work = RulesAtWork(world)
    work.save(history())
    work.send([payment()])
    _killed_before_the_commit(work, tmp_path)
    assert work.hidden(TopicName.WRITEBACKS) > 0
    install([Control.STABLE_TRANSACTIONAL_ID])
    random_id = transactional_id(work.settings)
    install()
    assert random_id != transactional_id(work.settings)
    Producer(producer_config(work.settings, transactional_id=random_id)).init_transactions(WITHIN_S)
    assert work.hidden(TopicName.WRITEBACKS) > 0
    with RulesThread(work.settings):
        work.until_out(1)
    assert work.hidden(TopicName.WRITEBACKS) == 0
    assert len(work.out()) == 1
    assert sum(work.committed(TopicName.PAYMENTS).values()) == 1


@pytest.mark.parametrize("point", ["rules.after_produce", "rules.before_commit", "rules.after_commit"])
def test_killed_at_any_step_each_record_comes_out_once(world: World, tmp_path: Path, point: str) -> None:
    """Law 1, scenario 29: SIGKILL before or after the commit; the next process goes on exactly there."""
    work = RulesAtWork(world)
    work.save(history())
    events = [changed(payment(), event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(30)]
    work.send(events)
    role = Role(world, "rules", tmp_path, test_crash_at=point, rules_batch=7)
    try:
        role.until_dead()
    finally:
        role.end()
    with RulesThread(work.settings):
        out = work.until_out(30)
    ids = Counter(decode_writeback(record.value).identity.event_id for record in out)
    assert ids == Counter({event.event_id: 1 for event in events})
