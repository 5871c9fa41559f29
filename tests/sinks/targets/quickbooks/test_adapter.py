"""The adapter against the sandbox company over real HTTP: posts, refusals, doubts, find-back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.events import PayoutCategory
from schemas.vocabulary import ConnectionReason, DeadLetterReason, State
from sinks.targets.port import (
    Answer,
    Composed,
    Found,
    NoAnswer,
    NotComposed,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    TargetEntry,
)
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from tests.sinks.targets.quickbooks.companies import Always, Company, Never
from tests.sinks.targets.quickbooks.payouts import an_entry, an_item

pytestmark = pytest.mark.stack


async def post(target: QuickBooksTarget, entry: TargetEntry, deadline_s: float = 60.0) -> Answer:
    request = target.compose(entry)
    assert isinstance(request, Composed), request
    return await target.post(entry, request, Always(), deadline_s)


async def found(target: QuickBooksTarget, entry: TargetEntry) -> Found:
    answer = await target.read_back(entry, 60.0)
    assert isinstance(answer, Found), answer
    return answer


SALE = an_entry(an_item(1, 10000, 320), an_item(2, 29900, 897))
LOSS = an_entry(an_item(1, 5000, 175), an_item(2, -12000, category=PayoutCategory.REFUND))
EVEN = an_entry(an_item(1, -3000, category=PayoutCategory.REFUND), an_item(2, 3000, category=PayoutCategory.ADJUSTMENT))


@pytest.mark.parametrize("entry", [SALE, LOSS, EVEN], ids=["deposit", "negative", "zero"])
async def test_a_payout_is_posted_and_found_again(company: Company, entry: TargetEntry) -> None:
    """P-4, law 18: one document, its amount the bank line's, found by its marker under the same id."""
    target = company.open()
    answer = await post(target, entry)
    assert isinstance(answer, Posted), answer
    assert (await found(target, entry)).external_ids == (answer.external_id,)
    documents = [*company.inside.deposits(), *company.inside.journal_entries()]
    assert len(documents) == 1


async def test_the_same_request_id_posts_once(company: Company) -> None:
    """P-10, E-5: a repeat with the same bytes is answered with the first one's id."""
    target = company.open()
    first, second = await post(target, SALE), await post(target, SALE)
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert first.external_id == second.external_id
    assert len(company.inside.deposits()) == 1


async def test_a_duplicate_request_id_fault_is_settled_by_find_back(company: Company) -> None:
    """README section 2: 600 is doubt, and the entry is there."""
    company.inside.change(repeated_request_id="600")
    target = company.open()
    first = await post(target, SALE)
    second = await post(target, SALE)
    assert isinstance(first, Posted)
    assert isinstance(second, NoAnswer)
    assert second.code == "600"
    assert (await found(target, SALE)).external_ids == (first.external_id,)


async def test_an_entry_of_an_earlier_generation_is_found_in_the_other_form(company: Company) -> None:
    """Law 18: the practice changed to journal entries while generation 1 was in doubt."""
    await post(company.open(), SALE)
    later = an_entry(
        *SALE.instruction.lines,
        generation=2,
        request_id="f" * 32,
        marker="WBZZZZZZZZZZZZZZZZ",
        earlier_markers=(SALE.marker,),
    )
    answer = await found(company.open(form="JOURNAL_ENTRY"), later)
    assert len(answer.external_ids) == 1
    assert answer.external_ids[0].startswith("deposit/")


async def test_absence_is_an_empty_find_back(company: Company) -> None:
    """Law 19: read to the end, nothing of ours."""
    await post(company.open(), SALE)
    other = an_entry(an_item(1, 500), marker="WBQQQQQQQQQQQQQQQQ", request_id="e" * 32)
    answer = await found(company.open(), other)
    assert (answer.external_ids, answer.differing_ids) == ((), ())


@pytest.mark.parametrize(
    ("kind", "fields", "stands"),
    [
        ("timeout", {"effect": "before"}, True),
        ("timeout", {}, False),
        ("drop", {"effect": "before"}, True),
        ("drop", {}, False),
        ("status", {"status": 500, "effect": "before"}, True),
        ("status", {"status": 500}, False),
        ("html", {"status": 502, "effect": "before"}, True),
        ("truncated", {"effect": "before"}, True),
        ("cut_off", {"effect": "before"}, True),
        ("trickle", {"effect": "before", "seconds": 0.5}, True),
    ],
)
async def test_doubt_is_settled_by_find_back(company: Company, kind: str, fields: dict[str, Any], stands: bool) -> None:
    """Laws 17, 19: an answer that never came whole is NoAnswer, and the company knows what stands."""
    target = company.open()
    await target.test(60.0)
    company.sandbox.quickbooks.fault(
        kind, account=company.inside.realm, method="POST", path="*/deposit*", times=1, **fields
    )
    answer = await post(target, SALE, deadline_s=2.0)
    assert isinstance(answer, NoAnswer), answer
    assert len((await found(target, SALE)).external_ids) == int(stands)
    assert len(company.inside.deposits()) == int(stands)


@pytest.mark.parametrize("shape", ["xml", "gateway"])
async def test_throttling_pauses_the_company_for_a_minute(company: Company, shape: str) -> None:
    """P-9: 429 in either shape concerns the connection, and nothing was written."""
    target = company.open()
    company.sandbox.quickbooks.fault(
        "status", account=company.inside.realm, method="POST", path="*/deposit*", status=429, shape=shape
    )
    answer = await post(target, SALE)
    assert isinstance(answer, Refused), answer
    assert (answer.scope, answer.reason, answer.retry_after_s) == (
        Scope.CONNECTION,
        ConnectionReason.THROTTLED,
        60.0,
    )
    assert company.inside.deposits() == []


async def test_an_inactive_account_names_what_to_repair(company: Company) -> None:
    """QB-9: 610 and 2500 alike."""
    company.inside.set_account(Id="60", Active=False)
    for code in ("610", "2500"):
        company.inside.change(inactive_code=code)
        answer = await post(company.open(), SALE)
        assert isinstance(answer, Refused)
        assert (answer.kind, answer.reason, answer.code) == (
            RefusalClass.CONFIG,
            DeadLetterReason.ACCOUNT_INACTIVE,
            code,
        )


async def test_closed_books_are_not_knocked_at(company: Company) -> None:
    """P-11: the close date is read, nothing is sent, and reopening is noticed at once."""
    company.inside.close_books(date(2026, 11, 30))
    target = company.open()
    answer = await post(target, SALE)
    assert isinstance(answer, Refused)
    assert (answer.kind, answer.reason) == (RefusalClass.PERIOD, DeadLetterReason.PERIOD_CLOSED)
    blocked = target.compose(SALE)
    assert isinstance(blocked, NotComposed)
    assert blocked.state is State.BLOCKED_PERIOD
    assert not any("/deposit" in call.path for call in company.sandbox.quickbooks.calls(company.inside.realm))
    company.inside.close_books(None)
    assert isinstance(await post(company.open(), SALE), Posted)


async def test_books_closed_behind_our_back_are_a_refusal(company: Company) -> None:
    """README section 9: 6200 and 6210 are the same; what was remembered is read again."""
    target = company.open()
    assert isinstance(await post(target, SALE), Posted)
    other = an_entry(an_item(1, 500), marker="WBQQQQQQQQQQQQQQQQ", request_id="e" * 32)
    for code in ("6200", "6210"):
        company.inside.change(book_close_date="2026-11-30", closed_code=code)
        request = company.open().compose(other)
        assert isinstance(request, Composed)
        answer = await target.post(other, request, Always(), 60.0)
        assert isinstance(answer, Refused)
        assert answer.kind is RefusalClass.PERIOD
        company.inside.close_books(None)
        assert await target._cache.read_closed_through(date(2026, 11, 20), 5.0) is None


async def test_another_total_leads_to_a_person(company: Company) -> None:
    """README section 5: an entry whose total is not the bank line is neither a success nor absent."""
    target = company.open()
    request = target.compose(SALE)
    assert isinstance(request, Composed)
    body = request.body.replace(b'"Amount":100.00', b'"Amount":101.00')
    spoiled = Composed(method=request.method, path=request.path, body=body, ledger_date=request.ledger_date)
    answer = await target.post(SALE, spoiled, Always(), 60.0)
    assert isinstance(answer, NoAnswer)
    assert answer.code == "TOTAL_DIFFERS"
    looked = await found(target, SALE)
    assert looked.external_ids == ()
    assert len(looked.differing_ids) == 1


async def test_a_doubled_entry_is_seen_as_two(company: Company) -> None:
    """PROTOCOL section 3: found twice is a person's decision."""
    target = company.open()
    company.sandbox.quickbooks.fault("duplicate", account=company.inside.realm, method="POST", path="*/deposit*")
    await post(target, SALE)
    assert len((await found(target, SALE)).external_ids) == 2


async def test_a_late_start_sends_nothing(company: Company) -> None:
    """Law 17: the guard is asked after the connection stands."""
    target = company.open()
    request = target.compose(SALE)
    assert isinstance(request, Composed)
    answer = await target.post(SALE, request, Never(), 60.0)
    assert answer == NothingSent(scope=Scope.EFFECT, reason=None, code="LATE")
    assert company.inside.deposits() == []


async def test_the_subscription_and_the_app_concern_the_connection(company: Company) -> None:
    """Law 22: 6190 and 3100 close the connection and leave the effect alone."""
    company.inside.change(subscription_active=False)
    answer = await post(company.open(), SALE)
    assert isinstance(answer, Refused)
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.SUBSCRIPTION_ENDED)
    company.inside.change(subscription_active=True, app_authorized=False)
    answer = await post(company.open(), SALE)
    assert isinstance(answer, Refused)
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.WRONG_COMPANY)
    looked = await company.open().read_back(SALE, 60.0)
    assert isinstance(looked, ReadFailed)
    assert (looked.scope, looked.reason) == (Scope.CONNECTION, ConnectionReason.WRONG_COMPANY)


async def test_a_find_back_pages_to_the_end(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 19: the entry stands on the third page."""
    monkeypatch.setattr("sinks.targets.quickbooks.find_entries.DOCUMENTS", 2)
    target = company.open()
    for number in range(5):
        other = an_entry(an_item(1, 500 + number), marker=f"WBQQQQQQQQQQQQQQQ{number}", request_id=f"{number}" * 32)
        assert isinstance(await post(target, other), Posted)
    assert isinstance(answer := await post(target, SALE), Posted)
    assert (await found(target, SALE)).external_ids == (answer.external_id,)


async def test_the_connection_is_proven_without_posting(company: Company) -> None:
    """Every mapped account is looked at; what is wrong is named, nothing is written."""
    report = await company.open().test(60.0)
    assert report.ok, report
    company.inside.set_account(Id="60", Active=False)
    broken = await company.open(income_by_kind={"MEMBERSHIP": "75"}, fees_by_kind={"dispute": "84"}).test(60.0)
    failed = {what for what, passed, _ in broken.checks if not passed}
    assert failed == {"accounts.fees", "income_by_kind.MEMBERSHIP", "fees_by_kind.dispute"}
    assert company.inside.deposits() == []


async def test_no_patient_data_leaves(company: Company) -> None:
    """H-30, P-13: whatever an instruction carries besides, the outgoing JSON and path hold none of it."""
    import msgspec

    canaries = {
        "patient_ref": "canary-patient",
        "provider_ref": "canary-provider",
        "procedure_ref": "canary-procedure",
        "card_brand": "canary-brand",
        "card_last4": "9876",
    }
    item = an_item(1, 10000, 320, fees=(("canary-fee-kind", 320),))
    entry = an_entry(item)
    entry = msgspec.structs.replace(
        entry,
        practice_id="canary-practice",
        pms_patient_id="canary-pms",
        instruction=msgspec.structs.replace(entry.instruction, **canaries),
    )
    request = company.open().compose(entry)
    assert isinstance(request, Composed)
    assert b"canary" not in request.body
    assert b"9876" not in request.body
    assert "canary" not in request.path
