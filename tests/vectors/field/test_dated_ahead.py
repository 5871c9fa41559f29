"""Case 14: INSTANT with BUSINESS_DATE: an entry is dated by a day to come, and posted when that begins (T-6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from schemas.practice_settings import AmountMode, PracticeSettings, Timing
from sinks.ledger.practices.settings.settings_file import read_settings
from sinks.ledger.practices.settings.warnings import Code, Level, PmsCapabilities, settings_warnings
from streams.runtime.clock import set_rehearsal
from tests.processors.rules.lifecycle.memory_ledger import Ledger
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.conftest import offices, sandbox
from tests.sinks.poster.offices import Offices
from tests.vectors.field.cases import FOLDER, parts

__all__ = ["offices", "sandbox"]

CHOSEN = read_settings(FOLDER / "case-14.settings.json")
((TOLD,),) = parts("case-14")
PAID = datetime(2026, 11, 30, 8, 3, 33, tzinfo=UTC)
DATED = date(2026, 12, 1)
BEGINS = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
"""Of that day in New York."""


def test_the_settings_warn_when_they_are_saved() -> None:
    """T-6: by setting and by type; with DAILY, or by the transaction's date, there is nothing to warn of."""

    def codes(**changed: object) -> set[tuple[Code, Level, str]]:
        found = settings_warnings(msgspec.structs.replace(CHOSEN, **changed), PmsCapabilities())
        return {(each.code, each.level, each.field) for each in found if each.code is Code.DATED_AHEAD}

    assert codes() == {(Code.DATED_AHEAD, Level.WARNING, "ledger_date")}
    assert codes(timing=Timing.DAILY) == set()
    assert codes(ledger_date=PracticeSettings(zone="UTC").ledger_date) == set()


def test_in_memory_it_is_due_when_its_day_begins() -> None:
    ledger = Ledger(**msgspec.structs.asdict(CHOSEN))
    ledger.report(TOLD)
    assert {(x.instruction.ledger_date, x.due_at) for x in ledger.state.entries} == {(DATED, BEGINS)}


@pytest.mark.stack
@pytest.mark.parametrize("hastened", [False, True], ids=["by itself", "a person had it posted at once"])
def test_at_the_office_no_entry_has_a_date_to_come(offices: Offices, tmp_path: Path, hastened: bool) -> None:
    """T-6: not a second before the day begins, whoever asks; then under its own date."""
    days = Days(offices.database, tmp_path, PAID)
    # One entry, and an office that takes it: its own clock has nothing to do with the case's.
    chosen = msgspec.structs.asdict(msgspec.structs.replace(CHOSEN, amount=AmountMode.GROSS))
    office = offices.open(office={"future_dates_allowed": True}, **chosen)
    office.patient("pt-1")
    offices.database.report(msgspec.structs.replace(TOLD, practice_id=office.practice_id))
    assert set(office.column("due_at")) == {BEGINS}
    if hastened:
        offices.database.connection.execute("UPDATE work SET due_at = %s", (PAID,))
        offices.database.connection.execute("UPDATE gates SET next_due_at = %s", (PAID,))
    offices.poster(rehearsal_clock=days.file)
    until(lambda: office.column("due_at")[0] == BEGINS, "the payment waits for its day", show=office.shown)
    days.to(BEGINS - timedelta(seconds=1))
    assert (office.states(), office.column("attempts")) == (["SCHEDULED"], [0])
    assert office.payments() == []
    days.to(BEGINS)
    office.until_states("POSTED")
    assert set(office.column("ledger_date")) == {DATED}
    assert office.balance() == -10_000


class Days:
    """Business time of the ledger and the poster alike."""

    def __init__(self, database: LedgerDatabase, folder: Path, at: datetime) -> None:
        self.file = folder / "clock"
        self._database = database
        self.to(at)

    def to(self, at: datetime) -> None:
        set_rehearsal(self.file, at)
        self._database.clock.instant = at
