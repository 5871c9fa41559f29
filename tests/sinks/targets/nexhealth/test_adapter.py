"""The adapter against a location of the sandbox: tokens, the synchronizer, reads before a posting and of what stands
(README sections 1, 2, 4, 6)."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import ConnectionReason, DeadLetterReason, EntryKind
from sinks.targets.choices import Choice
from sinks.targets.patients import FoundPatient, PatientQuery, PatientRecord
from sinks.targets.port import (
    Accepted,
    Charge,
    Composed,
    ConnectionReport,
    Found,
    NoAnswer,
    NothingSent,
    OriginReading,
    OriginState,
    Placement,
    Prepared,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    TargetEntry,
)
from tests.sinks.targets.nexhealth.conftest import WITHIN_S, Location, post
from tests.sinks.targets.nexhealth.examples import MARKER

pytestmark = pytest.mark.stack


def failed_checks(report: ConnectionReport) -> dict[str, str]:
    return {name: advice for name, passed, advice in report.checks if not passed}


async def test_one_token_serves_every_connection_of_a_process(location: Location) -> None:
    """Single flight: many calls of several adapters at once ask for one."""
    first, second = location.target(), location.target()
    entries = [location.entry(amount_minor=100 + number) for number in range(8)]
    await asyncio.gather(*(post(target, entry) for target in (first, second) for entry in entries))
    assert location.requests("/authenticates", "POST") == 1


async def test_a_token_that_ended_is_renewed_and_a_read_repeated(location: Location) -> None:
    target = location.target()
    assert isinstance(await target.read_back(location.entry(), WITHIN_S), Found)
    location.sandbox.expire_tokens(location.key)
    assert isinstance(await target.read_back(location.entry(), WITHIN_S), Found)
    assert location.requests("/authenticates", "POST") == 2


async def test_a_token_that_ended_costs_an_entry_nothing(location: Location) -> None:
    """Law 18: the POST is not repeated inside the call; at once, and no attempt is burnt."""
    target, entry = location.target(), location.entry()
    await target.read_back(entry, WITHIN_S)
    await post(target, location.entry(amount_minor=1))
    location.sandbox.expire_tokens(location.key)
    assert await post(target, entry) == NothingSent(scope=Scope.EFFECT, reason=None, code="TOKEN_RENEWED")
    assert await post(target, entry) == Accepted()
    assert location.requests("/payments", "POST") == 3


async def test_a_key_that_is_no_longer_taken_needs_a_person(location: Location) -> None:
    target = location.target()
    location.change(key_enabled=False)
    answer = await post(target, location.entry())
    assert isinstance(answer, NothingSent)
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.NEEDS_RECONNECT)


async def test_a_token_is_renewed_before_its_end(location: Location) -> None:
    """By its own words about its life, whatever our clock says: a token of a second is asked for again."""
    location.change(token_life_s=1)
    target = location.target()
    await target.read_back(location.entry(), WITHIN_S)
    await asyncio.sleep(1.0)
    await target.read_back(location.entry(), WITHIN_S)
    assert location.requests("/authenticates", "POST") == 2
    assert {call.status for call in location.sandbox.calls(location.key)} == {200, 201}


async def test_every_request_names_version_subdomain_and_location(location: Location) -> None:
    """The sandbox refuses one without; so does the service."""
    target = location.target()
    assert (await target.test(WITHIN_S)).ok
    assert await post(target, location.entry()) == Accepted()
    calls = [call for call in location.sandbox.calls(location.key) if call.path != "/authenticates"]
    assert len(calls) > 7
    for call in calls:
        assert "subdomain=larkspur" in call.query
        assert "location_id=7" in call.query


async def test_a_red_synchronizer_is_a_wait_and_nothing_is_sent(location: Location) -> None:
    """Law 22: the connection's, without an attempt."""
    location.change(writes="red")
    target = location.target()
    answer = await post(target, location.entry())
    assert answer == NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code="WRITE_RED")
    assert location.requests("/payments", "POST") == 0


async def test_a_request_that_met_a_red_synchronizer_was_not_refused_for_itself(location: Location) -> None:
    """It was green a moment ago: the 400 that follows concerns the connection, not the entry."""
    target = location.target()
    assert await post(target, location.entry(amount_minor=1)) == Accepted()
    location.change(writes="red")
    answer = await post(target, location.entry())
    assert isinstance(answer, Refused)
    assert (answer.kind, answer.scope, answer.code) == (RefusalClass.TEMPORARY, Scope.CONNECTION, "WRITE_RED")


async def test_a_refusal_while_it_works_is_the_entrys_own(location: Location) -> None:
    target = location.target(pay_type=999)
    answer = await post(target, location.entry())
    assert isinstance(answer, Refused)
    assert (answer.kind, answer.scope) == (RefusalClass.CONFIG, Scope.EFFECT)
    unknown = await post(location.target(), msgspec.structs.replace(location.entry(), pms_patient_id="999999"))
    assert isinstance(unknown, Refused)
    assert unknown.reason is DeadLetterReason.PATIENT_NOT_FOUND


async def test_a_patient_of_another_location_of_the_server_is_not_this_ones(location: Location) -> None:
    """The service lists every patient of the server, whichever location is theirs."""
    other = location.sandbox.add_patient(location.key, location_ids=[8])
    target = location.target()
    answer = await post(target, msgspec.structs.replace(location.entry(), pms_patient_id=str(other["id"])))
    assert isinstance(answer, Refused)
    assert answer.reason is DeadLetterReason.PATIENT_NOT_FOUND
    record = await target.patient(str(other["id"]), WITHIN_S)
    assert isinstance(record, PatientRecord)
    assert not record.in_use


async def test_who_a_patient_is(location: Location) -> None:
    """L-6: the name before somebody links; nobody for a number that the location does not have."""
    known = location.sandbox.add_patient(location.key, first_name="Ingrid", last_name="Fairholt")
    target = location.target()
    assert await target.patient(str(known["id"]), WITHIN_S) == PatientRecord(name="Ingrid Fairholt", in_use=True)
    assert await target.patient("999999", WITHIN_S) is None
    assert await target.patient("not a number", WITHIN_S) is None
    gone = location.sandbox.add_patient(location.key, inactive=True)
    record = await target.patient(str(gone["id"]), WITHIN_S)
    assert isinstance(record, PatientRecord)
    assert not record.in_use


async def test_patients_are_searched_at_this_location_alone(location: Location) -> None:
    """RD-7: by parts of the name; those of another location of the server are not shown."""
    known = location.sandbox.add_patient(location.key, first_name="Ingrid", last_name="Fairholt")
    location.sandbox.add_patient(location.key, first_name="Ingmar", last_name="Fairholt", location_ids=[8])
    target = location.target()
    found = await target.search_patients(PatientQuery(last_name="fairh"), WITHIN_S)
    assert found == (
        FoundPatient(pms_patient_id=str(known["id"]), name="Ingrid Fairholt", birth_date=None, in_use=True),
    )


async def test_absence_waits_for_a_cycle_of_the_synchronizer(location: Location) -> None:
    """Law 19: while it is down, or has not read and written since, nothing is said; then what was sent stays
    possible until a person knew of it."""
    target, entry = location.target(), location.entry(beside={"sent_at": datetime.now(UTC)})
    location.change(sync_cycles=False)
    assert await target.read_back(entry, WITHIN_S) == ReadFailed(scope=Scope.EFFECT, reason=None, code="SYNC_PENDING")
    for down in ({"reads": "red"}, {"writes": "red", "reads": "green"}):
        location.change(sync_cycles=True, **down)
        read = await target.read_back(entry, WITHIN_S)
        assert isinstance(read, ReadFailed)
        assert read.code == "SYNC_PENDING"
    location.change(writes="green", reads="green")
    found = await target.read_back(msgspec.structs.replace(entry, sent_at=datetime(2026, 1, 1, tzinfo=UTC)), WITHIN_S)
    assert isinstance(found, Found)
    assert (found.external_ids, found.differing_ids, len(found.possible_ids)) == ((), (), 1)
    known = msgspec.structs.replace(entry, sent_at=datetime(2026, 1, 1, tzinfo=UTC), not_ours=found.possible_ids)
    again = await target.read_back(known, WITHIN_S)
    assert isinstance(again, Found)
    assert again.possible_ids == ()
    later = msgspec.structs.replace(known, sent_at=datetime(2026, 1, 2, tzinfo=UTC))
    sent_again = await target.read_back(later, WITHIN_S)
    assert isinstance(sent_again, Found)
    assert len(sent_again.possible_ids) == 1, "another send is another possibility"


async def test_what_was_never_sent_is_absent(location: Location) -> None:
    """Law 4: read back before any send; a ledger that forgot nothing has nothing to fear."""
    found = await location.target().read_back(location.entry(beside={"sent_at": None}), WITHIN_S)
    assert isinstance(found, Found)
    assert (found.external_ids, found.possible_ids) == ((), ())


async def test_pages_are_read_to_the_end(location: Location) -> None:
    """Two rows a page: the entry on the last one is found."""
    location.change(page_cap=2)
    target = location.target()
    entries = [
        location.entry(
            entry_kind=EntryKind.FEE_ADJUSTMENT,
            amount_minor=100 + number,
            beside={"marker": f"WBABCDEFGHIJKLMN{letter}A", "sent_at": datetime.now(UTC)},
        )
        for number, letter in enumerate("ABCDEFG")
    ]
    for entry in entries:
        assert await post(target, entry) == Accepted()
    for entry in entries:
        found = await target.read_back(entry, WITHIN_S)
        assert isinstance(found, Found)
        assert len(found.external_ids) == 1


@pytest.mark.parametrize(
    ("guarantor", "expected"), [(0, "patient"), (None, "patient"), ("self", "patient"), ("head", "head")]
)
async def test_who_answers_for_an_account(location: Location, guarantor: Any, expected: str) -> None:
    """G2: 0, null and the patient's own number mean the patient."""
    head = location.sandbox.add_patient(location.key)["id"]
    numbers = {"patient": location.patient, "head": head}
    given = {"self": location.patient, "head": head}.get(guarantor, guarantor)
    location.sandbox.edit(location.key, "patients", location.patient, guarantor_id=given)
    prepared = await location.target().prepare(location.entry(family=FamilyBooking.GUARANTOR), WITHIN_S)
    assert prepared == Prepared(posts_to=str(numbers[expected]))


async def test_open_charges_are_what_nobody_has_paid(location: Location) -> None:
    """ALL-1: the fee of each, less payments and adjustments that name it; oldest first."""
    key, patient, sandbox = location.key, location.patient, location.sandbox
    later = sandbox.add_charge(key, patient, 5_000, date(2026, 2, 1))["id"]
    older = sandbox.add_charge(key, patient, 8_000, date(2026, 1, 1))["id"]
    paid = sandbox.add_charge(key, patient, 4_000, date(2025, 12, 1))["id"]
    deleted = sandbox.add_charge(key, patient, 700, date(2025, 11, 1))["id"]
    elsewhere = sandbox.add_charge(key, patient, 600, date(2025, 10, 1))["id"]
    sandbox.add_charge(key, sandbox.add_patient(key)["id"], 900, date(2025, 9, 1))
    sandbox.edit(key, "charges", deleted)
    sandbox.edit(key, "charges", elsewhere, location_id=8)
    target = location.target()
    shares = ((str(paid), 4_000), (str(older), 1_000))
    placement = Placement(patient=str(patient), posts_to=str(patient), shares=shares)
    assert await post(target, location.entry(amount_minor=5_000, beside={"placement": placement})) == Accepted()
    order = location.entry(allocation=Allocation.ALLOCATE)
    assert await target.prepare(order, WITHIN_S) == Prepared(
        posts_to=str(patient),
        charges=(
            Charge(ref=str(older), due_minor=7_000, on=date(2026, 1, 1)),
            Charge(ref=str(later), due_minor=5_000, on=date(2026, 2, 1)),
        ),
    )
    lines = sandbox.payments(key)
    assert {line.charge_id: line.amount_minor for line in lines} == {paid: -4_000, older: -1_000}
    found = await target.read_back(location.entry(amount_minor=5_000, beside={"placement": placement}), WITHIN_S)
    assert isinstance(found, Found)
    assert found.external_ids == (f"nexhealth_payments/{lines[0].number}",), "two rows, one entry"


async def test_a_charge_that_cannot_be_read_is_that_entrys_alone(location: Location) -> None:
    """Law 22: a charge that is passed over would let money go to a later one."""
    number = location.sandbox.add_charge(location.key, location.patient, 5_000, date(2026, 2, 1))["id"]
    location.sandbox.edit(location.key, "charges", number, fee={"amount": "fifty", "currency": "USD"})
    read = await location.target().prepare(location.entry(allocation=Allocation.ALLOCATE), WITHIN_S)
    assert read == ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")


async def posted(location: Location, kind: EntryKind = EntryKind.PAYMENT) -> TargetEntry:
    """An entry that takes back one of this kind, which stands."""
    target = location.target()
    amount = 9680 if kind is EntryKind.PAYMENT else 320
    entry = location.entry(entry_kind=kind, amount_minor=amount)
    request = target.compose(entry)
    assert isinstance(request, Composed)
    assert await post(target, entry) == Accepted()
    found = await target.read_back(entry, WITHIN_S)
    assert isinstance(found, Found)
    return location.entry(entry_kind=EntryKind.REVERSAL, beside={"origin": request, "origin_id": found.external_ids[0]})


EDITS: list[tuple[dict[str, Any], OriginState]] = [
    ({"description": "moved to another provider", "provider_id": 3}, OriginState.STANDS),
    ({"payment_type_id": 4, "adjustment_type_id": 4}, OriginState.STANDS),
    ({"payment_amount": {"amount": "-90.00"}, "adjustment_amount": {"amount": "-3.00"}}, OriginState.CHANGED),
    ({"payment_amount": {"amount": "96.80"}, "adjustment_amount": {"amount": "3.20"}}, OriginState.CHANGED),
    ({"paid_at": "2026-03-05", "adjusted_at": "2026-03-05"}, OriginState.CHANGED),
    ({"patient_id": 999}, OriginState.CHANGED),
    ({}, OriginState.GONE),
]


@pytest.mark.parametrize("table", ["payments", "adjustments"])
@pytest.mark.parametrize(("edit", "state"), EDITS)
async def test_how_what_is_taken_back_stands(
    location: Location, table: str, edit: dict[str, Any], state: OriginState
) -> None:
    """R-20: amount, sign, date and patient; the rest is daily work."""
    entry = await posted(location, EntryKind.PAYMENT if table == "payments" else EntryKind.FEE_ADJUSTMENT)
    number = int((entry.origin_id or "").partition("/")[2])
    location.sandbox.edit(location.key, table, number, **edit)
    read = await location.target().read_origin(entry, WITHIN_S)
    if table == "adjustments" and "patient_id" in edit:
        # Moved to another patient it is not in this one's list, which is all that can be asked: unreadable, not gone.
        assert read == ReadFailed(scope=Scope.EFFECT, reason=None, code="ORIGINAL_NOT_READ")
    else:
        assert read == OriginReading(state=state)


async def test_what_is_not_shown_at_all_is_unreadable_and_not_gone(location: Location) -> None:
    """R-20: reads lag."""
    entry = await posted(location)
    number = int((entry.origin_id or "").partition("/")[2])
    location.sandbox.edit(location.key, "payments", number, transaction_id=None)
    read = await location.target().read_origin(entry, WITHIN_S)
    assert read == ReadFailed(scope=Scope.EFFECT, reason=None, code="ORIGINAL_NOT_READ")


async def test_a_key_without_access_to_the_ledger_is_said_so(location: Location) -> None:
    """SET-24: lists of types are open to it, the ledger is not."""
    location.change(financial_access=False)
    target = location.target()
    report = await target.test(WITHIN_S)
    assert not report.ok
    assert "ask NexHealth" in failed_checks(report)["financial access"]
    answer = await post(target, location.entry())
    assert isinstance(answer, Refused)
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.NEEDS_RECONNECT)


FIELDS = ("pay_type", "refund_pay_type", "fee_credit", "refund", "void", "dispute_won", "provider_id", "location_id")


@pytest.mark.parametrize("field", FIELDS)
async def test_a_wrong_field_is_named(location: Location, field: str) -> None:
    """SET-24: nothing that is mapped is taken on trust."""
    assert (await location.target().test(WITHIN_S)).ok
    wrong: dict[str, Any] = {field: 99_999}
    report = await location.target(**wrong).test(WITHIN_S)
    found = failed_checks(report)
    assert not report.ok
    assert field in found or field == "location_id"
    assert all(found.values())


async def test_a_type_that_is_inactive_or_of_the_wrong_kind_is_named(location: Location) -> None:
    numbers = location.sandbox.numbers(location.key, "adjustment_types")
    location.sandbox.edit(
        location.key,
        "payment_types",
        location.sandbox.numbers(location.key, "payment_types")["Credit Card"],
        active=False,
    )
    report = await location.target(fee_credit=numbers["Voided Payment"]).test(WITHIN_S)
    found = failed_checks(report)
    assert "inactive" in found["pay_type"]
    assert "credit" in found["fee_credit"]


async def test_another_system_than_the_mapping_names_is_said(location: Location) -> None:
    """README section 6: on a system that it cannot write to, the service says yes and nobody sees the entry."""
    assert "runs dentrix" in failed_checks(await location.target("eaglesoft").test(WITHIN_S))["system"]
    location.change(system="Curve Hero")
    assert "runs Curve Hero" in failed_checks(await location.target().test(WITHIN_S))["system"]


async def test_a_red_synchronizer_is_a_note_of_the_test(location: Location) -> None:
    location.change(writes="red")
    report = await location.target().test(WITHIN_S)
    assert report.ok
    assert len(report.notes) == 1


async def test_what_a_mapping_can_name(location: Location) -> None:
    """SET-12: types and providers with the fields that take each; inactive ones say so."""
    numbers = location.sandbox.numbers(location.key, "payment_types")
    location.sandbox.edit(location.key, "payment_types", numbers["Check"], active=False)
    offered = await location.target().choices(WITHIN_S)
    assert not isinstance(offered, ReadFailed)
    by_name = {(choice.kind, choice.name): choice for choice in offered}
    card = by_name["payment type", "Credit Card"]
    assert isinstance(card, Choice)
    assert card.chosen == ("pay_type",)
    assert by_name["payment type", "Check"].fields == ()
    assert set(by_name["adjustment type", "Card Refund"].fields) == {
        "fee_debit",
        "refund",
        "payment_return",
        "dispute",
        "void",
    }
    assert by_name["provider", "Edda Marrow"].chosen == ("provider_id",)
    assert {choice.value for choice in offered if choice.kind == "family"} == {"PATIENTS", "GUARANTOR"}


@pytest.mark.parametrize("kind", ["truncated", "cut_off", "drop"])
async def test_a_broken_answer_of_the_token_service_is_the_connections(location: Location, kind: str) -> None:
    effect = "before" if kind in ("truncated", "cut_off") else "none"
    location.sandbox.fault(kind, effect, account=location.key, path="/authenticates")
    answer = await post(location.target(), location.entry())
    assert isinstance(answer, NothingSent)
    assert answer.scope is Scope.CONNECTION


async def test_a_status_that_cannot_be_read_sends_nothing(location: Location) -> None:
    location.sandbox.fault("status", account=location.key, path="/sync_status", status=500)
    answer = await post(location.target(), location.entry())
    assert isinstance(answer, NothingSent)
    assert answer.scope is Scope.CONNECTION
    assert location.requests("/payments", "POST") == 0


async def test_a_lost_answer_is_doubt_and_the_marker_finds_it(location: Location) -> None:
    location.sandbox.fault("drop", "before", account=location.key, method="POST", path="/payments", times=1)
    target, entry = location.target(), location.entry()
    assert isinstance(await post(target, entry), NoAnswer)
    found = await target.read_back(entry, WITHIN_S)
    assert isinstance(found, Found)
    assert len(found.external_ids) == 1
    assert location.sandbox.payments(location.key)[0].marker == MARKER
