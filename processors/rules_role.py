"""The RULES role: source topics and re-decision requests in, write-backs and dead letters out (laws 1, 2, 5, 9 to 15).

Each batch is one Kafka transaction; its numbered steps stand at `streams.kafka.transactions.TransactionalBatches`.
"""

from __future__ import annotations

import secrets
from typing import Final

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from processors.rules_batch import CONSUMED, GROUP, RulesHandler
from schemas.topics import TopicName, physical
from streams.fault_injection import Control, disabled
from streams.kafka.broker_watch import watched_broker
from streams.kafka.client_config import consumer_config, group_protocol, producer_config
from streams.kafka.membership import Batching
from streams.kafka.settings_view import SettingsView
from streams.kafka.topic_identity import TopicGuard
from streams.kafka.transactions import TransactionalBatches
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.role_loop import NEVER, run_loop
from streams.settings import ProgramSettings

WRITTEN: Final = (TopicName.WRITEBACKS, TopicName.DEAD_LETTERS)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Decide until stopped; returns the exit code 0. Blocks.

    1. The topics are those of the catalogue, and their ids are known (laws 5, 12). 2. Settings are read to their end
    (law 14). 3. The loop. An iteration goes back by itself after what it can abort, and from a producer that hangs;
    whatever it raises ends the process, and the next one of its slot ends what is left open (law 13):
    ConfigurationError where a restart cannot help (topics, lost positions, too many dead letters), Fenced when a newer
    process has this slot, and what an outage ended in.
    """
    health.ready(False, "settings are being read")
    names = [physical(settings.topic_prefix, name) for name in CONSUMED]
    written = [physical(settings.topic_prefix, name) for name in WRITTEN]
    guard = TopicGuard(
        AdminClient({**settings.kafka_client(), "log_level": 3}),
        [*names, *written],
    )
    guard.require_partitions(settings.topic_partitions)
    view = SettingsView(settings)
    try:
        view.catch_up(stop)
        if stop:
            return 0
        batches = TransactionalBatches(
            consumer=Consumer(consumer_config(settings, group=GROUP)),
            make_producer=lambda: Producer(producer_config(settings, transactional_id=transactional_id(settings))),
            topics=names,
            handler=RulesHandler(settings, view, guard, settings.clock()),
            guard=guard,
            protocol=group_protocol(settings),
            health=health,
            repeatable=[physical(settings.topic_prefix, TopicName.REDECISIONS)],
            batching=Batching(settings.rules_batch, settings.rules_linger_ms / 1000),
            stop=stop,
        )
        try:
            with watched_broker(settings, health, names[0]):
                return run_loop(Role.RULES, batches, stop, health, begin_again=NEVER)
        finally:
            batches.disconnect()
    finally:
        view.close()


def transactional_id(settings: ProgramSettings) -> str:
    """One per slot, for ever the same: its next owner ends what this one left open at once (law 13)."""
    if disabled(Control.STABLE_TRANSACTIONAL_ID):
        return f"{GROUP}-{secrets.token_hex(8)}"
    return f"{GROUP}-{settings.slot}"
