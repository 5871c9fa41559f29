"""The part of Faust that HEALTH uses, point by point: what was seen to lose records or to hang is not among it."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import faust
import pytest
from mode.supervisors import CrashingSupervisor

from deploy.commands.roles import AGENTS, CONSOLE, ROLES, WEBHOOKS
from processors.health.agents import Agents
from processors.health.faust_app import make_app
from streams.runtime.errors import Role
from streams.runtime.times import HealthTimes
from tests.test_architecture import ROOT
from tests.worlds import World

FOLDER = ROOT / "processors/health"
PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}
LEFT_OUT = {
    "take",
    "noack",
    "group_by",
    "crontab",
    "timer",
    "GlobalTable",
    "SetTable",
    "tumbling",
    "hopping",
    "on_leader",
    "send",
    "cast",
    "ask",
}
"""Names of Faust that no file of HEALTH calls: batches and acks that lose, repartitions outside any guarantee, leaders
that are not fenced, windows that forget; and nothing is published by Faust but its own tables' changes."""


@pytest.fixture
async def app(world: World) -> faust.App:
    made = make_app(world.settings(), 3)
    Agents(made, world.prefix, 3, HealthTimes(), lambda _: None)
    return made


def test_versions_are_pinned_and_installed() -> None:
    """Another version is another program: what is known of these was measured on them."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    for name, version in PINNED.items():
        assert f"{name}=={version}" in listed
        assert importlib.metadata.version(name) == version


async def test_at_least_once_by_the_one_driver(app: faust.App) -> None:
    """No transactions, which lose beside the partition they were made for; no other driver, which drops headers."""
    assert str(app.conf.processing_guarantee.value) == "at_least_once"
    assert {url.scheme for url in app.conf.broker} == {"kafka"}
    assert app.conf.producer_acks == -1
    assert str(app.conf.store) == "memory:"


async def test_one_agent_for_each_topic_one_event_at_a_time(app: faust.App) -> None:
    """More at once commit past what is still under way."""
    topics = [agent.channel.get_topic_name() for agent in app.agents.values()]
    assert len(topics) == len(set(topics)) == 3
    assert {agent.concurrency for agent in app.agents.values()} == {1}


async def test_an_error_stops_the_worker_instead_of_passing_the_event_over(app: faust.App) -> None:
    """By default an agent's error acknowledges its event."""
    supervisor: Any = app.conf.agent_supervisor
    assert supervisor is CrashingSupervisor


async def test_buffers_are_small(app: faust.App) -> None:
    """What a worker still holds delays the group when a partition moves."""
    assert app.conf.stream_buffer_maxsize <= 64
    assert app.conf.broker_max_poll_records <= 100
    assert app.conf.broker_commit_interval <= 1.0


async def test_no_topics_no_leader_no_web_server_of_its_own(app: faust.App) -> None:
    """Topics come from the catalogue, with its replicas; a web server would serve the tables to anybody."""
    assert not app.conf.topic_allow_declare
    assert app.conf.topic_disable_leader
    assert not app.conf.web_enabled
    assert not app.conf.reply_create_topic
    assert app.conf.table_standby_replicas == 0


async def test_every_topic_carries_bytes(app: faust.App) -> None:
    """Faust acknowledges what its own decoder refuses; so it is given nothing to decode."""
    tables = list(app.tables.values())
    assert len(tables) == 2
    channels = [agent.channel for agent in app.agents.values()] + [table.changelog_topic for table in tables]
    for channel in channels:
        assert (channel.key_type, channel.value_type) == (bytes, bytes)
        assert channel.schema.value_serializer == "raw"


def called(file: Path) -> set[str]:
    """Names of methods and functions that a file calls."""
    calls = (node.func for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call))
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_nothing_else_of_faust_is_used(file: Path) -> None:
    assert not called(file) & LEFT_OUT


def test_a_forbidden_call_would_be_seen(tmp_path: Path) -> None:
    """Control of the test above."""
    file = tmp_path / "agent.py"
    file.write_text("async def agent(stream):\n    async for each in stream.take(4, within=1):\n        pass\n")
    assert called(file) & LEFT_OUT == {"take"}


def test_no_calls_over_http() -> None:
    """A slow agent holds up the whole group."""
    for file in FOLDER.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not any(name in text for name in ("aiohttp", "http.client", "urllib", "psycopg", "requests"))


def test_only_the_role_health_imports_faust() -> None:
    """It takes a second and memory that no other role needs."""
    others = [
        entry.run.partition(":")[0] for entry in (*ROLES, AGENTS, WEBHOOKS, CONSOLE) if entry.role is not Role.HEALTH
    ]
    code = f"import sys, deploy.command, {', '.join(others)}; sys.exit('faust' in sys.modules)"
    for first, found in (("", 0), ("import processors.health.role; ", 1)):
        assert subprocess.run([sys.executable, "-c", first + code], cwd=ROOT).returncode == found
