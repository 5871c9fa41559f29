"""`writeback up`: every role on one machine, restarted when it crashes, none left behind."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from deploy.local.ports import LOOPBACK, free_ports
from deploy.scrape_targets import FILE, PLACES, fixed_ports
from sinks.ledger.schema.migrate import migrate
from sinks.operations.live.endpoints import read_targets
from streams.runtime.errors import Role
from tests import processes
from tests.deploy.commands.running_up import Up
from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World

pytestmark = [pytest.mark.stack, pytest.mark.long]

NO_FLOW = ("--rules", "0", "--intake", "0", "--poster", "0", "--notifier", "0", "--health", "0", "--sync", "0")
NO_CALLED = ("--agents", "0", "--webhooks", "0", "--console", "0")
ONLY_RELAYS = (*NO_FLOW, "--relay", "2", *NO_CALLED)
ONLY_HEALTH = (*NO_FLOW[:-4], "--relay", "0", "--sync", "0", *NO_CALLED)
ONLY_CALLED = (*NO_FLOW, "--relay", "0")
SECRET_KEY = base64.b64encode(b"of those who are called: 32 byte").decode()


@pytest.fixture
def relays(world: World, tmp_path: Path) -> Iterator[Up]:
    up = Up(world, tmp_path, *ONLY_RELAYS)
    yield up
    up.process.kill()
    up.process.wait()


def test_ctrl_c_stops_every_role_in_order(relays: Up) -> None:
    """Ready is said when all are at work; Ctrl-C ends with code 0 and no process is left."""
    relays.says("ready: every role is at work")
    roles = relays.roles()
    assert set(roles) == {"relay-0", "relay-1"}
    for url in re.findall(r"(http://\S+)/metrics", relays.text()):
        for path in ("/metrics", "/healthz", "/readyz"):
            until(partial(_answers, url + path), f"{path} answers")
    relays.process.send_signal(signal.SIGINT)
    assert relays.process.wait(WITHIN_S) == 0
    assert relays.text().endswith("relay stopped\nall stopped\n")
    assert not any(psutil.pid_exists(pid) for pid in roles.values())


def _answers(url: str) -> bool:
    try:
        return int(urllib.request.urlopen(url, timeout=WITHIN_S).status) == 200  # noqa: S310
    except OSError:
        return False


def test_a_role_that_crashes_is_started_again(relays: Up) -> None:
    """The crash is said with its code and its log; the place in the group is taken by a new process."""
    relays.says("ready: every role is at work")
    os.kill(relays.roles()["relay-1"], signal.SIGKILL)
    relays.says("relay-1 ended with code -9; starting it again in 1 s")
    relays.says("relay-1 is at work again")


def test_nothing_outlives_a_killed_supervisor(relays: Up) -> None:
    """SIGKILL of `writeback up` itself: every role notices and ends."""
    relays.says("ready: every role is at work")
    roles = [psutil.Process(pid) for pid in relays.roles().values()]
    relays.process.kill()
    relays.process.wait()
    assert not psutil.wait_procs(roles, timeout=WITHIN_S)[1]


def test_a_frozen_health_worker_is_ended_and_started_again(world: World, tmp_path: Path) -> None:
    """Scenario of the day: it does not answer any more, so it cannot end itself; whoever runs it does."""
    up = Up(world, tmp_path, *ONLY_HEALTH)
    try:
        up.says("ready: every role is at work")
        os.kill(up.roles()["health-0"], signal.SIGSTOP)
        up.says("health-0 has not answered for 1")
        up.says("health-0 is at work again")
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(WITHIN_S) == 0
    finally:
        up.process.kill()
        up.process.wait()


def test_a_database_without_the_consoles_tables_is_told_before_anything_starts(world: World, tmp_path: Path) -> None:
    """With both ways on: make them, or run without it. No broker is asked, no topic is made, no role is started."""
    migrate(world.database_url)
    up = Up(world, tmp_path, *NO_FLOW, "--relay", "1", secret_key=SECRET_KEY, kafka_bootstrap_servers="127.0.0.1:1")
    try:
        assert up.process.wait(WITHIN_S) == 2
        assert "writeback migrate" in up.text()
        assert "writeback up --console 0" in up.text()
        assert not {"Kafka:", "topics:", "process "} & set(re.findall(r"Kafka:|topics:|process ", up.text()))
    finally:
        up.process.kill()
        up.process.wait()


def _refused(url: str) -> int:
    """The status of a call that nobody signed."""
    try:
        return int(urllib.request.urlopen(url, data=b"{}", timeout=WITHIN_S).status)  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code


def test_roles_that_others_call_listen_where_they_are_told(world: World, tmp_path: Path) -> None:
    """Agents, webhooks and the console are part of `up`: at settable ports, ready with their ledger, restarted, ended
    in order."""
    agents, webhooks, console = free_ports(3)
    assert processes.run(["migrate"], world.environ()).returncode == 0
    up = Up(
        world,
        tmp_path,
        *ONLY_CALLED,
        secret_key=SECRET_KEY,
        agents_port=str(agents),
        webhooks_port=str(webhooks),
        console_port=str(console),
    )
    try:
        up.says("ready: every role is at work")
        assert set(up.roles()) == {"agents-0", "webhooks-0", "console-0"}
        assert f"agents listens at http://{LOOPBACK}:{agents}\n" in up.text()
        assert f"webhooks listens at http://{LOOPBACK}:{webhooks}\n" in up.text()
        assert f"console listens at http://{LOOPBACK}:{console}\n" in up.text()
        assert _refused(f"http://{LOOPBACK}:{agents}/agent/v1/practices/larkspur/poll") == 401
        assert _refused(f"http://{LOOPBACK}:{webhooks}/webhooks/larkspur") == 401
        assert _refused(f"http://{LOOPBACK}:{console}/account/sign-in") == 403
        os.kill(up.roles()["agents-0"], signal.SIGKILL)
        up.says("agents-0 is at work again")
        assert _refused(f"http://{LOOPBACK}:{agents}/agent/v1/practices/larkspur/poll") == 401
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(WITHIN_S) == 0
        assert up.text().endswith("agents stopped\nwebhooks stopped\nconsole stopped\nall stopped\n")
    finally:
        up.process.kill()
        up.process.wait()


def test_a_port_that_is_taken_is_named_with_its_setting(world: World, tmp_path: Path) -> None:
    """Which port, whose, and how another one is chosen; `up` does not go on without it."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        up = Up(
            world,
            tmp_path,
            *ONLY_CALLED,
            *("--webhooks", "0", "--console", "0"),
            secret_key=SECRET_KEY,
            agents_port=str(port),
        )
        try:
            up.says("a role cannot start with these settings")
            assert up.process.wait(WITHIN_S) == 2
        finally:
            up.process.kill()
            up.process.wait()
    (log,) = tmp_path.rglob("agents-0.log")
    said = log.read_text(encoding="utf-8")
    assert f"port {port} on {LOOPBACK} cannot be used" in said
    assert "choose another with WRITEBACK_AGENTS_PORT or --port" in said


def test_metrics_are_served_at_fixed_ports_that_prometheus_is_told(world: World, tmp_path: Path) -> None:
    """The ports follow from the first one; the file for `file_sd_configs` names each with its role, while they run."""
    (first,) = free_ports(1)
    up = Up(world, tmp_path, *ONLY_RELAYS, metrics_port=str(first))
    try:
        up.says("ready: every role is at work")
        file = tmp_path / "state" / FILE
        assert str(file) in up.text()
        targets = read_targets(tmp_path / "state" / FILE)
        ports = fixed_ports(first, {Role.RELAY: 2})
        assert [(each.targets, each.labels) for each in targets] == [
            ([f"{LOOPBACK}:{ports[Role.RELAY, slot]}"], {"component": "relay", "slot": str(slot)}) for slot in (0, 1)
        ]
        assert all(_answers(f"http://{address}/metrics") for each in targets for address in each.targets)
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(WITHIN_S) == 0
        assert not file.exists()
    finally:
        up.process.kill()
        up.process.wait()


def test_metrics_ports_of_another_program_are_named_before_anything_starts(world: World, tmp_path: Path) -> None:
    """Such as those of a second `up` on one machine, whose roles would be taken for this one's."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        first = port - PLACES[Role.RELAY]
        up = Up(world, tmp_path, *NO_FLOW, "--relay", "1", *NO_CALLED, metrics_port=str(first))
        try:
            assert up.process.wait(WITHIN_S) == 2
        finally:
            up.process.kill()
            up.process.wait()
    assert f"port {port} on {LOOPBACK}" in up.text()
    assert "WRITEBACK_METRICS_PORT" in up.text()
    assert not up.roles()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "127.0.0.1:1"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "does not answer"),
        ("WRITEBACK_TOPIC_PREFX", "x", "did you mean WRITEBACK_TOPIC_PREFIX?"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    world: World, tmp_path: Path, name: str, value: str, message: str
) -> None:
    """An unreachable server or a mistyped setting ends the start with one clear line and no traceback."""
    environ = world.environ() | {name: value}
    command = [sys.executable, "-m", "deploy.command", "up", "--state-dir", str(tmp_path), *ONLY_RELAYS]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
