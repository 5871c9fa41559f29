"""Open Dental writes every kind that it says it can, and reads what posting needs (M-4, ALL-1, G2)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from deploy.sandbox.running import SandboxProcess
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import EntryKind
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.mapping import load_mapping
from sinks.targets.port import Charge, Composed, Placement, Posted, Prepared, ReadFailed, Refused, Scope, TargetEntry
from tests.contract.conftest import ROUTE_CASES
from tests.contract.route_cases import OpenDentalCase
from tests.contract.test_port import DEADLINE_S, composed, found, opened, post

pytestmark = pytest.mark.stack


@pytest.fixture
def office(sandbox: SandboxProcess) -> OpenDentalCase:
    return OpenDentalCase(sandbox, EntryKind.PAYMENT)


def test_every_kind_has_its_place_in_the_suite() -> None:
    """A kind that is declared and not in the suite is proved by nobody. Allocations are proved here, write-offs with
    their claims (`test_open_dental_claims`)."""
    mapping = load_mapping({"pay_type": 1, "membership_code": "M", "insurance_pay_type": 2})
    able = capabilities_of(mapping).entry_kinds
    in_suite = {name.split("-")[1] for name in ROUTE_CASES if name.startswith("open_dental-")}
    assert {kind.value for kind in able} == in_suite | {"allocation", "write_off"}


def asking(entry: TargetEntry, **order: Any) -> TargetEntry:
    return msgspec.structs.replace(entry, instruction=msgspec.structs.replace(entry.instruction, **order))


async def test_open_charges_are_read_oldest_first(office: OpenDentalCase, sandbox: SandboxProcess) -> None:
    """ALL-1: with what was paid on them; nothing is written."""
    entry = asking(office.entry(), allocation=Allocation.ALLOCATE)
    patient = int(entry.pms_patient_id or 0)
    later = sandbox.open_dental.add_charge(office.account, patient, 5000, date(2026, 2, 1))["ProcNum"]
    older = sandbox.open_dental.add_charge(office.account, patient, 8000, date(2026, 1, 1))["ProcNum"]
    async with opened(office) as target:
        read = await target.prepare(entry, DEADLINE_S)
    assert read == Prepared(
        posts_to=str(patient),
        charges=(
            Charge(ref=str(older), due_minor=8000, on=date(2026, 1, 1)),
            Charge(ref=str(later), due_minor=5000, on=date(2026, 2, 1)),
        ),
    )
    assert office.standing() == []


async def test_pages_are_read_to_the_end(office: OpenDentalCase, sandbox: SandboxProcess) -> None:
    """Open Dental README section 3: a charge on a later page is a charge."""
    entry = asking(office.entry(), allocation=Allocation.ALLOCATE)
    for day in range(1, 6):
        for _ in range(20):
            sandbox.open_dental.add_charge(office.account, int(entry.pms_patient_id or 0), 100, date(2026, 1, day))
    async with opened(office) as target:
        read = await target.prepare(entry, DEADLINE_S)
    assert isinstance(read, Prepared)
    assert len(read.charges) == 100
    reads = [call for call in sandbox.open_dental.calls(office.account) if call.path.endswith("/ServiceDateView")]
    assert len(reads) == 2, "100 charges and 5 totals"


async def test_the_guarantor_is_read(office: OpenDentalCase, sandbox: SandboxProcess) -> None:
    """G2."""
    head, member = sandbox.open_dental.add_patients(office.account, 2, seed=5, family=True)
    entry = msgspec.structs.replace(
        asking(office.entry(), family=FamilyBooking.GUARANTOR), pms_patient_id=str(member["PatNum"])
    )
    async with opened(office) as target:
        assert await target.prepare(entry, DEADLINE_S) == Prepared(posts_to=str(head["PatNum"]))


async def test_a_patient_whom_the_office_does_not_have_is_reported_by_the_posting(office: OpenDentalCase) -> None:
    """Nothing to read: the posting is refused, as it always was."""
    entry = msgspec.structs.replace(
        asking(office.entry(), allocation=Allocation.ALLOCATE, family=FamilyBooking.GUARANTOR), pms_patient_id="999999"
    )
    async with opened(office) as target:
        assert await target.prepare(entry, DEADLINE_S) == Prepared(posts_to="999999")
        answer = await post(target, entry)
    assert isinstance(answer, Refused)
    assert answer.scope is Scope.EFFECT


@pytest.mark.parametrize("status", [401, 429, 500, 502])
async def test_a_read_that_fails_is_the_connections(
    office: OpenDentalCase, sandbox: SandboxProcess, status: int
) -> None:
    """Law 22: it says nothing of the entry."""
    entry = asking(office.entry(), allocation=Allocation.ALLOCATE)
    async with opened(office) as target:
        sandbox.open_dental.fault("status", account=office.account, method="GET", status=status)
        read = await target.prepare(entry, DEADLINE_S)
        sandbox.open_dental.clear_faults()
    assert isinstance(read, ReadFailed)
    assert read.scope is Scope.CONNECTION


async def test_an_allocation_is_exact_repeatable_and_read_back(office: OpenDentalCase, sandbox: SandboxProcess) -> None:
    """ALL-1, law 18: PUT Partial with the amounts; its splits are the proof, and a repetition changes nothing."""
    payment = office.entry()
    patient = int(payment.pms_patient_id or 0)
    charges = [
        sandbox.open_dental.add_charge(office.account, patient, fee, date(2026, 1, 1))["ProcNum"]
        for fee in (9000, 9000)
    ]
    shares = ((str(charges[1]), 9000), (str(charges[0]), 681))
    placement = Placement(patient=str(patient), posts_to=str(patient), shares=shares)
    async with opened(office) as target:
        placed = msgspec.structs.replace(payment, placement=placement)
        paid = await post(target, placed)
        assert isinstance(paid, Posted)
        allocation = msgspec.structs.replace(
            asking(placed, entry_kind=EntryKind.ALLOCATION, amount_minor=0), origin_id=paid.external_id
        )
        assert (await found(target, allocation)).external_ids == (), "Open Dental paid the first charge first"
        request = composed(target, allocation)
        assert isinstance(request, Composed)
        for _ in range(2):
            answer = await post(target, allocation)
            assert isinstance(answer, Posted), answer
            assert (await found(target, allocation)).external_ids == (answer.external_id,)
    number = int(paid.external_id.removeprefix("payments/"))
    assert sandbox.open_dental.paid_on(office.account)[number] == {charges[1]: 9000, charges[0]: 681}


async def test_an_allocation_that_the_charges_no_longer_bear_is_refused_and_the_payment_stands(
    office: OpenDentalCase, sandbox: SandboxProcess
) -> None:
    payment = office.entry()
    patient = int(payment.pms_patient_id or 0)
    charge = sandbox.open_dental.add_charge(office.account, patient, 500, date(2026, 1, 1))["ProcNum"]
    placement = Placement(patient=str(patient), posts_to=str(patient), shares=((str(charge), 9681),))
    async with opened(office) as target:
        placed = msgspec.structs.replace(payment, placement=placement)
        paid = await post(target, placed)
        assert isinstance(paid, Posted)
        allocation = msgspec.structs.replace(
            asking(placed, entry_kind=EntryKind.ALLOCATION, amount_minor=0), origin_id=paid.external_id
        )
        answer = await post(target, allocation)
    assert isinstance(answer, Refused)
    assert answer.scope is Scope.EFFECT
    assert office.standing() == [9681]
