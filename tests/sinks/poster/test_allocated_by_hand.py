"""A payment that the practice allocates by hand: a person names the charges, then it is posted on them (ALL-1, N-7)."""

from __future__ import annotations

import asyncio

import pytest

from schemas.practice_settings import Allocation
from sinks.operations.actions.allocate_entry import AllocationDone, allocate_entry
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.named_charges import NamedCharge
from sinks.operations.queries.waiting_entries import units
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.port import Prepared, ReadFailed, TargetEntry
from streams.fault_injection import Control, install
from streams.runtime.errors import ConfigurationError, Permanent, WritebackError
from tests.processors.rules.event_examples import PRACTICE
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import SECRET_TEXT, Office, Offices

pytestmark = pytest.mark.stack


def allocate(
    office: Office,
    *charges: tuple[int, int],
    effect_id: int = 1,
    apply: bool = True,
    seen: dict[int, str] | None = None,
) -> AllocationDone:
    database = office.ledger.database
    named = [NamedCharge(str(ref), minor) for ref, minor in charges]
    settings = office.ledger.world.settings(secret_key=SECRET_TEXT)
    ledger = ledger_of(database.connection, database.clock)
    return asyncio.run(allocate_entry(ledger, settings, PRACTICE, effect_id, named, order(apply=apply), seen or {}))


def test_it_waits_is_named_and_stands_on_the_named_charges(offices: Offices) -> None:
    """ALL-1, N-7: 96.80 and the fee's 3.20 on 60.00 of the second charge and 30.00 of the first; 10.00 is left over."""
    office = offices.open(allocation=Allocation.BY_HAND)
    first, second = office.charge("pt-1", 5_000, 8_000)
    offices.database.report(office.pay())
    assert office.states() == ["AWAITING_ALLOCATION"] * 2
    ledger = ledger_of(offices.database.connection, offices.database.clock)
    refused = act_on_entries(ledger, EntryAction.POST, PRACTICE, [1], order()).items[0].refusal
    assert "entries allocate" in (refused or "")
    shown = allocate(office)
    assert [(each.ref, each.due_minor) for each in shown.open_charges] == [(str(first), 5_000), (str(second), 8_000)]
    assert shown.total_minor == 10_000
    preview = allocate(office, (second, 6_000), (first, 3_000), apply=False)
    assert [each.amount_minor for each in preview.entries if each.entry_kind == "payment"] == [9_000, 680]
    assert office.states() == ["AWAITING_ALLOCATION"] * 2
    saw = {each.effect_id: each.version for each in units(office.ledger.database.connection, PRACTICE, [1], None)}
    with pytest.raises(WritebackError, match="changed since you looked"):
        allocate(office, (second, 6_000), (first, 3_000), seen=saw | {1: "seen before"})
    assert office.states() == ["AWAITING_ALLOCATION"] * 2
    allocate(office, (second, 6_000), (first, 3_000), seen=saw)
    offices.poster()
    office.until_states(*["POSTED"] * 4)
    offices.stop_posters()
    assert sum(cents for _, cents in office.payments()) == 9_680
    assert office.paid_on()[second] == 6_000
    assert office.paid_on()[first] == 3_000
    assert office.balance() == 13_000 - 10_000
    assert office.doubled() == []


@pytest.mark.parametrize("device", [True, False])
def test_charges_that_were_paid_during_the_read_are_not_laid_upon(
    offices: Offices, monkeypatch: pytest.MonkeyPatch, device: bool
) -> None:
    """The target answers before another payment of the patient is posted on the same charge, and is heard after it."""
    office = offices.open(allocation=Allocation.BY_HAND)
    (charge,) = office.charge("pt-1", 10_000)
    offices.database.report(office.pay(), office.pay())
    answered = OpenDentalTarget.prepare

    async def heard_late(target: OpenDentalTarget, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        read = await answered(target, entry, deadline_s)
        monkeypatch.setattr(OpenDentalTarget, "prepare", answered)
        await asyncio.to_thread(allocate, office, (charge, 10_000), effect_id=3)
        offices.poster()
        await asyncio.to_thread(office.until_states, *["AWAITING_ALLOCATION"] * 2, *["POSTED"] * 3)
        offices.stop_posters()
        install([] if device else [Control.POSTED_SINCE_READ])
        return read

    monkeypatch.setattr(OpenDentalTarget, "prepare", heard_late)
    if device:
        with pytest.raises(WritebackError, match="posted meanwhile"):
            allocate(office, (charge, 10_000))
        with pytest.raises(ConfigurationError, match="no open charge"):
            allocate(office, (charge, 10_000))
    else:
        assert allocate(office, (charge, 10_000)).entries, "laid on a charge that was paid"
        install()


def test_what_cannot_be_named_is_said(offices: Offices) -> None:
    office = offices.open(allocation=Allocation.BY_HAND)
    (charge,) = office.charge("pt-1", 5_000)
    offices.database.report(office.pay())
    with pytest.raises(ConfigurationError, match="no open charge"):
        allocate(office, (charge + 1, 100))
    with pytest.raises(ConfigurationError, match=r"at most 50\.00"):
        allocate(office, (charge, 5_001))
    allocate(office, (charge, 5_000))
    with pytest.raises(Permanent, match="does not wait to be allocated"):
        allocate(office, (charge, 100))
