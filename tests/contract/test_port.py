"""What every adapter owes the poster (laws 17–20, 22; PROTOCOL section 3)."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from schemas.vocabulary import ConnectionReason, EntryKind
from sinks.targets.port import (
    Accepted,
    Answer,
    Composed,
    Found,
    NoAnswer,
    NothingSent,
    PaymentTarget,
    Posted,
    ReadFailed,
    Refused,
    Scope,
    TargetEntry,
)
from tests.contract.route_cases import CANARY, RouteCase, spoil

pytestmark = pytest.mark.stack

DEADLINE_S = 60.0
NOT_YET = ("SYNC_PENDING", "PENDING")
"""Codes of a read that has to be repeated: the service between us and the system has not read or written since."""


class Guard:
    """Counts how often it is asked."""

    def __init__(self, answer: bool = True) -> None:
        self.answer = answer
        self.asked = 0

    def may_start(self) -> bool:
        self.asked += 1
        return self.answer


@asynccontextmanager
async def opened(case: RouteCase, base_url: str | None = None) -> AsyncIterator[PaymentTarget]:
    target = case.open(base_url)
    try:
        yield target
    finally:
        await target.close()


def composed(target: PaymentTarget, entry: TargetEntry) -> Composed:
    request = target.compose(entry)
    assert isinstance(request, Composed), request
    return request


async def post(target: PaymentTarget, entry: TargetEntry, deadline_s: float = DEADLINE_S) -> Answer:
    return await target.post(entry, composed(target, entry), Guard(), deadline_s)


async def found(target: PaymentTarget, entry: TargetEntry) -> Found:
    """A read-back, repeated while the target says that it cannot know yet: its clock may stand behind ours."""
    ends_at = time.monotonic() + DEADLINE_S
    answer = await target.read_back(entry, DEADLINE_S)
    while isinstance(answer, ReadFailed) and answer.code in NOT_YET and time.monotonic() < ends_at:
        await asyncio.sleep(0.05)
        answer = await target.read_back(entry, DEADLINE_S)
    assert isinstance(answer, Found), answer
    return answer


async def standing_id(target: PaymentTarget, entry: TargetEntry, answer: Answer) -> str:
    """What an entry that was posted is called: by its answer, or by a read where the target says so later."""
    if isinstance(answer, Posted):
        return answer.external_id
    assert isinstance(answer, Accepted), answer
    assert target.capabilities.answers_later
    (external_id,) = (await found(target, entry)).external_ids
    return external_id


async def test_posted_once_and_found_again(case: RouteCase) -> None:
    """Law 18: one entry with the amount and sign of the instruction; its marker leads to the same external id."""
    entry = case.entry()
    async with opened(case) as target:
        posted = await standing_id(target, entry, await post(target, entry))
        looked = await found(target, entry)
    assert looked.external_ids == (posted,)
    assert looked.differing_ids == ()
    assert case.standing() == [entry.instruction.amount_minor]


async def test_composing_is_pure_and_repeatable(case: RouteCase) -> None:
    """Law 16: no I/O, the same bytes each time, in a fresh adapter too; another generation has another marker."""
    entry = case.entry()
    calls = len(case.sandbox.calls(case.account))
    async with opened(case) as first, opened(case) as second:
        assert composed(first, entry) == composed(first, entry) == composed(second, entry)
        later = composed(first, case.entry(generation=2))
    assert entry.marker.encode() in composed(second, entry).body
    assert later.body != composed(second, entry).body
    assert len(case.sandbox.calls(case.account)) == calls


async def test_the_guard_is_asked_once_and_obeyed(case: RouteCase) -> None:
    """Law 17: too late means that nothing was sent; it is the effect's own delay, not the connection's."""
    entry, guard = case.entry(), Guard(answer=False)
    async with opened(case) as target:
        answer = await target.post(entry, composed(target, entry), guard, DEADLINE_S)
    assert isinstance(answer, NothingSent)
    assert (answer.scope, answer.reason) == (Scope.EFFECT, None)
    assert guard.asked == 1
    assert case.standing() == []


@pytest.mark.parametrize(
    ("kind", "effect", "fields"),
    [
        ("timeout", "none", {}),
        ("timeout", "before", {}),
        ("drop", "none", {}),
        ("drop", "before", {}),
        ("status", "before", {"status": 500}),
        ("html", "none", {"status": 502}),
        ("html", "before", {"status": 200}),
        ("truncated", "before", {}),
        ("cut_off", "before", {}),
        ("trickle", "before", {"seconds": 0.5}),
    ],
)
async def test_no_trustworthy_answer_is_doubt(case: RouteCase, kind: str, effect: str, fields: dict[str, Any]) -> None:
    """Laws 17–19: NoAnswer, whether or not it had its effect; and the read-back tells which."""
    entry = case.entry()
    stands = int(effect == "before")
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, kind, effect, times=1, **fields)
        answer = await post(target, entry, deadline_s=2.0)
        assert isinstance(answer, NoAnswer), answer
        assert len((await found(target, entry)).external_ids) == stands
    assert len(case.standing()) == stands


async def test_a_call_is_made_once(case: RouteCase) -> None:
    """Law 18: whatever the answer, one create left."""
    entry = case.entry()
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        for status in (503, 429, 401, 400):
            before = _creates(case)
            spoil(case, "status", times=1, status=status)
            await post(target, entry)
            case.sandbox.clear_faults()
            assert _creates(case) == before + 1, status


async def test_no_redirect_is_followed(case: RouteCase) -> None:
    """Law 18: a redirect of a POST is neither a success nor the end of the entry, and one create left."""
    entry = case.entry()
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "status", times=1, status=302)
        answer = await post(target, entry)
    assert isinstance(answer, NoAnswer) or (isinstance(answer, Refused) and answer.scope is Scope.CONNECTION), answer
    assert _creates(case) == 1
    assert case.standing() == []


@pytest.mark.parametrize("status", [401, 429])
async def test_errors_of_the_connection_leave_the_effect_alone(case: RouteCase, status: int) -> None:
    """Law 22: connection scope with its reason, or nothing sent; never a dead effect."""
    entry = case.entry()
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "status", status=status)
        answers = [await post(target, entry) for _ in range(2)]
    assert all(isinstance(answer, Refused | NothingSent) for answer in answers), answers
    last = answers[-1]
    assert isinstance(last, Refused | NothingSent)
    assert last.scope is Scope.CONNECTION
    wanted = ConnectionReason.THROTTLED if status == 429 else ConnectionReason.NEEDS_RECONNECT
    assert last.reason is wanted
    assert case.standing() == []


async def test_an_unreachable_target_was_sent_nothing(case: RouteCase) -> None:
    """Law 17: no connection is proof; a read that failed says nothing of the entry."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        async with opened(case, url) as target:
            answer = await post(target, case.entry())
            looked = await target.read_back(case.entry(), DEADLINE_S)
    assert isinstance(answer, NothingSent)
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.UNREACHABLE)
    assert isinstance(looked, ReadFailed)
    assert looked.scope is Scope.CONNECTION


async def test_every_generation_is_searched_for(case: RouteCase) -> None:
    """Law 18: what generation 1 left is found by generation 3."""
    async with opened(case) as target:
        entry = case.entry()
        posted = await standing_id(target, entry, await post(target, entry))
        assert (await found(target, case.entry(generation=3))).external_ids == (posted,)


async def test_two_of_one_marker_are_two(case: RouteCase) -> None:
    """PROTOCOL section 3: found twice is for a person."""
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "duplicate", times=1)
        await post(target, case.entry())
        assert len((await found(target, case.entry())).external_ids) == 2


async def test_another_amount_is_neither_presence_nor_absence(case: RouteCase) -> None:
    """Law 18, 'with sign and amount': our marker with another amount is said apart."""
    async with opened(case) as target:
        entry = case.entry()
        await standing_id(target, entry, await post(target, entry))
        other = msgspec.structs.replace(entry.instruction, amount_minor=entry.instruction.amount_minor + 1)
        looked = await found(target, msgspec.structs.replace(entry, instruction=other))
    if entry.instruction.entry_kind is EntryKind.NOTE:
        # Words and no money: the marker alone says that it is ours.
        assert (len(looked.external_ids), looked.differing_ids) == (1, ())
        return
    assert looked.external_ids == ()
    assert len(looked.differing_ids) == 1


async def test_strangers_entries_are_not_ours(case: RouteCase) -> None:
    """Law 19: absence among the entries of others."""
    async with opened(case) as target:
        for number in (2, 3, 4):
            assert isinstance(await post(target, case.entry(number)), Posted | Accepted)
        looked = await found(target, case.entry(1))
    assert (looked.external_ids, looked.differing_ids) == ((), ())


async def test_many_calls_at_once_stay_apart(case: RouteCase) -> None:
    """One adapter, one loop, as many calls as it allows: each answer belongs to its entry."""
    async with opened(case) as target:
        entries = [case.entry(number) for number in range(1, target.capabilities.max_in_flight + 1)]
        answers = await asyncio.gather(*(post(target, entry) for entry in entries))
        for entry, answer in zip(entries, answers, strict=True):
            posted = await standing_id(target, entry, answer)
            assert (await found(target, entry)).external_ids == (posted,)


async def test_a_vendors_words_stay_inside(case: RouteCase) -> None:
    """H-3: a refusal that quotes a patient becomes a code."""
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "quotes_patient", times=1, status=400, text="Zebediah Quillfeather owes 100")
        answer = await post(target, case.entry())
    assert not isinstance(answer, Posted | Accepted)
    assert "illfeather" not in repr(answer)


async def test_what_may_not_leave_does_not(case: RouteCase) -> None:
    """H-30, P-13: surrogates, practice ids and unmapped names are in neither body nor path."""
    async with opened(case) as target:
        request = composed(target, case.entry())
    assert CANARY.encode() not in request.body
    assert CANARY not in request.path


async def test_the_connection_test_posts_nothing(case: RouteCase) -> None:
    """Proven without posting; a dead address is reported, not raised."""
    async with opened(case) as target:
        assert (await target.test(DEADLINE_S)).ok
    async with opened(case, "http://127.0.0.1:9") as target:
        assert not (await target.test(DEADLINE_S)).ok
    assert case.standing() == []


def _creates(case: RouteCase) -> int:
    ending = case.create_path.removeprefix("*")
    return sum(call.method == "POST" and call.path.endswith(ending) for call in case.sandbox.calls(case.account))
