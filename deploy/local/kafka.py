"""Apache Kafka itself, one KRaft node on loopback."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from deploy.local import children
from deploy.local.broker_login import OPEN, Login
from deploy.local.folders import LocalStackError, write_private
from deploy.local.ports import LOOPBACK, answers

START_S: Final = 180.0  # 2.5 s measured; a loaded two-core machine has needed 20; its end is noticed at once
FORMAT_S: Final = 180.0

# Small heap, one collector thread and only the quick compiler: 340 MB resident and ready in 2.5 s.
JVM: Final = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
QUIET: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENTS",
    # One node: every internal topic has one replica; four partitions start and load quickly.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    # KIP-848 sets these on the broker; a killed worker's partitions move after 6 s instead of 45 s.
    "group.consumer.min.session.timeout.ms": "3000",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
    "group.min.session.timeout.ms": "1000",
    # Largest topic (law 9): write-backs, twice a 4 MiB payout, and 64 KiB of headers; topics narrow it.
    "message.max.bytes": str(9 * 1024 * 1024),
    "replica.fetch.max.bytes": str(9 * 1024 * 1024),
    "socket.request.max.bytes": str(64 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "log.segment.bytes": str(64 * 1024 * 1024),
    "log.retention.check.interval.ms": "300000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # After a kill, a new start waits for the old registration to expire; a clean stop withdraws it.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
}


def properties(folder: Path, port: int, controller_port: int, login: Login | None) -> str:
    """The server.properties of the node whose data is in `folder`; `login` None asks nobody for a password."""
    listeners = f"CLIENTS://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}"
    own = {
        "listeners": listeners,
        "advertised.listeners": f"CLIENTS://{LOOPBACK}:{port}",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "log.dirs": str(folder / "data"),
    }
    access = OPEN if login is None else login.server_settings()
    return "".join(f"{name}={value}\n" for name, value in (SETTINGS | own | access).items())


def start(
    folder: Path, jars: list[Path], java: Path, port: int, controller_port: int, login: Login | None
) -> children.Child:
    """Format the storage on the first start and start the broker; `wait_ready` blocks until it can be used."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # events lie there as they came; Postgres keeps its own folder in the same way
    config = folder / "server.properties"
    formatted = (folder / "data" / "meta.properties").exists()
    if login is not None and not formatted:
        login.forget_stored()
    write_private(config, properties(folder, port, controller_port, login))
    base = [str(java), *JVM, *QUIET, "-cp", ":".join(map(str, jars))]
    if not formatted:
        _format(base, config)
    return children.start("Kafka", [*base, "kafka.Kafka", str(config)], log=folder / "kafka.log")


def wait_ready(child: children.Child, port: int, login: Login | None) -> None:
    """Block until the broker answers a metadata request. Raises LocalStackError with its log's end."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    child.wait_until(lambda: answers(port), START_S)
    client = {} if login is None else login.starting_client()
    admin = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0, **client})

    def has_broker() -> bool:
        try:
            return bool(admin.list_topics(timeout=2.0).brokers)
        except KafkaException:
            return False

    child.wait_until(has_broker, START_S)
    if login is not None:
        login.store(admin)


def cluster_id() -> str:
    """A new one as Kafka writes them; none begins with a dash, which its storage tool would take for an option."""
    drawn = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return f"W{drawn[1:]}" if drawn.startswith("-") else drawn


def _format(base: list[str], config: Path) -> None:
    cluster = cluster_id()
    command = [*base, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(config), "--ignore-formatted"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_S, check=False)
    if done.returncode != 0:
        raise LocalStackError(f"Kafka's storage could not be made: {(done.stderr or done.stdout).strip()[-800:]}")
