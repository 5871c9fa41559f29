"""Readiness notices a broker that hangs, which to a consumer is one without records."""

from __future__ import annotations

import socket

import pytest

from schemas.topics import TopicName, physical
from streams.kafka import broker_watch
from streams.kafka.broker_watch import SILENT, watched_broker
from streams.kafka.topics import ensure_topics
from streams.runtime.endpoints import Health
from tests.scenarios.waiting import until
from tests.worlds import World


def _ready() -> Health:
    health = Health(beat_within_s=3600, ready_within_s=3600)
    health.ready(True)
    return health


def test_a_broker_that_takes_connections_and_says_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is frozen, or behind a firewall that forgets."""
    monkeypatch.setattr(broker_watch, "ANSWER_WITHIN_S", 0.5)
    health = _ready()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = world.settings(kafka_bootstrap_servers=f"127.0.0.1:{mute.getsockname()[1]}")
        with watched_broker(settings, health, "any"):
            until(lambda: health.is_ready() == (False, SILENT), "readiness says so")


@pytest.mark.stack
def test_a_broker_that_answers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missing is there again."""
    monkeypatch.setattr(broker_watch, "ASK_EVERY_S", 0.05)
    ensure_topics(world.settings())
    health = _ready()
    health.depends("broker", SILENT)
    with watched_broker(world.settings(), health, physical(world.prefix, TopicName.RESULTS)):
        until(lambda: health.is_ready()[0], "readiness says so")
