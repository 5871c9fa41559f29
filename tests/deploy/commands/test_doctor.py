"""`writeback doctor` with several things broken at once: what it finds, in which order, and within which time."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from schemas.topics import TopicName, physical
from sinks.operations.doctor import broker_look, ledger_look
from sinks.operations.doctor.examine import examine
from sinks.operations.doctor.finding import Check, Problem
from streams.kafka.topics import ensure_topics
from tests.deploy.commands.console import Said, writeback, writeback_here
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.notices.notice_ledger import Mailbox, NoticeLedger
from tests.sinks.operations.doctor.test_judge import parses
from tests.worlds import World

pytestmark = pytest.mark.stack
LEDGER_CHECKS = {check.value for check in (Check.MIGRATIONS, *ledger_look.OF_THE_LEDGER)}


@pytest.fixture
def ledger(world: World, tmp_path: Path) -> Iterator[NoticeLedger]:
    """An empty ledger, with all topics."""
    ensure_topics(world.settings())
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        yield NoticeLedger(world, connection, Mailbox(), tmp_path)


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and never answers, as a process that is frozen."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def doctor(world: World, *arguments: str, **settings: Any) -> Said:
    """In this process, on a machine without data folders: its own disks are no part of the test."""
    return writeback_here(world, "doctor", *arguments, **({"state_dir": Path("/no/such/folder")} | settings))


def problems(said: Said) -> list[str]:
    return [each["problem"] for each in json.loads(said)["findings"]]


def missed(said: Said) -> set[str]:
    return {each["check"] for each in json.loads(said)["not_looked_at"]}


def break_much(ledger: NoticeLedger) -> None:
    """A mapping that is missing, a dead entry, a patient without a number, a gate that nobody serves, a closed
    connection, an access that ends, an outbox that stands, and a notice without a reader."""
    ledger.practice("northside")
    ledger.practice("southside")
    ledger.effect(1)
    ledger.effect(2, state="REJECTED", reason="REFUSED_BY_TARGET")
    ledger.effect(3, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED")
    ledger.connection_closed("TARGET_DOWN", 90)
    ledger.connection.execute("UPDATE connections SET secret_until = now() + interval '6 days 12 hours'")
    ledger.connection.execute(
        "INSERT INTO gates (practice_id, connection_id, next_due_at) VALUES"
        " ('southside', 'pms', now() - interval '1 h'), ('northside', 'pms', now() - interval '2 h')"
    )
    ledger.connection.execute(
        "INSERT INTO outbox (practice_id, id, topic, created_at)"
        " VALUES ('p', gen_random_uuid(), 't', now() - interval '1 h')"
    )
    ledger.connection.execute(
        "INSERT INTO notices (practice_id, cause, opened_at, reason)"
        " VALUES ('northside', 'c', now(), 'MAPPING_MISSING')"
    )


def test_a_sound_pipeline_has_no_finding(ledger: NoticeLedger) -> None:
    said = doctor(ledger.world)
    assert said.code == 0, said + said.errors
    assert said == "nothing is wrong: everything was looked at\n"


def test_all_that_is_broken_is_told_in_order_of_harm(ledger: NoticeLedger) -> None:
    break_much(ledger)
    said = writeback(ledger.world, "doctor", "--json", state_dir=Path("/no/such/folder"))
    assert said.code == 1, said.errors
    assert problems(said) == [
        "GATES_STUCK",
        "OUTBOX_BEHIND",
        "CREDENTIAL_ENDING",
        "MAPPING_WRONG",
        "CONNECTION_CLOSED",
        "LINKS_WAITING",
        "NOTICES_UNREAD",
        "DEAD_LETTERS",
    ]
    assert missed(said) == set()
    found = {each["problem"]: each for each in json.loads(said)["findings"]}
    assert all(parses(each["command"]) for each in found.values())
    assert found["GATES_STUCK"]["command"].endswith("--practice southside"), "northside's is closed, not stuck"
    assert found["MAPPING_WRONG"]["command"] == "writeback target choices northside open-dental"
    assert found["CONNECTION_CLOSED"]["command"] == "writeback target test northside open-dental"
    assert "6.5 days" in found["CREDENTIAL_ENDING"]["seen"]


def test_each_finding_is_one_line_for_people(ledger: NoticeLedger) -> None:
    break_much(ledger)
    said = doctor(ledger.world)
    lines = said.splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("critical: lanes: ")
    assert lines[-1].startswith("warning: dead letters: ")
    assert all(line.count("To do: ") == 1 for line in lines)


def test_clocks_of_the_broker_and_the_database_that_are_ahead(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine's clock is put back instead of theirs forward. The broker's shows in the stamps of its records."""
    producer = Producer({"bootstrap.servers": ledger.world.bootstrap})
    producer.produce(physical(ledger.world.prefix, TopicName.PAYMENTS), b"x")
    assert producer.flush(WITHIN_S) == 0
    for module, behind_s in ((broker_look, 1_000.0), (ledger_look, 10.0)):
        past = SimpleNamespace(time=partial(_ago, behind_s))
        monkeypatch.setattr(module, "time", past)
    diagnosis = examine(ledger.world.settings())
    assert [each.problem for each in diagnosis.findings] == [Problem.CLOCK_WRONG, Problem.CLOCK_DIFFERS]
    assert [each.values["server"] for each in diagnosis.findings] == ["the broker", "the database"]


def _ago(seconds: float) -> float:
    return time.time() - seconds


def test_the_disk_of_the_data_folder(ledger: NoticeLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kafka").mkdir()
    full = SimpleNamespace(free=1024**2, total=1024**4)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    said = doctor(ledger.world, "--json", state_dir=tmp_path)
    assert problems(said) == ["DISK_FULL"], "one disk is told once"
    assert "1 MiB (0 %)" in json.loads(said)["findings"][0]["seen"]


def test_nothing_is_changed(ledger: NoticeLedger) -> None:
    """Its session refuses to write: whatever it asked, nothing of the ledger could change."""
    with (
        ledger_look._connect(ledger.world.database_url) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("DELETE FROM practices")


def test_a_schema_that_is_not_there_is_told_and_not_made(world: World) -> None:
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE schema_versions CASCADE")
    said = doctor(world, "--json")
    assert said.code == 1
    assert problems(said) == ["TOPICS_MISSING", "SCHEMA_BEHIND"]
    assert missed(said) == LEDGER_CHECKS - {"migrations"}
    with psycopg.connect(world.database_url) as connection:
        row: Any = connection.execute("SELECT to_regclass('schema_versions')").fetchone()
    assert row[0] is None


@pytest.mark.parametrize("hangs", [True, False], ids=["frozen", "away"])
def test_without_a_database_the_other_checks_go_on(world: World, hangs: bool) -> None:
    with silent_server() as port:
        url = f"postgresql://x:y@127.0.0.1:{port if hangs else 1}/x"
        said = doctor(world, "--json", database_url=url)
    assert said.code == 1
    assert problems(said) == ["DATABASE_SILENT", "TOPICS_MISSING"]
    assert missed(said) == LEDGER_CHECKS
    assert said.errors == ""


@pytest.mark.parametrize("hangs", [True, False], ids=["frozen", "away"])
def test_without_a_broker_the_other_checks_go_on(ledger: NoticeLedger, hangs: bool) -> None:
    break_much(ledger)
    with silent_server() as port:
        servers = f"127.0.0.1:{port if hangs else 1}"
        said = doctor(ledger.world, "--json", kafka_bootstrap_servers=servers)
    assert said.code == 1
    assert problems(said)[:2] == ["BROKER_SILENT", "GATES_STUCK"]
    assert missed(said) == {"topics"}
    assert said.errors == ""


def test_a_statement_that_hangs_ends_at_the_deadline(ledger: NoticeLedger) -> None:
    """What was seen before is kept; a table that somebody has locked costs a second, and that check alone."""
    break_much(ledger)
    with psycopg.connect(ledger.world.database_url) as other:
        other.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        diagnosis = examine(ledger.world.settings())
    assert [each.check for each in diagnosis.unlooked] == [Check.OUTBOX]
    assert Problem.DEAD_LETTERS in {each.problem for each in diagnosis.findings}


def test_control_what_hangs_for_ever_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time limits of the clients' own the deadline alone ends it."""
    monkeypatch.setattr(ledger_look, "CONNECT_S", 60)
    monkeypatch.setattr(broker_look, "ANSWER_S", 20.0)
    with silent_server() as port:
        changed = {
            "database_url": f"postgresql://x:y@127.0.0.1:{port}/x",
            "kafka_bootstrap_servers": f"127.0.0.1:{port}",
        }
        diagnosis = examine(world.settings(**changed), within_s=0.5)
    assert [each.problem for each in diagnosis.findings] == [Problem.BROKER_SILENT, Problem.DATABASE_SILENT]
    assert all("no answer" in each.values["why"] for each in diagnosis.findings)


def test_what_could_not_be_looked_at_alone_is_its_own_exit_code(ledger: NoticeLedger) -> None:
    with psycopg.connect(ledger.world.database_url) as other:
        other.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        said = doctor(ledger.world)
    assert said.code == 2
    assert said == "not looked at: outbox: LockNotAvailable 55P03\n"


def test_roles_that_refused_to_go_on_and_were_not_started_since(ledger: NoticeLedger) -> None:
    stop = "INSERT INTO role_stops VALUES (%s, 0, 'Permanent', now() - make_interval(mins => %s))"
    slot = "INSERT INTO role_slots VALUES (%s, 0, 1, 'host-1', now() - make_interval(mins => %s))"
    for role, stopped, started in (("intake", 5, 600), ("poster", 60, 5), ("notifier", 600, 6000)):
        ledger.connection.execute(stop, (role, stopped))
        ledger.connection.execute(slot, (role, started))
    for role, stopped in (("rules", 5), ("relay", 90)):
        ledger.connection.execute(stop, (role, stopped))
    said = json.loads(doctor(ledger.world, "--json"))["findings"]
    assert [each["problem"] for each in said] == ["ROLE_STOPPED"] * 3
    assert {each["command"] for each in said} == {
        f"writeback {role} --slot 0" for role in ("intake", "notifier", "rules")
    }


def test_standbys_the_registry_and_the_mail_server_are_looked_at(ledger: NoticeLedger) -> None:
    """On the fixture's server, which is alone: that is accepted, or it is the finding."""
    far = {"schema_registry_url": "http://127.0.0.1:1", "smtp_url": "smtp://127.0.0.1:1"}
    said = doctor(ledger.world, "--json", **far, single_node=False)
    assert problems(said) == ["STANDBY_ABSENT", "REGISTRY_SILENT", "MAIL_SILENT"]
    assert missed(said) == set()


def test_what_is_not_encrypted_is_a_finding(ledger: NoticeLedger) -> None:
    clear = {"otel_exporter_otlp_endpoint": "http://collector.example:4318"}
    said = doctor(ledger.world, "--json", **clear)
    assert problems(said) == ["IN_THE_CLEAR"]
