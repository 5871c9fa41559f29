"""Broker, database or target away, at the start and in the middle; said, waited out, repaired."""

from __future__ import annotations

import msgspec
import pytest

from deploy.sandbox.demonstration import open_dental_keys, open_dental_mapping
from tests.deploy.commands.console import writeback
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import ALL_ROLES, Pipeline
from tests.scenarios.proxy import Proxy

pytestmark = pytest.mark.stack

NOBODY = "127.0.0.1:1"


def test_commands_name_the_unreachable_server(pipeline: Pipeline) -> None:
    """A command without its database or broker ends with exit code 1 and one sentence, no traceback, no password."""
    world = pipeline.world
    without_database = msgspec.structs.replace(world, database_url=f"postgresql://someone:secret-word@{NOBODY}/none")
    said = writeback(without_database, "settings", "show", "p1")
    assert said.code == 1
    assert "DATABASE_URL" in said.errors
    assert "secret-word" not in said.errors
    without_broker = msgspec.structs.replace(world, bootstrap=NOBODY)
    said = writeback(without_broker, "topics", "ensure")
    assert said.code in (1, 2)
    assert "KAFKA_BOOTSTRAP_SERVERS" in said.errors
    for each in (said, writeback(without_database, "lag")):
        assert "Traceback" not in each.errors


def test_roles_wait_for_a_database_that_is_down_at_their_start_and_in_the_middle(pipeline: Pipeline) -> None:
    """Without the database nothing is lost: roles say that they begin again, or end for their supervisor, and go on as
    soon as it answers; cut in the middle of a batch, the same."""
    world = pipeline.world
    practice = pipeline.practice()
    with Proxy(world.database_url, cut=True) as proxy:
        pipeline.world = msgspec.structs.replace(world, database_url=proxy.through(world.database_url))
        pipeline.start_all()
        pipeline.send(payment(practice))
        pipeline.running("intake").until_said("the intake begins again")
        pipeline.world = world
        proxy.restore()
        _supervised(pipeline, world, proxy)
        pipeline.until_states(POSTED=2)
        proxy.cut()
        pipeline.send(payment(practice, "pt-2"), payment(practice, "pt-3"))
        pipeline.until(lambda: pipeline.running("intake").text().count("begins again") >= 2, "the intake sees it")
        proxy.restore()
        _supervised(pipeline, world, proxy)
        pipeline.until_states(POSTED=6)
        for role in pipeline.roles:
            if role.running:
                role.stop()
    pipeline.invariants(replay=False)


def _supervised(pipeline: Pipeline, world: object, proxy: Proxy) -> None:
    """What `up` does for a role that has ended: start it again."""
    direct = pipeline.world
    pipeline.world = msgspec.structs.replace(direct, database_url=proxy.through(direct.database_url))
    for name in ALL_ROLES:
        if not any(role.name == name and role.running for role in pipeline.roles):
            pipeline.start(name)
    pipeline.world = direct


def test_an_unreachable_target_closes_its_own_gate_only(pipeline: Pipeline) -> None:
    """Law 22: one practice's PMS refuses connections: its payments wait, burn no attempt and are posted once when it
    is back; the other practice is posted meanwhile."""
    away, well = pipeline.practice("away", pms=False), pipeline.practice("well")
    key = f"{pipeline.world.database}-away"
    pipeline.sandbox.open_dental.add_office(key, name="away")
    for number, row in enumerate(pipeline.sandbox.open_dental.add_patients(key, 3), start=1):
        pipeline.link(away, f"pt-{number}", str(row["PatNum"]))
    url = pipeline.sandbox.address.open_dental
    with Proxy(url) as proxy:
        mapping = open_dental_mapping(pipeline.sandbox, key)
        pipeline.connect(away, "open-dental", proxy.through(url), mapping, open_dental_keys(pipeline.sandbox, key))
        proxy.cut()
        pipeline.start_all()
        pipeline.send(*(payment(name, f"pt-{n}", 1_000 * n, 30) for name in (away, well) for n in (1, 2, 3)))
        pipeline.until_states(practice=well, POSTED=6)
        pipeline.until(lambda: _closed(pipeline, away), "the gate of the practice is closed")
        assert pipeline.at_targets()[away] == 0
        assert not _closed(pipeline, well)
        assert {
            row["attempts"] for row in pipeline.rows("SELECT attempts FROM effects WHERE practice_id = 'away'")
        } == {0}
        proxy.restore()
        pipeline.until_states(practice=away, POSTED=6)
        assert pipeline.at_targets() == {away: 6_000, well: 6_000}
        pipeline.invariants(replay=False)


def _closed(pipeline: Pipeline, practice: str) -> bool:
    rows = pipeline.rows("SELECT closed_reason FROM connections WHERE home_practice_id = %s", practice)
    return any(row["closed_reason"] for row in rows)
