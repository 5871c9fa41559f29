"""The Debian packages of `make test-machine`: found missing, installed without a service, or refused with a reason."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import debian_packages
from deploy.debian_packages import INSTALLED, NO_SERVICE, PackagesError, install, missing, no_services, wanted
from tests.citations import ROOT

DPKG = "dpkg-query"
HALF = "iF"
"""Unpacked, and its configuration failed."""


class Machine:
    """A folder as the whole PATH: what stands in it are this machine's programs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.status = folder / "status"
        self.calls = folder / "calls"
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(debian_packages, "POLICY", folder / "policy-rc.d")

    def has(self, names: tuple[str, ...], state: str = INSTALLED) -> None:
        self.status.write_text("".join(f"{state}  {name}\n" for name in names))
        self.program(DPKG, f'while read -r line; do echo "$line"; done < {self.status}')

    def program(self, name: str, script: str) -> None:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def apt(self, script: str = "exit 0") -> None:
        self.program("apt-get", f'echo "$@" >> {self.calls}; {script}')

    def asked(self) -> str:
        return self.calls.read_text() if self.calls.exists() else ""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_the_list_names_packages_and_says_what_each_is_for() -> None:
    assert wanted("# why\n\nprometheus   # rules\ndocker.io\n") == ("prometheus", "docker.io")
    lines = [line for line in debian_packages.LIST.read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(wanted()) == len(set(wanted()))
    assert all("  # " in line for line in lines)


def test_a_package_that_is_absent_or_half_installed_is_missing(machine: Machine) -> None:
    machine.has(wanted())
    assert missing() == ()
    machine.has(wanted()[1:])
    assert missing() == wanted()[:1]
    machine.has(wanted(), state=HALF)
    assert missing() == wanted()


def test_what_is_there_is_not_installed_again(machine: Machine) -> None:
    machine.has(wanted())
    machine.apt()
    install()
    assert not machine.asked()


def test_only_what_is_missing_is_installed_and_no_service_starts(machine: Machine) -> None:
    """The script sees Debian's policy file while it runs, and it is gone afterwards."""
    machine.has(wanted()[1:])
    whole = "".join(f"{INSTALLED}  {name}\n" for name in wanted())
    machine.apt(f'test -x {debian_packages.POLICY} || exit 9; printf "{whole}" > {machine.status}')
    install()
    last = machine.asked().splitlines()[-1]
    assert last.endswith(f"install --yes --no-install-recommends {wanted()[0]}")
    assert not debian_packages.POLICY.exists()


def test_a_policy_of_the_machine_s_own_stays(tmp_path: Path) -> None:
    own = tmp_path / "policy-rc.d"
    own.write_text("#!/bin/sh\nexit 104\n")
    with no_services(own):
        assert "104" in own.read_text()
    assert "104" in own.read_text()
    made = tmp_path / "made"
    with no_services(made):
        assert made.read_text() == NO_SERVICE
        assert made.stat().st_mode & stat.S_IXUSR
    assert not made.exists()


@pytest.mark.parametrize("ending", ["exit 100", "exit 0"])
def test_an_install_that_fails_or_did_nothing_is_an_error(machine: Machine, ending: str) -> None:
    machine.has(())
    machine.apt(ending)
    with pytest.raises(PackagesError, match=r"failed with code 100|is not installed"):
        install()


def test_without_root_it_says_so(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.has(())
    machine.apt()
    with pytest.raises(PackagesError, match="needs root: run `sudo make debian-packages`"):
        install()
    assert not machine.asked()


def test_without_apt_or_dpkg_it_says_so(machine: Machine) -> None:
    with pytest.raises(PackagesError, match="this machine has no dpkg"):
        install()
    machine.has(())
    with pytest.raises(PackagesError, match="no apt-get to install prometheus"):
        install()


def test_the_command_ends_with_one_sentence(machine: Machine) -> None:
    """Exit code 2 stops `make`, and with it `.ci/run`."""
    machine.has(wanted()[1:])
    command = [sys.executable, "-m", "deploy.debian_packages", "--check"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        f"error: these Debian packages are missing: {wanted()[0]}. `sudo make debian-packages` installs them.\n"
    )
    machine.has(wanted())
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
