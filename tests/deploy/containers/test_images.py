"""The images as they are built: nobody is root in them, nothing builds in them, and they run on a read-only root."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping

import pytest

from deploy.containers.build import BUILT
from deploy.containers.engine import docker
from deploy.containers.locked import LOCAL_STACK, read_lock, runtime
from deploy.containers.names import Image
from tests.citations import ROOT

pytestmark = pytest.mark.machine

BUILDERS = ("gcc", "cc", "g++", "make", "ld", "pip", "pip3", "git", "javac", "mvn", "npm", "curl", "wget")
RESTRICTED = ("--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")
INSTALLED = (
    "import json; from importlib.metadata import distributions; "
    "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in distributions()}))"
)


def inside(image: str, *command: str) -> str:
    """What the command prints in a container that may do nothing but run it."""
    return docker("run", *RESTRICTED, "--entrypoint", command[0], image, *command[1:])


def faults(image: str) -> list[str]:
    """What is wrong with an image: its user, its health check, programs of another's rights, tools that build."""
    config = json.loads(docker("inspect", image))[0]["Config"]
    user = str(config["User"]).partition(":")[0]
    found = [] if user.isdecimal() and int(user) > 0 else [f"its user is {user or 'root'}"]
    if not config.get("Healthcheck"):
        found.append("it has no HEALTHCHECK")
    there = inside(image, "bash", "-c", f"for tool in {' '.join(BUILDERS)}; do command -v $tool; done; true")
    found += [f"it has {tool}" for tool in there.split()]
    privileged = inside(image, "bash", "-c", "find / -xdev -perm /6000 -type f 2>/dev/null; true").split()
    found += [f"{file} has another's rights" for file in privileged]
    return found


@pytest.mark.parametrize("image", BUILT)
def test_an_image_has_no_faults(images: Mapping[Image, str], image: Image) -> None:
    assert faults(images[image]) == []


def test_control_the_base_has_faults(images: Mapping[Image, str]) -> None:
    """What every image would be if it were taken as it comes."""
    found = faults(images[Image.BASE])
    assert {"its user is root", "it has no HEALTHCHECK"} <= set(found)
    assert any("another's rights" in each for each in found)


def test_the_program_holds_what_is_locked_and_nothing_else(images: Mapping[Image, str]) -> None:
    """Each package at the version whose hash was checked; no test tool, no local broker."""
    there: dict[str, str] = json.loads(inside(images[Image.WRITEBACK], "python", "-c", INSTALLED))
    own = there.pop("writeback")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lock = read_lock((ROOT / "requirements.lock").read_text())
    locked = {each.name: each.version for each in runtime(lock, project)}
    assert own == project["project"]["version"]
    assert {name: locked[name] for name in there} == there
    assert not LOCAL_STACK & set(there)
    assert "pytest" not in there


def test_every_command_loads_without_the_local_stack(images: Mapping[Image, str]) -> None:
    assert inside(images[Image.WRITEBACK], "writeback", "--version").startswith("writeback ")
    for role in ("rules", "intake", "poster", "relay", "health", "notifier", "sync", "webhooks"):
        assert "--slot" in inside(images[Image.WRITEBACK], "writeback", role, "--help")


def test_a_role_without_servers_ends_with_a_sentence(images: Mapping[Image, str]) -> None:
    """And not with a broker that it looked for in its own image."""
    told = docker(
        "run", *RESTRICTED, "--entrypoint", "bash", images[Image.WRITEBACK], "-c", "writeback rules 2>&1 || true"
    )
    assert "KAFKA_BOOTSTRAP_SERVERS" in told
    assert "Traceback" not in told


def test_the_servers_are_the_locked_ones(images: Mapping[Image, str]) -> None:
    assert " 18." in inside(images[Image.POSTGRES], "postgres", "--version")
    assert "prometheus" in docker("run", *RESTRICTED, images[Image.PROMETHEUS], "--version")
    jars = inside(images[Image.KAFKA], "ls", "/opt/kafka").split()
    assert "kafka_2.13-4.4.0.jar" in jars
