"""The Faust app of HEALTH: the part of Faust that does no harm, and nothing else of it.

At least once, one agent for each topic, one event at a time; no transactions, no `take`, no `noack`, no repartition, no
crontab, no leader, no web server, no topics of its own making. `tests/processors/health/test_faust_subset.py` keeps
each of these.
"""

from __future__ import annotations

from typing import Final

import faust
from mode.supervisors import CrashingSupervisor

from processors.health.faust_client import broker_urls, credentials
from streams.settings import ProgramSettings

APP: Final = "health"
"""Names the group of consumers."""
BUFFERED: Final = 64
"""Events that a stream holds ahead; the default of 4096 looks like a leak."""
POLLED: Final = 100
"""Records of one poll: what a worker still has to end before it can give a partition up."""
COMMIT_S: Final = 1.0
SESSION_S: Final = 10.0
"""A killed worker's partitions wait this long, as under the other consumers' classic protocol."""
REBALANCE_S: Final = 60.0


class _InMemory(faust.App):
    """Its tables are in memory: the folders that Faust makes at its first start would stay empty, wherever the process
    was started."""

    def _create_directories(self) -> None:
        """Makes none."""


def make_app(settings: ProgramSettings, partitions: int) -> faust.App:
    """The app of one process, in the running event loop. `partitions`: of every topic that it reads. Raises
    ConfigurationError for a login that Faust does not know."""
    client = settings.kafka_client()
    return _InMemory(
        settings.prefixed(APP),
        broker=broker_urls(client),
        broker_credentials=credentials(client),
        broker_client_id=f"{settings.prefixed(APP)}-{settings.slot}",
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 3,
        broker_rebalance_timeout=REBALANCE_S,
        broker_max_poll_records=POLLED,
        broker_commit_interval=COMMIT_S,
        stream_buffer_maxsize=BUFFERED,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="latest",
        agent_supervisor=CrashingSupervisor,
        producer_acks=-1,
        store="memory://",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=partitions,
        reply_create_topic=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
        logging_config=None,
        autodiscover=False,
    )
