"""The console on the demonstration's ledger, for a look, until somebody ends it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

import msgspec

from deploy.demo.environment import DemoEnvironment
from deploy.local.folders import state_folder
from deploy.local.ports import free_ports
from deploy.supervisor import Slot, Supervisor
from sinks.console.accounts import Accounts
from sinks.console.schema import migrate_console
from sinks.operations.acting import Actor, Order
from sinks.operations.actions.users import Where, add_user, change_roles
from sinks.operations.ledger_pool import LedgerPool
from sinks.operations.roles import Role as Part
from streams.runtime.errors import Role
from streams.settings import PREFIX

NAME: Final = "demo"
PARTS: Final = (Part.POSTER, Part.LINKER, Part.SETTINGS_ADMIN, Part.AUDITOR, Part.OPS)
"""Everything that somebody can be given at every practice, so that each page is open."""
READY_S: Final = 60.0
LOOK_S: Final = 0.5
WHY: Final = "the demonstration"


class SignIn(msgspec.Struct, frozen=True):
    """What is printed for the person at the terminal; it is worth nothing once the demonstration has ended."""

    address: str
    name: str
    password: str


class OpenConsole:
    """One role of the console beside those that run; leaving the `with` block ends it."""

    def __init__(self, environment: DemoEnvironment, say: Callable[[str], None]) -> None:
        self._environment = environment
        self._port, metrics = free_ports(2)
        settings = environment.settings
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environ |= settings.to_environ() | {f"{PREFIX}CONSOLE_PORT": str(self._port)}
        log = state_folder(settings.state_dir) / "logs" / "console.log"
        log.parent.mkdir(exist_ok=True)
        self._slot = Slot(Role.CONSOLE, 0, metrics, log, environ)
        self._supervisor = Supervisor([self._slot], say, settings.times)

    def __enter__(self) -> SignIn:
        """1. Its tables. 2. Somebody who may see everything. 3. The role, at work."""
        settings = self._environment.settings
        migrate_console(settings)
        password = _person(self._environment)
        self._supervisor.start()
        try:
            self._environment.until(self._looked, "the console is at work", READY_S)
        except BaseException:
            self._supervisor.kill()
            raise
        return SignIn(f"http://127.0.0.1:{self._port}", NAME, password)

    def __exit__(self, *_: object) -> None:
        self._supervisor.stop()

    def stay(self) -> None:
        """Watch it, and the roles, until this process is interrupted."""
        ended = threading.Event()
        while not ended.wait(LOOK_S):
            self._supervisor.look()
            self._environment.watch()

    def _looked(self) -> bool:
        self._supervisor.look()
        return self._slot.is_ready()


def _person(environment: DemoEnvironment) -> str:
    """The password of an account of its own, by the actions that the command line calls."""
    order = Order(actor=Actor("demonstration"), reason=WHY, apply=True)
    pool = LedgerPool(environment.settings, "demo", 1)
    pool.open()
    try:
        with pool.ledger() as ledger:
            add_user(ledger, NAME, order)
            change_roles(ledger, NAME, Where(), order, give=PARTS)
    finally:
        pool.close()
    return Accounts(environment.settings).add(NAME, apply=True).password or ""
