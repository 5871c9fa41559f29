"""Patients are linked at the very moment when INTAKE stores their payments (law 8)."""

from __future__ import annotations

import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sinks.ledger.practices.links import link
from sinks.ledger.schema.database import connect
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.sinks.ledger.intakes import IntakeAtWork
from tests.sinks.ledger.ledger_fixture import SAVING, LedgerDatabase
from tests.soak.run_length import Length, chance, print_figures
from tests.worlds import World

pytestmark = [pytest.mark.soak, pytest.mark.stack]

ROUNDS = 150
AT_ONCE = 12
"""Patients of one round: their payments come in one batch, and each is linked by a thread of its own."""
LINKERS = 4
REPAIRS = re.compile(r'^writeback_sweep_repairs_total\{kind="link"\} (\d+)', re.MULTILINE)


@pytest.fixture
def at_work(world: World) -> Iterator[IntakeAtWork]:
    database = LedgerDatabase(world.database_url)
    database.add()
    yield IntakeAtWork(world, database)
    database.close()


class Linker(threading.Thread):
    """Links its share of each round's patients a little after the round's records were sent."""

    def __init__(
        self, database: LedgerDatabase, rounds: threading.Barrier, mine: list[list[str]], dice: Random
    ) -> None:
        super().__init__()
        self._book, self._rounds, self._mine, self._dice = database, rounds, mine, dice
        self._pause = threading.Event()
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with connect(self._book.database_url, "other") as other:
                for patients in self._mine:
                    self._rounds.wait(60)
                    for patient in patients:
                        self._pause.wait(self._dice.uniform(0.0, 0.02))
                        link(other, PRACTICE, patient, "17", SAVING, clock=self._book.clock, jitter_s=0)
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.error = error
            self._rounds.abort()


def _hammer(at_work: IntakeAtWork, folder: Path, lasting: Length, **settings: Any) -> int:
    """Rounds of payments and links at once; answers how many lost wake-ups the sweep had to repair."""
    database = at_work.database
    intake = Role(at_work.world, "intake", folder, **settings)
    try:
        intake.until_said("role starts")
        names = [[f"pt-{turn}-{number}" for number in range(AT_ONCE)] for turn in range(ROUNDS)]
        rounds = threading.Barrier(LINKERS + 1)
        linkers = [
            Linker(
                database, rounds, [turn[number::LINKERS] for turn in names], chance(lasting.seed, f"linker {number}")
            )
            for number in range(LINKERS)
        ]
        for turn, patients in enumerate(names):
            payments = [
                database.decide(payment(event_id=f"ev-{name}", payment_id=f"pay-{name}", patient_ref=name))
                for name in patients
            ]
            rounds.wait(60)
            at_work.send(payments)
            expected = (turn + 1) * AT_ONCE
            until(lambda: at_work.receipts() >= expected, "the round is stored", 60, intake.text)  # noqa: B023
        for linker in linkers:
            linker.join(60)
            assert linker.error is None
        until(
            lambda: database.one("SELECT count(*) FROM effects WHERE state = 'AWAITING_LINK'") == 0,
            "nothing waits for a link that is there",
            60,
            intake.text,
        )
        return _repairs(intake)
    finally:
        intake.end()


def _repairs(intake: Role) -> int:
    found = re.search(r"url=(http\S+/metrics)", intake.text())
    assert found is not None, intake.text()
    with urllib.request.urlopen(found.group(1), timeout=10) as answer:  # noqa: S310 - a role on loopback
        counted = REPAIRS.search(answer.read().decode())
    return int(counted.group(1)) if counted else 0


def test_no_link_made_during_intake_is_missed(at_work: IntakeAtWork, lasting: Length, tmp_path: Path) -> None:
    """Every payment goes on by the link or by the batch, and the sweep, which would find it, repairs nothing."""
    repairs = _hammer(at_work, tmp_path, lasting)
    print_figures(part="links", links=ROUNDS * AT_ONCE, repairs=repairs)
    assert repairs == 0


def test_control_practice_lock_under_the_hammer(at_work: IntakeAtWork, lasting: Length, tmp_path: Path) -> None:
    """Without the practice's lock wake-ups are lost; only the sweep finds them, and counts."""
    repairs = _hammer(at_work, tmp_path, lasting, test_controls="practice_lock")
    print_figures(part="links without the lock", links=ROUNDS * AT_ONCE, repairs=repairs)
    assert repairs > 0
