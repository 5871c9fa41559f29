"""Bookkeepers edit memos, dates and amounts, and delete: what a read-back and a look at an original make of it."""

from __future__ import annotations

import msgspec
import pytest

from sinks.targets.port import Composed, OriginReading, OriginState, Posted, TargetEntry
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from tests.sinks.targets.quickbooks.companies import Company
from tests.sinks.targets.quickbooks.payouts import a_reversal, an_entry, an_item
from tests.sinks.targets.quickbooks.test_adapter import found, post

pytestmark = pytest.mark.stack
SALE = an_entry(an_item(1, 15_000, 495))


async def _posted(company: Company) -> tuple[QuickBooksTarget, str]:
    """The sale stands; its number in the books."""
    target = company.open()
    answer = await post(target, SALE)
    assert isinstance(answer, Posted)
    return target, answer.external_id.removeprefix("deposit/")


def _rewrite(company: Company, number: str, **fields: object) -> None:
    """Memo, lines and date as somebody likes them better."""
    (row,) = [each for each in company.inside.deposits() if each.row["Id"] == number]
    lines = [{**line, "Description": "card sales"} for line in row.row["Line"]]
    company.inside.edit("deposits", number, PrivateNote="card sales", TxnDate="2026-01-02", Line=lines, **fields)


def _knowing(*ids: str, **more: tuple[str, ...]) -> TargetEntry:
    return msgspec.structs.replace(SALE, known_ids=ids, **more)


async def test_a_rewritten_memo_on_another_date_is_no_absence(company: Company) -> None:
    """Law 19: found by the time of its making; without a marker it is neither proof nor absence."""
    target, number = await _posted(company)
    _rewrite(company, number)
    reading = await found(target, SALE)
    assert (reading.external_ids, reading.differing_ids) == ((), ())
    assert reading.possible_ids == (f"deposit/{number}",)


async def test_an_id_that_was_seen_is_the_entry_whatever_its_memo(company: Company) -> None:
    """Law 19: read again by id; with another amount it differs, put right it is the one, deleted it is not there."""
    target, number = await _posted(company)
    _rewrite(company, number)
    known = _knowing(f"deposit/{number}")
    assert (await found(target, known)).external_ids == (f"deposit/{number}",)
    _rewrite(company, number, TotalAmt=1)
    assert (await found(target, known)).differing_ids == (f"deposit/{number}",)
    company.inside.edit("deposits", number)
    gone = await found(target, known)
    assert (gone.external_ids, gone.differing_ids, gone.possible_ids) == ((), (), ())


async def test_our_reference_in_a_line_is_neither_proof_nor_absence(company: Company) -> None:
    """Law 19: the memo is gone and the amount is another, but a line still names the payout."""
    target, number = await _posted(company)
    company.inside.edit("deposits", number, PrivateNote="", TotalAmt=1)
    reading = await found(target, SALE)
    assert (reading.external_ids, reading.differing_ids) == ((), ())
    assert reading.possible_ids == (f"deposit/{number}",)


async def test_what_a_person_has_excused_is_not_ours(company: Company) -> None:
    """PROTOCOL section 3: redriven in knowledge of it, it is absent."""
    target, number = await _posted(company)
    _rewrite(company, number)
    excused = _knowing(not_ours=(f"deposit/{number}",))
    assert (await found(target, excused)).possible_ids == ()


async def test_another_entry_of_ours_is_not_taken_for_this_one(company: Company) -> None:
    """Law 19: it has a marker of its own, with the same amount on the same day."""
    target, _ = await _posted(company)
    other = an_entry(an_item(1, 15_000, 495), marker="WBQQQQQQQQQQQQQQQQ", request_id="q" * 32, payout="po_999")
    reading = await found(target, other)
    assert (reading.external_ids, reading.differing_ids, reading.possible_ids) == ((), (), ())


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, OriginState.GONE),
        ({"TotalAmt": 1}, OriginState.CHANGED),
        ({"TxnDate": "2026-01-02"}, OriginState.CHANGED),
        ({"PrivateNote": "card sales"}, OriginState.STANDS),
    ],
)
async def test_the_original_of_a_returned_payout_is_read(
    company: Company, fields: dict[str, object], state: OriginState
) -> None:
    """R-20: gone and changed are told apart, a memo is daily work."""
    target, number = await _posted(company)
    composed = target.compose(SALE)
    assert isinstance(composed, Composed)
    company.inside.edit("deposits", number, **fields)
    back = a_reversal(SALE, composed, origin_id=f"deposit/{number}")
    assert await target.read_origin(back, 60.0) == OriginReading(state=state)
