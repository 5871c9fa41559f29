"""Client settings of every consumer and producer on the money path.

Nothing here can be changed from outside but how the broker is reached (`ProgramSettings.kafka_client`): an unsafe
option cannot be set.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from schemas.topics import LARGEST_BATCH_BYTES
from streams.runtime.errors import Transient
from streams.runtime.logging import log
from streams.settings import ProgramSettings

_LOG = log(__name__)

GroupProtocol = Literal["consumer", "classic"]

ADMIN_S: Final = 15.0
"""For one question to the broker; a coordinator that is still loading answers within a few seconds."""
FETCH_BYTES: Final = 16 * 1024 * 1024
"""One answer of the broker: above the largest record, far below what would fill a role's memory."""
PREFETCH_KIB: Final = 16 * 1024
"""What one consumer holds ahead of its loop: several batches of payments, and no more than a role's memory allows."""
PREFETCH_RECORDS: Final = 20_000
"""Four full batches: the loop never waits for the broker while there is a backlog."""
TRANSACTION_RETRY_MS: Final = 5
"""AddOffsetsToTxn is answered CONCURRENT_TRANSACTIONS right after a commit; the default wait of 100 ms costs p99."""
LINGER_MS: Final = 5
"""0 halves the throughput, more only adds latency. A transaction's commit does not wait for it."""
ALONE_LINGER_MS: Final = 1
"""Outside of transactions, where nothing ends the wait early."""


CLASSIC_SESSION_MS: Final = 10_000
"""A killed worker's partitions wait this long under the classic protocol, not the client's 45 s; the work of a batch
runs beside the heartbeats, so a slow batch ends no session."""


def log_client_error(error: KafkaError) -> None:
    """Logs what a client reports, by its code alone (H-1). Fatal errors are raised by the next call."""
    _LOG.warning("a Kafka client reports an error", code=error.name())


def consumer_config(settings: ProgramSettings, *, group: str) -> dict[str, Any]:
    """Settings of a consumer in `group`: nothing is committed, stored or reset behind our back (laws 1, 5).

    `group.protocol` is resolved by `group_protocol`, which may ask the broker and block for up to 15 s.
    KIP-848 takes no client-side session, heartbeat or assignor (law 13); classic is the eager protocol.
    """
    config: dict[str, Any] = dict(settings.kafka_client())
    config |= {
        "group.id": settings.prefixed(group),
        "client.id": f"{settings.prefixed(group)}-{settings.slot}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "max.poll.interval.ms": int(settings.times.max_poll_interval_s * 1000),
        "queued.max.messages.kbytes": PREFETCH_KIB,
        "queued.min.messages": PREFETCH_RECORDS,
        # A partition that has filled the local queue is asked again at once when there is room, not a second later.
        "fetch.queue.backoff.ms": 50,
        "fetch.max.bytes": FETCH_BYTES,
        "log_level": 3,
        "error_cb": log_client_error,
    }
    if group_protocol(settings) == "consumer":
        return config | {"group.protocol": "consumer"}
    return config | {
        "group.protocol": "classic",
        "partition.assignment.strategy": "range,roundrobin",
        "session.timeout.ms": CLASSIC_SESSION_MS,
    }


def producer_config(settings: ProgramSettings, *, transactional_id: str | None = None) -> dict[str, Any]:
    """Settings of an idempotent producer; with `transactional_id` (without prefix) of a transactional one (law 13).

    `murmur2_random` is Java's partitioner, so that a key lies where every other client expects it (law 12).
    """
    config: dict[str, Any] = dict(settings.kafka_client())
    config |= {
        "client.id": settings.prefixed(transactional_id or "writeback"),
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": ALONE_LINGER_MS if transactional_id is None else LINGER_MS,
        "message.max.bytes": LARGEST_BATCH_BYTES,
        "log_level": 3,
        "error_cb": log_client_error,
    }
    if transactional_id is None:
        return config
    return config | {
        "transactional.id": settings.prefixed(transactional_id),
        "transaction.timeout.ms": int(settings.times.kafka_transaction_s * 1000),
        "retry.backoff.ms": TRANSACTION_RETRY_MS,
    }


def group_protocol(settings: ProgramSettings) -> GroupProtocol:
    """The group protocol in use: as set, or KIP-848 where the broker has it. Asks each broker address once."""
    if settings.group_protocol != "auto":
        return settings.group_protocol
    return _protocol_of(tuple(sorted(settings.kafka_client().items())))


@lru_cache(maxsize=8)
def _protocol_of(client: tuple[tuple[str, str], ...]) -> GroupProtocol:
    """What the broker's coordinator offers. Transient when it cannot be asked; then nothing is remembered."""
    admin = AdminClient(dict(client) | {"log_level": 3})
    try:
        nodes = admin.describe_cluster(request_timeout=ADMIN_S).result().nodes
        resource = ConfigResource(ConfigResource.Type.BROKER, str(nodes[0].id))
        (answer,) = admin.describe_configs([resource], request_timeout=ADMIN_S).values()
        offered = answer.result().get("group.coordinator.rebalance.protocols")
    except (KafkaException, IndexError) as error:
        raise Transient(
            "the broker cannot be asked for its group protocols: is KAFKA_BOOTSTRAP_SERVERS right?"
        ) from error
    names = offered.value.split(",") if offered is not None and offered.value else []
    return "consumer" if "consumer" in names else "classic"
