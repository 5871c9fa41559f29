"""The release before this one, from this repository's history: its files in a folder, its roles as processes.

`deploy/last_release` names its commit. It runs on this release's packages: what it needs is among them, and only its
own code is another.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import deploy
from deploy.sandbox.servers import SandboxAddress
from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World

ROOT = Path(deploy.__file__).parent.parent
NAMED = ROOT / "deploy" / "last_release"
SET_UP_S = 240.0
Accounts = dict[str, tuple[str, str]]

_SET_UP = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from deploy.sandbox.running import SandboxClients
from deploy.sandbox.servers import SandboxAddress
from tests.scenarios.pipeline import Pipeline
from tests.worlds import World

given = json.load(sys.stdin)
fields = SandboxAddress.__struct_fields__
sandbox = SandboxClients(SandboxAddress(**{name: value for name, value in given["sandbox"].items() if name in fields}))
pipeline = Pipeline(World(**given["world"]), sandbox, Path(given["folder"]))
for practice in given["practices"]:
    pipeline.practice(practice, quickbooks=True)
pipeline.forget_connection() if hasattr(pipeline, "forget_connection") else None
json.dump(pipeline.accounts, sys.stdout)
"""
"""Run by that release: its schema, its topics, and practices as its own commands would have made them."""


def commit() -> str:
    """Of the release before this one."""
    return NAMED.read_text(encoding="ascii").strip()


def why_not() -> str | None:
    """Why that release cannot be had here; None: it can."""
    if shutil.which("git") is None:
        return "git is not installed"
    if _git("rev-parse", "--is-inside-work-tree").returncode != 0:
        return "this is no clone of the repository"
    if _git("cat-file", "-e", f"{commit()}^{{commit}}").returncode != 0:
        return f"the commit {commit()[:12]} of deploy/last_release is not in this clone: is it a shallow one?"
    return None


class ReleaseBefore:
    """That release's files, and what runs of it."""

    def __init__(self, folder: Path) -> None:
        """Blocks for about a second. Leaves nothing in the repository."""
        self.folder = folder / "release-before"
        archive = subprocess.run(["git", "archive", commit()], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(self.folder, filter="data")
        self.roles: list[EarlierRole] = []

    def set_up(self, world: World, address: SandboxAddress, practices: Sequence[str]) -> Accounts:
        """Its schema in an empty database, its topics, and these practices with both targets. Answers their accounts
        at the sandbox."""
        given = {
            "world": {name: getattr(world, name) for name in world.__struct_fields__},
            "sandbox": {name: getattr(address, name) for name in address.__struct_fields__},
            "folder": str(self.folder),
            "practices": list(practices),
        }
        done = subprocess.run(
            [sys.executable, "-B", "-c", _SET_UP],
            cwd=self.folder,
            env=self._environ(os.environ),
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=SET_UP_S,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"the release before could not be set up:\n{done.stderr[-4000:]}")
        accounts = json.loads(done.stdout.splitlines()[-1])
        return {practice: (customer_key, realm) for practice, (customer_key, realm) in accounts.items()}

    def start(self, name: str, world: World, **settings: Any) -> EarlierRole:
        """One of its roles."""
        environ = self._environ(world.environ(state_dir=self.folder / "state", **settings))
        self.roles.append(EarlierRole(name, self.folder, environ))
        return self.roles[-1]

    def close(self) -> None:
        for role in self.roles:
            role.end()

    def logs(self) -> str:
        return "\n".join(f"--- earlier {role.name}\n{role.text()[-600:]}" for role in self.roles)

    def _environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        return {**environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}


class EarlierRole:
    """A process of a role, by that release's own code."""

    def __init__(self, name: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.command", name],
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self._log.read_text(errors="replace")

    def until_said(self, words: str) -> None:
        until(lambda: words in self.text(), f"the earlier {self.name} says {words!r}", show=self.text)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        """SIGTERM and the exit code."""
        self._process.terminate()
        return self._process.wait(WITHIN_S)

    def end(self) -> None:
        if self.running:
            self._process.kill()
        self._process.wait(WITHIN_S)


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
