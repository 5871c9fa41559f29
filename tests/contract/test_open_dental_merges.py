"""A patient who was merged into another between the send and the read-back: nothing found at the old number is no
absence (law 19). Facts: the vendor's pages API Payments, API Commlogs, API ProcedureLogs and Merge Patients."""

from __future__ import annotations

import msgspec
import pytest

from deploy.sandbox.running import SandboxProcess
from schemas.vocabulary import EntryKind
from sinks.targets.port import Found, Posted, ReadFailed, Scope, TargetEntry
from tests.contract.route_cases import OpenDentalCase
from tests.contract.test_port import DEADLINE_S, found, opened, post

pytestmark = pytest.mark.stack

SEARCHED = [EntryKind.PAYMENT, EntryKind.CHARGE, EntryKind.NOTE]


def merged(sandbox: SandboxProcess, office: OpenDentalCase, entry: TargetEntry) -> int:
    """The entry's patient becomes another one; answers that one's number."""
    kept = int(sandbox.open_dental.add_patient(office.account)["PatNum"])
    sandbox.open_dental.merge_patients(office.account, int(entry.pms_patient_id or 0), kept)
    return kept


@pytest.mark.parametrize("kind", SEARCHED)
async def test_what_moved_with_its_patient_is_found(sandbox: SandboxProcess, kind: EntryKind) -> None:
    """Law 19: the marker is searched for without the patient, before absence is believed."""
    office = OpenDentalCase(sandbox, kind)
    entry = office.entry()
    async with opened(office) as target:
        answer = await post(target, entry)
        assert isinstance(answer, Posted)
        merged(sandbox, office, entry)
        assert (await found(target, entry)).external_ids == (answer.external_id,)


@pytest.mark.parametrize("kind", SEARCHED)
async def test_what_was_never_written_is_absent_after_a_merge_too(sandbox: SandboxProcess, kind: EntryKind) -> None:
    """Law 19: the whole office was searched."""
    office = OpenDentalCase(sandbox, kind)
    entry = office.entry()
    async with opened(office) as target:
        merged(sandbox, office, entry)
        read = await found(target, entry)
    assert read.external_ids == read.differing_ids == ()


async def test_another_amount_of_ours_is_seen_at_the_survivor(sandbox: SandboxProcess) -> None:
    """TOTAL_DIFFERS: neither presence nor absence, wherever it stands."""
    office = OpenDentalCase(sandbox, EntryKind.PAYMENT)
    entry = office.entry()
    other = msgspec.structs.replace(
        entry, instruction=msgspec.structs.replace(entry.instruction, amount_minor=entry.instruction.amount_minor + 1)
    )
    async with opened(office) as target:
        answer = await post(target, entry)
        assert isinstance(answer, Posted)
        merged(sandbox, office, entry)
        assert (await found(target, other)).differing_ids == (answer.external_id,)


async def test_an_adjustment_of_a_merged_patient_is_not_believed_absent(sandbox: SandboxProcess) -> None:
    """Law 19: adjustments are listed by patient alone, so nothing proves that it moved or never was."""
    office = OpenDentalCase(sandbox, EntryKind.REFUND, sign=-1)
    entry = office.entry()
    async with opened(office) as target:
        assert isinstance(await post(target, entry), Posted)
        merged(sandbox, office, entry)
        read = await target.read_back(entry, DEADLINE_S)
    assert read == ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_MERGED")


async def test_an_adjustment_is_found_at_the_patient_who_is_linked_now(sandbox: SandboxProcess) -> None:
    """The way out of it: a person links the surrogate to the record that was kept."""
    office = OpenDentalCase(sandbox, EntryKind.REFUND, sign=-1)
    entry = office.entry()
    async with opened(office) as target:
        answer = await post(target, entry)
        assert isinstance(answer, Posted)
        kept = merged(sandbox, office, entry)
        linked = msgspec.structs.replace(entry, linked_patient_id=str(kept))
        assert (await found(target, linked)).external_ids == (answer.external_id,)


@pytest.mark.parametrize("kind", [EntryKind.PAYMENT, EntryKind.NOTE])
async def test_an_office_whose_lists_need_a_patient(sandbox: SandboxProcess, kind: EntryKind) -> None:
    """Before 23.3.11: absence is believed of a living record, and of no merged one."""
    office = OpenDentalCase(sandbox, kind)
    entry = office.entry()
    sandbox.open_dental.change_office(office.account, lists_need_patient=True)
    async with opened(office) as target:
        assert (await found(target, entry)).external_ids == ()
        merged(sandbox, office, entry)
        read = await target.read_back(entry, DEADLINE_S)
    assert isinstance(read, ReadFailed)
    assert (read.scope, read.code) == (Scope.EFFECT, "PATIENT_MERGED")


async def test_a_patient_deleted_after_the_merge_is_searched_for_too(sandbox: SandboxProcess) -> None:
    """The vendor advises to delete the record that was merged away."""
    office = OpenDentalCase(sandbox, EntryKind.PAYMENT)
    entry = msgspec.structs.replace(office.entry(), pms_patient_id="999999")
    async with opened(office) as target:
        read = await target.read_back(entry, DEADLINE_S)
    assert isinstance(read, Found)
    assert read.external_ids == read.differing_ids == ()


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_search_that_fails_is_no_absence(sandbox: SandboxProcess, status: int) -> None:
    """Law 22: the connection's error, whichever of the reads met it."""
    office = OpenDentalCase(sandbox, EntryKind.PAYMENT)
    entry = office.entry()
    async with opened(office) as target:
        sandbox.open_dental.fault("status", account=office.account, method="GET", path="*/patients/*", status=status)
        read = await target.read_back(entry, DEADLINE_S)
        sandbox.open_dental.clear_faults()
    assert isinstance(read, ReadFailed)
    assert read.scope is Scope.CONNECTION
