"""INTAKE and what RULES of a later release has decided: it stops before it, and its successor posts it (law 5)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.asyncapi.examples import example_of
from schemas.topics import TopicName
from schemas.wire import HEADER_BYTES, LATER_IDS, fixed_schema_ids, header
from sinks.ledger.intake.records import Consumed, Decided, Unreadable, read
from streams.fault_injection import Control, install
from streams.runtime.errors import ConfigurationError

NEWEST = max(each for each in range(10_000) if fixed_schema_ids().writer(each) is not None)


def consumed(schema_id: int, topic: TopicName = TopicName.WRITEBACKS, **more: Any) -> Consumed:
    """A decision as that schema's writer would have written it."""
    body = example_of("Writeback").value[HEADER_BYTES:]
    return Consumed(
        topic=topic, topic_id="t", part=0, off=0, timestamp_ms=0, key=b"p1", value=header(schema_id) + body, **more
    )


def test_its_own_decisions_are_read() -> None:
    assert isinstance(read(consumed(fixed_schema_ids().id_of("Writeback"))), Decided)


@pytest.mark.parametrize("ahead", [1, 2, LATER_IDS])
def test_it_stops_before_what_a_later_release_has_decided(ahead: int) -> None:
    """Its position stays: a dead letter for each would need a person, and its successor needs nobody."""
    with pytest.raises(ConfigurationError, match="replace INTAKE"):
        read(consumed(NEWEST + ahead))


@pytest.mark.parametrize("schema_id", [0, 1, NEWEST + LATER_IDS + 1, 2**31 - 1])
def test_what_was_never_ours_blocks_nobody(schema_id: int) -> None:
    assert isinstance(read(consumed(schema_id)), Unreadable)


def test_control_without_the_stop_it_is_a_dead_letter() -> None:
    install([Control.LATER_RELEASE])
    assert isinstance(read(consumed(NEWEST + 1)), Unreadable)
