"""The smoke part of the integration suite on Kafka and Postgres in containers, started by testcontainers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import psycopg
import pytest
import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.containers.contexts import HERE
from deploy.containers.names import Image
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.postgres import SETTINGS, THROW_AWAY_SETTINGS
from tests.citations import ROOT
from tests.scenarios.waiting import until
from tests.worlds import Stack

pytestmark = pytest.mark.machine

SMOKE = (
    "tests/streams/kafka/test_topics.py",
    "tests/streams/kafka/test_transactions.py",
    "tests/sinks/ledger/test_schema_version.py",
    "tests/scenarios/test_day_without_faults.py",
    "tests/scenarios/test_killed_poster.py",
)
"""Topics, transactions, the schema, and the day with and without a crash. What ends the servers themselves cannot run
on servers that belong to somebody else."""
OUTSIDE = 29092
POSTGRES = 5432
SUITE_S = 1500


@pytest.fixture(scope="module")
def stack_in_containers(images: Mapping[Image, str]) -> Iterator[Stack]:
    """Both servers, as the compose file starts them. No reaper: it would be an image of a registry, and the `with`
    blocks end what they start."""
    testcontainers_config.ryuk_disabled = True
    kafka_port, postgres_port = free_ports(2)
    services = yaml.safe_load((HERE / "compose.yaml").read_text(encoding="utf-8"))["services"]
    settings = {name: str(value) for name, value in services["kafka"]["environment"].items()}
    settings["KAFKA_ADVERTISED_LISTENERS"] = f"INSIDE://localhost:9092,OUTSIDE://{LOOPBACK}:{kafka_port}"
    fast = SETTINGS | THROW_AWAY_SETTINGS
    options = [part for name, value in fast.items() for part in ("-c", f"{name}={value}")]
    kafka = DockerContainer(images[Image.KAFKA], env=settings).with_bind_ports(OUTSIDE, kafka_port)
    postgres = DockerContainer(images[Image.POSTGRES], env={"POSTGRES_PASSWORD": "rehearsal"}, shm_size="256m")
    postgres = postgres.with_bind_ports(POSTGRES, postgres_port).with_command(["postgres", *options])
    stack = Stack(f"{LOOPBACK}:{kafka_port}", f"postgresql://postgres:rehearsal@{LOOPBACK}:{postgres_port}/postgres")
    with ExitStack() as ends:
        for container in (kafka, postgres):
            ends.enter_context(container)
        until(lambda: _serves(stack), "both servers take connections", show=lambda: _logs(kafka) + _logs(postgres))
        yield stack


def _serves(stack: Stack) -> bool:
    try:
        psycopg.connect(stack.database_url, connect_timeout=2).close()
        return bool(AdminClient({"bootstrap.servers": stack.bootstrap, "log_level": 0}).list_topics(timeout=2).brokers)
    except (psycopg.OperationalError, KafkaException):
        return False


def _logs(container: DockerContainer) -> str:
    return b"".join(container.get_logs()).decode(errors="replace")[-2000:]


def test_the_smoke_part_passes_on_containers(stack_in_containers: Stack) -> None:
    """In a run of its own, that is told of the stack as anybody's would be, and starts none itself."""
    environ = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": stack_in_containers.bootstrap,
        "DATABASE_URL": stack_in_containers.database_url,
    }
    environ = {name: value for name, value in environ.items() if not name.startswith("PYTEST_")}
    options = ["-q", "-n", "2", "-m", "not soak and not machine", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, *SMOKE]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=SUITE_S)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    with psycopg.connect(stack_in_containers.database_url) as db:
        names = [
            row[0] for row in db.execute("SELECT datname FROM pg_database WHERE datname LIKE 'writeback_schema_%'")
        ]
    assert names, "the run has used another database than the container's"
