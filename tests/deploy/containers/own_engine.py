"""A Docker engine for the tests: the one that answers here, else one of their own, that leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from deploy.containers.engine import answers
from tests.scenarios.waiting import until

HOST: Final = "DOCKER_HOST"
BRIDGE: Final = "docker0"
FORWARDING: Final = Path("/proc/sys/net/ipv4/ip_forward")
STOP_S: Final = 120


@contextmanager
def docker_engine() -> Iterator[None]:
    """`docker` works inside the block. Skips the test where no engine answers and none can be started, and says why."""
    if answers():
        yield
        return
    if os.geteuid() != 0:
        pytest.skip("no Docker engine answers, and starting one needs root")
    before = {HOST: os.environ.get(HOST)}
    folder = Path(tempfile.mkdtemp(prefix="wb-docker-", dir="/tmp"))  # a socket's path may have 107 bytes
    with _network_as_it_was():
        engine = _started(folder)
        try:
            os.environ[HOST] = f"unix://{folder / 'socket'}"
            until(answers, "the Docker engine answers", show=(folder / "log").read_text)
            yield
        finally:
            engine.send_signal(signal.SIGTERM)
            engine.wait(STOP_S)
            if (value := before[HOST]) is None:
                os.environ.pop(HOST)
            else:
                os.environ[HOST] = value
    _unmounted(folder)
    shutil.rmtree(folder)


def _started(folder: Path) -> subprocess.Popen[bytes]:
    command = [
        *("dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--pidfile", str(folder / "pid"), "--host", f"unix://{folder / 'socket'}"),
    ]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _unmounted(folder: Path) -> None:
    """What an engine that was ended leaves mounted in its own folder: namespaces of networks, layers."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((each for each in mounts if each.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=True)


@contextmanager
def _network_as_it_was() -> Iterator[None]:
    """The engine makes a bridge and packet rules, and leaves them when it ends; a machine that had them keeps them."""
    had_bridge, had_rules, forwarding = _has_bridge(), "DOCKER" in _rules(), FORWARDING.read_text()
    yield
    if not had_rules:
        _forget_rules()
    if not had_bridge and _has_bridge():
        subprocess.run(["ip", "link", "delete", BRIDGE], check=True)
    FORWARDING.write_text(forwarding)


def _has_bridge() -> bool:
    return Path("/sys/class/net", BRIDGE).exists()


def _rules() -> str:
    return subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout


def _forget_rules() -> None:
    """Docker's rules first, then the chains that they lead to; FORWARD lets through again what it did by default."""
    table, rules, chains = "", [], []
    for line in _rules().splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A ") and ("DOCKER" in line or BRIDGE in line or "172." in line):
            rules.append([table, "-D", *line.split()[1:]])
        elif line.startswith(":DOCKER"):
            chains.append([table, line[1:].split()[0]])
    for command in rules:
        subprocess.run(["iptables", "-t", *command], check=True)
    for table, chain in chains:
        subprocess.run(["iptables", "-t", table, "-F", chain], check=True)
        subprocess.run(["iptables", "-t", table, "-X", chain], check=True)
    subprocess.run(["iptables", "-P", "FORWARD", "ACCEPT"], check=True)
