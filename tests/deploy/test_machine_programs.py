"""What the Debian packages bring answers here: a broken installation fails before the tests that build on it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

pytestmark = pytest.mark.machine

ANSWERS = {
    "promtool": ["promtool", "--version"],
    "prometheus": ["prometheus", "--version"],
    "prometheus-alertmanager": ["prometheus-alertmanager", "--version"],
    "dockerd": ["dockerd", "--version"],
    "docker": ["docker", "--version"],
    "docker-compose": ["docker-compose", "--version"],
    "debootstrap": ["debootstrap", "--version"],
    "chromium": ["chromium", "--version"],
    "iptables": ["iptables", "--version"],
}


@pytest.mark.parametrize("program", sorted(ANSWERS))
def test_it_answers_its_version(program: str) -> None:
    assert shutil.which(program), f"{program} is not in PATH; /usr/sbin must be"
    told = subprocess.run(ANSWERS[program], capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    assert any(letter.isdigit() for letter in told.stdout + told.stderr)
