"""The local broker and database: started, kept, found again, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.local import Addresses, LocalStack, LocalStackError, cache_folder, postgres
from deploy.local.keeper import start_in_background, stop_in_background
from deploy.local.ledger_database import protect_local_audit
from deploy.local.stack import found_running, running
from deploy.servers import LOCAL_DATABASE
from sinks.ledger.schema.migrate import migrate
from streams.kafka.operator_config import read_client_file
from tests.scenarios.waiting import WITHIN_S, until

pytestmark = [pytest.mark.stack, pytest.mark.long]


REFUSED_S = 4.0
"""How long a client that is refused goes on asking."""


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder that Postgres' own user may pass through, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="writeback-state-"))
    folder.chmod(0o711)
    yield folder
    stop_in_background(folder)
    shutil.rmtree(folder, ignore_errors=True)


def client(addresses: Addresses) -> dict[str, Any]:
    assert addresses.kafka_client_file is not None
    return {"bootstrap.servers": addresses.bootstrap, "log_level": 0} | read_client_file(addresses.kafka_client_file)


def remember(addresses: Addresses) -> None:
    admin = AdminClient(client(addresses))
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(WITHIN_S)
    producer = Producer(client(addresses) | {"transactional.id": "kept"})
    producer.init_transactions(WITHIN_S)
    producer.begin_transaction()
    producer.produce("kept", b"value")
    producer.commit_transaction(WITHIN_S)
    with psycopg.connect(addresses.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'value' AS value")


def test_the_ledgers_user_is_no_superuser_and_cannot_rewrite_the_audit_trail(state: Path) -> None:
    """H-15: also of a database that a release before made as its superuser."""
    stack = LocalStack(state, cache=cache_folder(), with_kafka=False, throw_away=True)
    with stack:
        stack.start()
        port = msgspec.json.decode((state / "ports.json").read_bytes())["postgres"]
        as_superuser = postgres.url(state / "postgres", port, LOCAL_DATABASE)
        with psycopg.connect(postgres.url(state / "postgres", port, "postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {LOCAL_DATABASE}".encode())
        migrate(as_superuser)
        url = stack.start(LOCAL_DATABASE).database_url
        protect_local_audit(state, LOCAL_DATABASE)
        migrate(url)
        with psycopg.connect(url, autocommit=True) as mine:
            assert mine.execute("SELECT current_user, current_setting('is_superuser')").fetchone() == (
                "writeback",
                "off",
            )
            mine.execute("SELECT ensure_months('2031-01-01', 1)")
            mine.execute("DROP TABLE bodies_2031_01")
            mine.execute("SELECT audit_append('p1', now(), 'Ada', 'done', NULL, NULL, NULL, 'a test')")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                mine.execute("DELETE FROM audit_trail.actions")


def recall(addresses: Addresses) -> tuple[bytes | None, str]:
    consumer = Consumer(client(addresses) | {"group.id": "kept", "isolation.level": "read_committed"})
    consumer.assign([TopicPartition("kept", 0, 0)])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    with psycopg.connect(addresses.database_url) as connection:
        row = connection.execute("SELECT value FROM kept").fetchone()
    assert row is not None
    return message.value(), row[0]


def test_data_and_ports_survive_a_restart(state: Path) -> None:
    """What was written is there after a stop and a start, at the same addresses; a second user shares the stack."""
    with LocalStack(state) as first:
        addresses = first.start("writeback")
        remember(addresses)
        second = LocalStack(state)
        assert second.start("writeback") == addresses
        second.stop()
        assert first.ended() is None
        assert found_running(state, "writeback") == addresses
    assert running(state) is None
    with LocalStack(state) as again:
        assert again.start("writeback") == addresses
        assert recall(addresses) == (b"value", "value")


def test_a_killed_owner_takes_its_servers_along_and_the_next_start_works(state: Path) -> None:
    """SIGKILL of the process that owns the stack leaves no server behind and no folder that cannot be used."""
    keeper = start_in_background(state, cache_folder())
    addresses = found_running(state, "postgres")
    found = running(state)
    assert addresses is not None
    assert found is not None
    remember(addresses)
    os.kill(keeper, signal.SIGKILL)
    os.waitpid(keeper, 0)
    with LocalStack(state) as again:
        assert again.start() == addresses
        assert recall(addresses) == (b"value", "value")
        assert not psutil.pid_exists(found.kafka)
        assert not psutil.pid_exists(found.postgres)


def test_a_stack_ends_with_the_process_that_it_was_started_for(state: Path) -> None:
    """A test run that is killed leaves no stack running, though the stack was started by one of its workers."""
    run = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    keeper = start_in_background(state, cache_folder(), throw_away=True, until_pid=run.pid)
    run.kill()
    run.wait()
    until(lambda: os.waitpid(keeper, os.WNOHANG)[0] == keeper, "the keeper ends")
    assert not state.exists()


def test_a_taken_port_is_said_with_the_remedy(state: Path) -> None:
    """Another program on a remembered port: the error names the port and both ways out."""
    with LocalStack(state, with_kafka=False) as stack:
        port = int(stack.start().database_url.rpartition(":")[2].partition("/")[0])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(LocalStackError, match=rf"port {port} .*taken.*--new-ports"):
            LocalStack(state, with_kafka=False).start()
        with LocalStack(state, with_kafka=False, new_ports=True) as elsewhere:
            assert f":{port}/" not in elsewhere.start().database_url


def test_the_broker_needs_its_password_and_takes_scram(state: Path) -> None:
    """H-8: another user of the machine cannot read events through loopback, nor reach the controller."""
    with LocalStack(state, with_postgres=False) as stack:
        addresses = stack.start()
        right = client(addresses)
        controller = msgspec.json.decode((state / "ports.json").read_bytes())["controller"]
        assert right["sasl.mechanism"] == "SCRAM-SHA-512"
        assert AdminClient(right).list_topics(timeout=WITHIN_S).brokers
        for wrong in (
            {"bootstrap.servers": addresses.bootstrap},
            right | {"sasl.password": "wrong"},
            right | {"sasl.username": "somebody"},
            {"bootstrap.servers": f"127.0.0.1:{controller}"},
        ):
            with pytest.raises(KafkaException):
                AdminClient(wrong | {"log_level": 0}).list_topics(timeout=REFUSED_S)
        assert addresses.kafka_client_file is not None
        assert addresses.kafka_client_file.stat().st_mode & 0o077 == 0
        assert right["sasl.password"] not in " ".join(_commands())
    with LocalStack(state, with_postgres=False) as again:
        plain = client(again.start()) | {"sasl.mechanism": "PLAIN"}
        with pytest.raises(KafkaException):
            AdminClient(plain).list_topics(timeout=REFUSED_S)


def _commands() -> list[str]:
    return [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]


def test_only_what_is_wanted_is_started(state: Path) -> None:
    """With a broker of one's own, the local stack is the database alone."""
    with LocalStack(state, with_kafka=False) as stack:
        addresses = stack.start()
        assert addresses.bootstrap == ""
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW max_connections").fetchone() == ("200",)


def test_a_throw_away_stack_leaves_nothing() -> None:
    """Its folder is gone at the end."""
    with LocalStack(None, with_kafka=False) as stack:
        stack.start()
        assert stack.state.exists()
    assert not stack.state.exists()


def test_the_database_needs_its_password(state: Path) -> None:
    """Another user of the machine cannot read the ledger through loopback."""
    with LocalStack(state, with_kafka=False) as stack:
        url = stack.start().database_url
        scheme, _, rest = url.partition("://")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"{scheme}://postgres:wrong@{rest.partition('@')[2]}")
        assert (state / "postgres" / "password").stat().st_mode & 0o077 == 0


def test_nobody_joins_a_stack_that_ends(state: Path) -> None:
    """A start that meets a stopping stack waits for its end and starts its own; a user of another's is told."""
    with LocalStack(state, with_kafka=False) as first:
        addresses = first.start()
        guest = LocalStack(state, with_kafka=False)
        guest.start()
        assert guest.ended() is None
        starter = subprocess.Popen(
            [sys.executable, "-c", GUEST, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert starter.stdout is not None
        assert starter.stdout.readline() == "False\n"
        first.stop()
        assert guest.ended() == "stack of another process"
        with LocalStack(state, with_kafka=False) as second:
            assert second.start() == addresses
            assert second.ended() is None
        starter.communicate()


GUEST = """
import sys
from pathlib import Path
from deploy.local import LocalStack
stack = LocalStack(Path(sys.argv[1]), with_kafka=False)
stack.start()
print(stack._lock.held, flush=True)
input()
stack.stop()
"""
