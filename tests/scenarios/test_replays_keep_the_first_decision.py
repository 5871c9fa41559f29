"""Scenario 20, law 2: RULES reads everything again and now decides otherwise; what was resolved stays as it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.codec import decode_settings, encode_settings
from schemas.topics import TopicName
from streams.fault_injection import Control
from tests.scenarios import invariants, topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline, chosen_settings
from tests.scenarios.raw_records import put

pytestmark = pytest.mark.stack

STORIES = (
    ({"timing": "INSTANT"}, {"timing": "DAILY"}, {"POSTED": 2}),
    ({"amount": "GROSS"}, {"amount": "NET"}, {"POSTED": 1}),
    ({"master": False}, {"master": True}, {"SKIPPED_DISABLED": 2}),
)


def as_if_it_had_been(pipeline: Pipeline, practice: str, **otherwise: Any) -> None:
    """The settings that RULES sees say something else for all time, as a faulty release of RULES would read them."""
    record = [each for each in topics.read_all(pipeline.world, TopicName.SETTINGS) if each.key == practice.encode()][-1]
    history = decode_settings(record.value or b"")
    changed = tuple(
        msgspec.structs.replace(version, settings=chosen_settings(otherwise)) for version in history.versions
    )
    put(
        pipeline.world,
        TopicName.SETTINGS,
        record.key,
        encode_settings(msgspec.structs.replace(history, versions=changed)),
    )


@pytest.mark.parametrize(("first", "replayed", "end"), STORIES, ids=["instant-daily", "gross-net", "skipped-enabled"])
def test_the_first_decision_stands(
    pipeline: Pipeline, first: dict[str, Any], replayed: dict[str, Any], end: dict[str, int]
) -> None:
    """Decided INSTANT, GROSS or switched off, then replayed as DAILY, NET or on: nothing changes, at neither end."""
    practice = pipeline.practice(**first)
    pipeline.start_all()
    pipeline.send(payment(practice))
    pipeline.until(lambda: pipeline.states() == end, "it is decided and done")
    as_if_it_had_been(pipeline, practice, **replayed)
    pipeline.invariants()
    assert pipeline.states() == end


def test_control_resolve_once(pipeline: Pipeline) -> None:
    """Without law 2 the replay adds the fee adjustment as a new entry: the patient is credited 3.20 too much."""
    practice = pipeline.practice(amount="GROSS")
    pipeline.start("intake", test_controls=Control.RESOLVE_ONCE.value)
    pipeline.start("rules", "poster", "relay", "notifier")
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=1)
    as_if_it_had_been(pipeline, practice, amount="NET")
    with pytest.raises(AssertionError, match=r"I7: a replay changed \{'effects'"):
        pipeline.invariants()
    pipeline.until_states(POSTED=2)
    assert pipeline.at_targets() == {practice: 10_320}
    with pytest.raises(AssertionError, match="I5"):
        invariants.money_in_is_accounted_for(invariants.Ledger(pipeline.world), topics.sources(pipeline.world))


def test_settings_saved_between_two_readings_change_nothing(pipeline: Pipeline) -> None:
    """E-8: a new version is for payments to come, so a replay after INSTANT became DAILY decides the same."""
    practice = pipeline.practice()
    pipeline.start_all()
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=2)
    pipeline.save(practice, timing="DAILY")
    pipeline.invariants()
    assert pipeline.states() == {"POSTED": 2}
