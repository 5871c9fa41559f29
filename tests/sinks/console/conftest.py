"""One console for a worker's tests: its ledger, its process, and people who are signed in."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import processes
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.console.offices import fill
from tests.sinks.console.visitor import Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import Stack, World, fresh_world

SECRET_KEY = base64.b64encode(b"the console's tests: a key of 32").decode()

DO = ("--yes", "--why", "test")
AT_P1 = ("ada", "bob", "carol", "dave", "erin", "frank", "gina", "harry", "ines", "jo", "kim", "lea", "max", "nina")


class RunningConsole:
    """The role as a process, and the commands beside it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.settings: dict[str, Any] = {"secret_key": SECRET_KEY, "state_dir": folder / "state"}
        self.settings["metrics_targets"] = str(folder / "targets.json")
        self.command("migrate")
        self.role = Role(world, "console", folder, console_port=0, log_level="INFO", **self.settings)
        self.address = self.role.address()
        self._passwords = self._prepared()
        self._people: dict[str, Visitor] = {}
        self._groups: list[str] = []

    def command(self, *words: str) -> str:
        """The command's output; what fails fails the test."""
        done = processes.run(words, self.world.environ(**self.settings))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def account(self, name: str, *opens: str, everywhere: tuple[str, ...] = ("ops",)) -> str:
        """An account that has never signed in; answers the password that is handed over. `opens`: practices, where
        it posts and links; nothing: it has the roles `everywhere`."""
        if name not in self._passwords:
            at_all = [word for role in everywhere for word in ("--give", role)]
            roles = ["--give", "poster", "--give", "linker", "--practice", opens[0]] if opens else at_all
            self.command("user", "add", name, *DO)
            self.command("user", "role", name, *roles, *DO)
            said = self.command("console", "add", name, *DO, "--json")
            self._passwords[name] = json.loads(said)["password"]
        return self._passwords[name]

    def _prepared(self) -> dict[str, str]:
        """Accounts that tests ask for, made by one process: starting it is most of what an account costs."""
        made = subprocess.run(
            [sys.executable, "-m", "tests.sinks.console.many_accounts", *AT_P1],
            env=self.world.environ(**self.settings),
            capture_output=True,
            text=True,
            check=True,
            timeout=WITHIN_S,
        )
        passwords: dict[str, str] = json.loads(made.stdout)
        return passwords

    def visitor(self) -> Visitor:
        return Visitor(self.address)

    def person(self, name: str, *opens: str, everywhere: tuple[str, ...] = ("ops",)) -> Visitor:
        """Somebody who is signed in, the same one for each name; anew where the session has ended meanwhile."""
        if name not in self._people:
            self._people[name] = visitor = self.visitor()
            password = self.account(name, *opens, everywhere=everywhere)
            assert visitor.first_sign_in(name, password).status == 200
        elif "/account/sign-in" in self._people[name].get("/account/second-factor").headers.get("location", ""):
            assert self._people[name].sign_in(name).status == 200
        return self._people[name]

    def group(self) -> str:
        """A group of both practices, made when it is first asked for."""
        if not self._groups:
            self.command("organisation", "add", "group-1", *DO)
            for practice in ("p1", "p2"):
                self.command("organisation", "join", "group-1", practice, *DO)
            self._groups.append("group-1")
        return self._groups[0]

    def ada(self) -> Visitor:
        """Of the front desk of the practice p1."""
        return self.person("ada", "p1")

    def nina(self) -> Visitor:
        """Ada's colleague."""
        return self.person("nina", "p1")

    def sam(self) -> Visitor:
        """Sets every practice up: settings, connections, who is told."""
        return self.person("sam", everywhere=("settings_admin",))

    def olga(self) -> Visitor:
        """Runs the program: sees how every practice does, and no patient."""
        return self.person("olga")


@pytest.fixture(scope="session")
def console(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    processes.prepare()
    with fresh_world(stack) as world:
        database = LedgerDatabase(world.database_url)
        fill(database)
        database.close()
        made = RunningConsole(world, tmp_path_factory.mktemp("console"))
        yield made
        made.role.end()


@pytest.fixture
def ledger(console: RunningConsole) -> Iterator[LedgerDatabase]:
    """The console's ledger, to look at it and to have more happen."""
    opened = LedgerDatabase(console.world.database_url)
    opened.offset = opened.source_offset = opened.position()
    yield opened
    opened.close()
