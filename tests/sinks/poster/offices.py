"""Sandbox offices on a ledger that the real rules and intake feed, and posters in threads or as processes."""

from __future__ import annotations

import base64
import itertools
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from deploy.sandbox.demonstration import open_dental_keys, open_dental_mapping
from deploy.sandbox.running import SandboxProcess
from schemas.events import PaymentSucceeded
from schemas.practice_settings import Allocation
from schemas.vocabulary import Target
from sinks.ledger.practices.connections import ConnectionInput, save_connection
from sinks.ledger.unit_of_work import unit_of_work
from sinks.poster import role
from sinks.targets.credentials import KeyRing
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.mapping import load_mapping
from streams.fault_injection import install
from streams.runtime.endpoints import Health
from streams.runtime.lifecycle import Stop
from tests.processors.rules.event_examples import payment
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.worlds import World

SECRET = b"k" * 32
SECRET_TEXT = base64.b64encode(SECRET).decode()
FINAL = ("POSTED", "DEAD_LETTERED", "REJECTED", "INVALID_CONFIG", "BLOCKED_PERIOD")


class Office:
    """One practice whose PMS connection is an office of the sandbox."""

    def __init__(self, ledger: Offices, practice_id: str, customer_key: str) -> None:
        self.ledger = ledger
        self.practice_id = practice_id
        self.customer_key = customer_key
        self.patients: dict[str, int] = {}
        self.paid = 0

    @property
    def connection_id(self) -> str:
        return f"{self.practice_id}-PMS"

    def patient(self, patient_ref: str) -> int:
        """PatNum of a linked patient; made and linked at first use."""
        if patient_ref not in self.patients:
            row = self.ledger.sandbox.open_dental.add_patient(self.customer_key)
            self.patients[patient_ref] = int(row["PatNum"])
            self.ledger.database.connection.execute(
                "INSERT INTO patient_links VALUES (%s, %s, %s, 'test', now())",
                (self.practice_id, patient_ref, str(row["PatNum"])),
            )
        return self.patients[patient_ref]

    def pay(self, patient_ref: str = "pt-1", gross: int = 10_000, fee: int = 320, **fields: Any) -> PaymentSucceeded:
        """A payment event of this practice; its patient is linked unless `linked=False`."""
        if fields.pop("linked", True):
            self.patient(patient_ref)
        self.paid += 1
        event: PaymentSucceeded = again(
            payment(gross, fee),
            practice_id=self.practice_id,
            event_id=f"{self.practice_id}-ev-{self.paid}",
            payment_id=f"{self.practice_id}-pay-{self.paid}",
            patient_ref=patient_ref,
            **fields,
        )
        return event

    def save_connection(self) -> None:
        """Saves the same connection again, as `target add` does."""
        database = self.ledger.database
        given = database.rows(
            "SELECT connection_id, target, route, base_url, account_fingerprint, config, capabilities FROM connections"
            " WHERE home_practice_id = %s",
            self.practice_id,
        )[0]
        with unit_of_work(database.connection, self.practice_id, clock=database.clock, jitter_s=0) as unit:
            save_connection(
                unit,
                ConnectionInput(
                    practice_id=self.practice_id,
                    connection_id=given[0],
                    target=Target(given[1]),
                    route=given[2],
                    base_url=given[3],
                    fingerprint=given[4],
                    config=given[5],
                    secret=None,
                    capabilities=given[6],
                ),
                actor="owner",
            )

    # --- entries at the office
    def payments(self) -> list[tuple[int, int]]:
        """(PatNum, cents) of every payment."""
        rows = self.ledger.sandbox.open_dental.payments(self.customer_key)
        return sorted((row.pat_num, row.amount_minor) for row in rows)

    def adjustments(self) -> list[tuple[int, int]]:
        """(PatNum, cents) of every adjustment."""
        rows = self.ledger.sandbox.open_dental.adjustments(self.customer_key)
        return sorted((row.pat_num, row.amount_minor) for row in rows)

    def charge(self, patient_ref: str, *fees: int) -> list[int]:
        """Adds open charges of a patient, 30 days apart, oldest first; returns their ProcNums."""
        first = date(2026, 1, 1)
        made = [
            self.ledger.sandbox.open_dental.add_charge(
                self.customer_key, self.patient(patient_ref), fee, first + timedelta(days=30 * place)
            )
            for place, fee in enumerate(fees)
        ]
        return [int(row["ProcNum"]) for row in made]

    def balance(self, patient_ref: str = "pt-1") -> int:
        """Cents that the patient owes at the office."""
        return self.ledger.sandbox.open_dental.balance(self.customer_key, self.patients[patient_ref])

    def paid_on(self) -> dict[int, int]:
        """Cents by procedure; under 0 what is on no procedure."""
        found: dict[int, int] = {}
        for of_payment in self.ledger.sandbox.open_dental.paid_on(self.customer_key).values():
            for procedure, cents in of_payment.items():
                found[procedure] = found.get(procedure, 0) + cents
        return found

    def doubled(self) -> list[Any]:
        """Entries at this office whose marker is there more than once (I2)."""
        found = self.ledger.sandbox.open_dental.doubled()
        return [entry for entry in found if entry.account == self.customer_key]

    # --- state of the ledger
    def states(self) -> list[str]:
        rows = self.ledger.database.rows(
            "SELECT state FROM effects WHERE practice_id = %s AND target = 'PMS' ORDER BY effect_id", self.practice_id
        )
        return [row[0] for row in rows]

    def column(self, name: str) -> list[Any]:
        rows = self.ledger.database.rows(
            f"SELECT {name} FROM effects WHERE practice_id = %s AND target = 'PMS' ORDER BY effect_id",
            self.practice_id,
        )
        return [row[0] for row in rows]

    def attempts(self) -> list[tuple[Any, ...]]:
        return self.ledger.database.rows(
            "SELECT effect_id, phase, n, answer, code, epoch FROM attempts WHERE practice_id = %s ORDER BY ended_at",
            self.practice_id,
        )

    def until_states(self, *wanted: str, within: float = WITHIN_S) -> None:
        until(lambda: tuple(self.states()) == wanted, f"states {wanted}, are {self.states()}", within, self.shown)

    def until_final(self, within: float = WITHIN_S) -> None:
        until(lambda: all(s in FINAL for s in self.states()), "every effect is final", within, self.shown)

    def shown(self) -> str:
        gates = self.ledger.database.rows("SELECT * FROM gates")
        return f"{self.states()}\n{self.attempts()}\n{gates}"


class Offices:
    """A ledger with offices, and posters on it."""

    def __init__(self, world: World, sandbox: SandboxProcess, folder: Path) -> None:
        self.world = world
        self.sandbox = sandbox
        self.folder = folder
        self.database = LedgerDatabase(world.database_url)
        self.keys = KeyRing(SECRET)
        self._roles: list[Role] = []
        self._slots = itertools.count()
        self._threads: list[tuple[Stop, threading.Thread]] = []
        self.failures: list[BaseException] = []

    def open(self, practice_id: str = "practice-1", **changed: Any) -> Office:
        """Adds a practice with its own office. `mapping` and `office` change those; the rest are settings. Payments are
        not allocated unless a test says so."""
        changed.setdefault("allocation", Allocation.POST_ONLY)
        mapping = changed.pop("mapping", {})
        customer_key = f"{self.world.database}-{practice_id}"
        self.sandbox.open_dental.add_office(customer_key, **changed.pop("office", {}))
        self.database.add(practice_id, connected=False, **changed)
        wanted = open_dental_mapping(self.sandbox, customer_key) | mapping
        config = {name: value for name, value in wanted.items() if value is not None}
        secret = msgspec.json.encode(open_dental_keys(self.sandbox, customer_key))
        connection_id = f"{practice_id}-PMS"
        self.database.connection.execute(
            "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
            " config, secret, capabilities) VALUES (%s, %s, 'PMS', 'open_dental', %s, %s, %s, %s, %s)",
            (
                practice_id,
                connection_id,
                self.sandbox.open_dental.url,
                customer_key,
                Jsonb(config),
                self.keys.seal(practice_id, connection_id, secret),
                capabilities_of(load_mapping(config)).words(),
            ),
        )
        self.database.connection.execute(
            "INSERT INTO practice_connections VALUES (%s, 'PMS', %s, %s)", (practice_id, practice_id, connection_id)
        )
        return Office(self, practice_id, customer_key)

    # --- posters
    def _next_slot(self) -> int:
        """Several may run side by side; an equal slot would fence the older one (law 13)."""
        return next(self._slots)

    def process(self, **settings: Any) -> Role:
        """Starts a poster as a process of its own, which can be killed and frozen."""
        settings.setdefault("slot", self._next_slot())
        started = Role(self.world, "poster", self.folder, secret_key=SECRET_TEXT, **settings)
        self._roles.append(started)
        return started

    def poster(self, **settings: Any) -> Stop:
        """Starts a poster in a thread of the test."""
        settings.setdefault("slot", self._next_slot())
        chosen = self.world.settings(secret_key=SECRET_TEXT, **settings)
        install(chosen.test_controls)
        stop = Stop()

        def run() -> None:
            try:
                role.run(chosen, stop, Health())
            except BaseException as error:  # noqa: BLE001 - raised in the test
                self.failures.append(error)

        thread = threading.Thread(target=run, name="poster")
        thread.start()
        self._threads.append((stop, thread))
        return stop

    def stop_posters(self) -> None:
        for stop, _ in self._threads:
            stop.set()
        for _, thread in self._threads:
            thread.join(WITHIN_S)
            if thread.is_alive():
                raise AssertionError("a poster did not stop")
        self._threads.clear()
        if self.failures:
            raise self.failures[0]

    def end(self) -> None:
        for started in self._roles:
            started.end()
        try:
            self.stop_posters()
        finally:
            self.database.close()
