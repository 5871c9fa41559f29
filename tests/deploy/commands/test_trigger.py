"""`writeback trigger` and `send --to-sandbox`: made-up events of any type, to a sandbox's topics and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from schemas.codec import decode_event
from schemas.sample_events import EVENT_NAMES
from schemas.topics import SOURCES, TopicName, physical
from streams.kafka.topics import ensure_topics
from tests.deploy.commands.console import Said, writeback_here, writeback_json_here
from tests.scenarios.topics import read_all
from tests.schemas.examples import PAYMENT
from tests.streams.kafka.test_event_files import line_of
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def sandbox(world: World) -> Iterator[dict[str, Any]]:
    """The variables of a production environment, whose sandbox is this world, and which has topics of its own."""
    production = f"{world.prefix}production."
    ensure_topics(world.settings())
    ensure_topics(world.settings(topic_prefix=production))
    yield {"topic_prefix": production, "sandbox_topic_prefix": world.prefix, "profile": "production"}
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    for answer in admin.delete_topics([physical(production, name) for name in TopicName]).values():
        answer.result()


def events(world: World) -> list[str]:
    """Types of what stands on the sandbox's source topics."""
    records = read_all(world, *SOURCES)
    return sorted(type(decode_event(each.topic, each.value)).__name__ for each in records)


def in_production(world: World, sandbox: dict[str, Any]) -> int:
    elsewhere = World(world.bootstrap, sandbox["topic_prefix"], world.database, world.database_url)
    return len(read_all(elsewhere, *SOURCES, TopicName.PATIENTS))


def test_a_refund_comes_with_its_payment_and_reaches_the_sandbox_alone(world: World, sandbox: dict[str, Any]) -> None:
    """Where each stands is said, and how its results are shown."""
    said = writeback_here(world, "trigger", "refund.succeeded", "--practice", "p1", "--to-sandbox", **sandbox)
    assert said.code == 0, said.errors
    assert [line.split()[1] for line in said.splitlines()[:2]] == ["payment.succeeded", "refund.succeeded"]
    assert "writeback results --from-sandbox --event ev-" in said
    assert events(world) == ["PaymentSucceeded", "RefundSucceeded"]
    assert in_production(world, sandbox) == 0


def test_made_up_money_is_not_sent_to_a_practices_books(world: World, sandbox: dict[str, Any]) -> None:
    """Without --to-sandbox it is refused, unless the environment is a sandbox itself."""
    arguments = ("trigger", "payment.succeeded", "--practice", "p1")
    said = writeback_here(world, *arguments, **sandbox)
    assert said.code == 2
    assert "made-up events go to a sandbox: add --to-sandbox" in said.errors
    assert events(world) == []
    assert in_production(world, sandbox) == 0
    assert writeback_here(world, *arguments).code == 0
    assert events(world) == ["PaymentSucceeded"]


def test_a_file_goes_to_the_sandbox_too(world: World, sandbox: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(line_of(PAYMENT))
    document = writeback_json_here(world, "send", str(file), "--to-sandbox", **sandbox)
    assert document["confirmed"] == 1
    assert events(world) == ["PaymentSucceeded"]
    assert in_production(world, sandbox) == 0


def trigger(world: World, *arguments: str) -> Said:
    return writeback_here(world, "trigger", *arguments, "--practice", "p1")


def lines(said: Said) -> list[dict[str, Any]]:
    assert said.code == 0, said.errors
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("name", sorted(set(EVENT_NAMES) - {"patient.changed"}))
def test_every_event_is_made_by_its_name(world: World, name: str, tmp_path: Path) -> None:
    """A dry run prints what `send` takes, and needs no broker."""
    said = trigger(world, name, "--dry-run")
    made = lines(said)
    assert made[-1]["type"] == EVENT_NAMES[name].__name__
    file = tmp_path / "events.jsonl"
    file.write_text(said)
    assert writeback_json_here(world, "send", str(file), "--dry-run")["valid"] == len(made)


def test_a_patients_identity_is_encrypted_to_this_environments_key(world: World) -> None:
    secret = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    said = writeback_here(world, "trigger", "patient.changed", "--practice", "p1", "--dry-run", secret_key=secret)
    (made,) = lines(said)
    assert made["identity"].count(".") == 4
    assert "Sample" not in said
    assert trigger(world, "patient.changed", "--dry-run").code == 2


def test_events_of_one_tag_speak_of_one_payment(world: World) -> None:
    first = lines(trigger(world, "payment.succeeded", "--tag", "t1", "--dry-run"))
    later = lines(trigger(world, "refund.succeeded", "--tag", "t1", "--alone", "--dry-run"))
    assert len(later) == 1
    assert later[0]["payment_id"] == first[0]["payment_id"] == "pay-t1"
    assert "--tag" in trigger(world, "refund.succeeded", "--alone", "--dry-run").errors


def test_fields_are_set_and_what_breaks_the_contract_is_sent_only_when_that_is_wanted(world: World) -> None:
    ensure_topics(world.settings())
    ((made),) = lines(trigger(world, "payment.succeeded", "--set", "tender=CHECK", "--set", "card=null", "--dry-run"))
    assert made["tender"] == "CHECK"
    for change, words in (
        ("net_minor=1", "AMOUNTS_DISAGREE: net_minor: is not gross_minor - fee_minor; --unchecked"),
        ("groos_minor=1", "--set: groos_minor is not a field of this event"),
        ("gross_minor", "is no FIELD=VALUE"),
    ):
        said = trigger(world, "payment.succeeded", "--set", change)
        assert said.code == 2
        assert words in said.errors
    assert events(world) == []
    assert trigger(world, "payment.succeeded", "--set", "net_minor=1", "--unchecked").code == 0
    assert events(world) == ["PaymentSucceeded"]


def test_a_mistyped_event_names_the_nearest(world: World) -> None:
    said = trigger(world, "payment.suceeded", "--dry-run")
    assert said.code == 2
    assert "did you mean payment.succeeded?" in said.errors
