"""Looks whether the Debian packages of debian-packages.txt are installed, and installs them.

`python -m deploy.debian_packages`, by `make debian-packages`. It runs before anything of Python's own is
installed, so it imports the standard library alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("debian-packages.txt")
POLICY: Final = Path("/usr/sbin/policy-rc.d")
"""Debian's own switch: a package's script asks it before it starts a service (Debian policy, 9.3.3)."""
NO_SERVICE: Final = "#!/bin/sh\nexit 101\n"
"""101: the action is forbidden. The tests start what they need themselves, and end it."""
INSTALLED: Final = "ii"
LONGEST_S: Final = 1200
"""Of one call of apt-get; all packages take under a minute on an ordinary line."""
APT: Final = ("apt-get", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120")


class PackagesError(Exception):
    """The packages are not there or cannot be installed; the message says what to do."""


def wanted(text: str | None = None) -> tuple[str, ...]:
    """The names in the list; what follows a # is a comment."""
    lines = (LIST.read_text(encoding="utf-8") if text is None else text).splitlines()
    return tuple(name for line in lines if (name := line.partition("#")[0].strip()))


def missing() -> tuple[str, ...]:
    """Those of the list that are not installed here, or not whole. Raises PackagesError where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        raise PackagesError(
            "this machine has no dpkg, and what `make test-machine` needs comes from Debian packages: run it on "
            "Debian 12 or newer. `make test` needs none of them"
        )
    asked = ["dpkg-query", "--show", "--showformat", "${db:Status-Abbrev} ${Package}\\n", *wanted()]
    told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=LONGEST_S).stdout
    there = {words[1] for line in told.splitlines() if (words := line.split())[:1] == [INSTALLED] and len(words) > 1}
    return tuple(name for name in wanted() if name not in there)


def install() -> None:
    """Install what is missing, without starting a service. Blocks. Raises PackagesError, also where it was in vain."""
    names = missing()
    if not names:
        return
    if shutil.which("apt-get") is None:
        raise PackagesError(f"this machine has no apt-get to install {_listed(names)} with")
    if os.geteuid() != 0:
        raise PackagesError(
            f"installing {_listed(names)} needs root: run `sudo make debian-packages` once, then start this again"
        )
    with no_services(POLICY):
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *names)
    if left := missing():
        raise PackagesError(f"apt-get reported success, but {_listed(left)} is not installed")


@contextmanager
def no_services(policy: Path) -> Iterator[None]:
    """Keep packages from starting their services; a machine that has a policy of its own keeps it."""
    try:
        with policy.open("x", encoding="utf-8") as file:
            file.write(NO_SERVICE)
    except FileExistsError:
        yield
        return
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def _apt(*arguments: str) -> None:
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        code = subprocess.run([*APT, *arguments], env=environ, check=False, timeout=LONGEST_S).returncode
    except subprocess.TimeoutExpired:
        raise PackagesError(f"apt-get {arguments[0]} did not end within {LONGEST_S} s") from None
    if code != 0:
        raise PackagesError(f"apt-get {arguments[0]} failed with code {code}; what it said stands above")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def main() -> None:
    """Exit code 2 with one sentence where packages are missing (`--check`) or could not be installed."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.debian_packages", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--check", action="store_true", help="install nothing: only say what is missing")
    only_check = parser.parse_args().check
    try:
        if not only_check:
            install()
        elif names := missing():
            raise PackagesError(
                f"these Debian packages are missing: {_listed(names)}. `sudo make debian-packages` installs them"
            )
    except PackagesError as error:
        sys.exit(_refused(str(error)))


def _refused(why: str) -> int:
    print(f"error: {why}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
