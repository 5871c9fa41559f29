"""A claim at Open Dental: lines, claim and claim payment in order, and what speaks against it (I-6, I-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from deploy.sandbox.running import SandboxProcess
from schemas.plan import ClaimOrder
from schemas.vocabulary import EntryKind
from sinks.targets.port import NothingSent, Posted, RefusalClass, Refused, Scope, TargetEntry
from streams.fault_injection import Control, install
from tests.contract.route_cases import OpenDentalCase
from tests.contract.test_port import DEADLINE_S, Guard, composed, found, opened, post

pytestmark = pytest.mark.stack


@pytest.fixture
def office(sandbox: SandboxProcess) -> Iterator[OpenDentalCase]:
    yield OpenDentalCase(sandbox, EntryKind.INSURANCE_PAYMENT)
    install([])
    sandbox.open_dental.clear_faults()


def claim_of(entry: TargetEntry) -> ClaimOrder:
    assert entry.instruction.claim is not None
    return entry.instruction.claim


def number_of(entry: TargetEntry) -> int:
    return int(claim_of(entry).claim_ref or 0)


def with_claim(entry: TargetEntry, **changed: Any) -> TargetEntry:
    claim = msgspec.structs.replace(claim_of(entry), **changed)
    return msgspec.structs.replace(entry, instruction=msgspec.structs.replace(entry.instruction, claim=claim))


def write_off_of(entry: TargetEntry) -> TargetEntry:
    order = msgspec.structs.replace(
        entry.instruction, entry_kind=EntryKind.WRITE_OFF, amount_minor=claim_of(entry).write_off_minor
    )
    return msgspec.structs.replace(entry, instruction=order)


def lines(office: OpenDentalCase, entry: TargetEntry) -> list[tuple[str, int, int, bool]]:
    """Status, payment, write-off, and whether a claim payment holds it."""
    rows = office.open_dental.claim_lines(office.account, number_of(entry))
    return [(row.status, row.paid_minor, row.write_off_minor, row.claim_payment > 0) for row in rows]


def edit_line(office: OpenDentalCase, entry: TargetEntry, **fields: Any) -> None:
    """What staff do with the first line."""
    first = office.open_dental.claim_lines(office.account, number_of(entry))[0]
    office.open_dental.edit(office.account, "claimprocs", first.number, **fields)


def refused(answer: object, code: str) -> None:
    assert isinstance(answer, Refused), answer
    assert (answer.kind, answer.scope, answer.code) == (RefusalClass.BUSINESS, Scope.EFFECT, code)


async def test_payment_and_write_off_are_one_unit(office: OpenDentalCase) -> None:
    """I-6, I-11: the lines bear both before the one POST; the claim is received; the write-off's entry proves them."""
    entry = office.entry()
    patient = int(entry.pms_patient_id or 0)
    owed = office.open_dental.balance(office.account, patient)
    async with opened(office) as target:
        assert (await found(target, write_off_of(entry))).external_ids == ()
        paid = await post(target, entry)
        assert isinstance(paid, Posted)
        assert lines(office, entry) == [("Received", 6000, 2500, True), ("Received", 3681, 1500, True)]
        written_off = await post(target, write_off_of(entry))
        looked = await found(target, write_off_of(entry))
    assert written_off == Posted(external_id=f"claims/{number_of(entry)}/WriteOff")
    assert looked.external_ids == (written_off.external_id,)
    (claim,) = office.open_dental.rows(office.account, "claims")
    assert (claim["ClaimStatus"], claim["DateReceived"]) == ("R", "2026-11-20")
    assert owed - office.open_dental.balance(office.account, patient) == 9681 + 4000
    (made,) = office.open_dental.claim_payments(office.account)
    assert (made.amount_minor, made.check_date, made.marker) == (9681, "2026-11-20", entry.marker)
    assert office.open_dental.adjustments(office.account) == [], "nothing of insurance is an adjustment (I-7)"


@pytest.mark.parametrize("path", ["*/claimprocs/*", "*/claims/*"])
@pytest.mark.parametrize(
    ("kind", "effect"), [("drop", "none"), ("drop", "before"), ("status", "before"), ("html", "none")]
)
async def test_what_ended_before_the_claim_payment_goes_on(
    office: OpenDentalCase, path: str, kind: str, effect: str
) -> None:
    """I-6: a known partial success is no doubt; the next attempt sets what is missing and posts once."""
    entry, more = office.entry(), {} if kind == "drop" else {"status": 502}
    async with opened(office) as target:
        office.sandbox.fault(kind, effect, account=office.account, method="PUT", path=path, **more)
        first = await post(target, entry)
        office.sandbox.clear_faults()
        assert isinstance(first, Refused | NothingSent), first
        if isinstance(first, Refused):
            assert first.kind is RefusalClass.TEMPORARY
        assert office.standing() == []
        assert isinstance(await post(target, entry), Posted)
    assert lines(office, entry) == [("Received", 6000, 2500, True), ("Received", 3681, 1500, True)]
    assert office.standing() == [9681]


@pytest.mark.parametrize("control", [None, Control.LATE_CHECK])
async def test_slow_lines_leave_the_claim_payment_for_the_next_attempt(
    office: OpenDentalCase, control: Control | None
) -> None:
    """Law 17: the POST starts within its call's time, or not at all. Without the check it goes out late."""
    entry = office.entry()
    install([] if control is None else [control])
    async with opened(office) as target:
        office.sandbox.fault(
            "slow", "before", account=office.account, method="PUT", path="*/claims/*", times=1, seconds=1.6
        )
        answer = await post(target, entry, deadline_s=3.0)
        if control is not None:
            assert isinstance(answer, Posted)
            return
        assert isinstance(answer, Refused)
        assert (answer.kind, answer.code) == (RefusalClass.TEMPORARY, "CLAIM_UNFINISHED")
        assert office.standing() == []
        assert isinstance(await post(target, entry), Posted)
    assert office.standing() == [9681]


async def test_a_claim_is_paid_once(office: OpenDentalCase) -> None:
    """Law 18: whoever posts again finds the lines paid, and the office's own sum refuses the same bytes too."""
    entry = office.entry()
    async with opened(office) as target:
        assert isinstance(await post(target, entry), Posted)
        refused(await post(target, entry), "CLAIM_LINE_PAID")
        again = await target.post(
            msgspec.structs.replace(entry, generation=2), composed(target, entry), Guard(), DEADLINE_S
        )
    refused(again, "CLAIM_LINE_PAID")
    assert office.standing() == [9681]


@pytest.mark.parametrize("control", [None, Control.CLAIM_SUM])
async def test_amounts_that_staff_entered_are_not_overwritten(office: OpenDentalCase, control: Control | None) -> None:
    """I-6: compared before anything is set. Without the comparison staff's figures are lost."""
    entry = office.entry()
    edit_line(office, entry, Status="Received", InsPayAmt=50.0, WriteOff=0.0)
    install([] if control is None else [control])
    async with opened(office) as target:
        answer = await post(target, entry)
    if control is None:
        refused(answer, "CLAIM_LINE_ENTERED")
        assert office.standing() == []
    assert (lines(office, entry)[0][1] == 5000) is (control is None)


async def test_another_sum_on_the_claim_is_refused_by_name(office: OpenDentalCase) -> None:
    """A total that somebody entered beside the lines: the payment would not be what the claim's lines add up to."""
    entry = office.entry()
    patient = int(entry.pms_patient_id or 0)
    other = office.open_dental.add_charge(office.account, patient, 100, entry.instruction.ledger_date)["ProcNum"]
    moved = office.open_dental.add_claim(office.account, patient, [other])["ClaimNum"]
    (beside,) = office.open_dental.claim_lines(office.account, moved)
    fields = {"ClaimNum": number_of(entry), "Status": "Supplemental", "InsPayAmt": 1.0, "ProcNum": 0}
    office.open_dental.edit(office.account, "claimprocs", beside.number, **fields)
    async with opened(office) as target:
        refused(await post(target, entry), "CLAIM_SUM_DIFFERS")
    assert [line[0] for line in lines(office, entry)] == ["NotReceived", "NotReceived", "Supplemental"]


async def test_a_claim_that_others_paid_is_neither_presence_nor_absence(office: OpenDentalCase) -> None:
    """Law 19: its lines name a payment without our marker; a person decides."""
    entry = office.entry()
    async with opened(office) as target:
        assert isinstance(await post(target, entry), Posted)
        (made,) = office.open_dental.claim_payments(office.account)
        office.open_dental.edit(office.account, "claimpayments", made.number, CheckNum="77", Note="")
        looked = await found(target, entry)
        ruled_out = await found(target, msgspec.structs.replace(entry, not_ours=(f"claimpayments/{made.number}",)))
    assert (looked.external_ids, looked.possible_ids) == ((), (f"claimpayments/{made.number}",))
    assert ruled_out.possible_ids == ()


async def test_a_claim_of_one_procedure_needs_no_lines(office: OpenDentalCase, sandbox: SandboxProcess) -> None:
    """I-12: the only procedure takes all of it; of several nobody guesses."""
    entry = office.entry()
    whole = with_claim(entry, lines=())
    async with opened(office) as target:
        refused(await post(target, whole), "CLAIM_LINE_MISSING")
        patient = int(entry.pms_patient_id or 0)
        fee = sandbox.open_dental.add_charge(office.account, patient, 20_000, entry.instruction.ledger_date)
        claim = sandbox.open_dental.add_claim(office.account, patient, [fee["ProcNum"]])["ClaimNum"]
        single = with_claim(whole, claim_ref=str(claim))
        assert isinstance(await post(target, single), Posted)
    assert lines(office, single) == [("Received", 9681, 4000, True)]
    assert {line[0] for line in lines(office, entry)} == {"NotReceived"}


async def test_a_claim_that_is_not_the_patients_is_not_touched(office: OpenDentalCase) -> None:
    entry = office.entry()
    stranger = office.open_dental.add_patient(office.account)["PatNum"]
    async with opened(office) as target:
        refused(
            await post(target, msgspec.structs.replace(entry, pms_patient_id=str(stranger))), "CLAIM_OF_OTHER_PATIENT"
        )
        refused(await post(target, with_claim(entry, claim_ref="999999")), "CLAIM_LINE_MISSING")
        partly = claim_of(entry).lines[:1]
        only = with_claim(entry, lines=partly, paid_minor=6000, write_off_minor=2500)
        order = msgspec.structs.replace(only.instruction, amount_minor=6000)
        refused(await post(target, msgspec.structs.replace(only, instruction=order)), "CLAIM_LINE_MISSING")
    assert {line[0] for line in lines(office, entry)} == {"NotReceived"}
    assert office.standing() == []


async def test_a_write_off_that_does_not_stand_is_set_again(office: OpenDentalCase) -> None:
    """I-6: stated, so it may be repeated; a line that bears no payment any more gets none."""
    entry = office.entry()
    async with opened(office) as target:
        assert isinstance(await post(target, entry), Posted)
        edit_line(office, entry, WriteOff=1.0)
        assert (await found(target, write_off_of(entry))).external_ids == ()
        office.sandbox.fault("drop", account=office.account, method="PUT")
        assert isinstance(await post(target, write_off_of(entry)), Refused | NothingSent)
        office.sandbox.clear_faults()
        assert isinstance(await post(target, write_off_of(entry)), Posted)
        assert lines(office, entry)[0] == ("Received", 6000, 2500, True)
        edit_line(office, entry, Status="NotReceived", WriteOff=0.0)
        refused(await post(target, write_off_of(entry)), "CLAIM_LINE_NOT_RECEIVED")
        late = await target.post(
            write_off_of(entry), composed(target, write_off_of(entry)), Guard(answer=False), DEADLINE_S
        )
    assert isinstance(late, NothingSent)


async def test_an_office_that_takes_batches_alone_says_so(office: OpenDentalCase, sandbox: SandboxProcess) -> None:
    sandbox.open_dental.change_office(office.account, claim_payments_in_batches_only=True)
    async with opened(office) as target:
        refused(await post(target, office.entry()), "HTTP_400")
    assert office.standing() == []
