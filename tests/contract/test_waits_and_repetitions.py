"""What every adapter makes of a wait, an error inside a success, a late effect and a key that comes again (laws 17 to
19, 22)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from schemas.vocabulary import ConnectionReason
from sinks.targets.port import Found, NoAnswer, Posted, ReadFailed, Refused, Scope
from tests.contract.connector_case import ConnectorCase
from tests.contract.route_cases import QuickBooksCase, RouteCase, spoil
from tests.contract.test_port import DEADLINE_S, found, opened, post, standing_id
from tests.scenarios.waiting import WITHIN_S

pytestmark = pytest.mark.stack

ONE_A_ROUTE = (
    "open_dental-payment",
    "nexhealth-payment",
    "connector-payment",
    "connector-pulled_payment",
    "quickbooks-deposit",
)
WITH_KEYS = ("connector-payment", "connector-pulled_payment", "quickbooks-deposit")
"""Where a repeated identity is answered with the first outcome, as their capabilities declare."""


@pytest.mark.parametrize(("named", "waits"), [("120", (120.0,)), ("", (None, 60.0))], ids=["a_wait", "no_wait"])
async def test_the_wait_of_a_429_is_the_one_that_was_named(
    case: RouteCase, named: str, waits: tuple[float | None, ...]
) -> None:
    """Law 22: Retry-After reaches whoever decides about the connection; without it the vendor's own rule or ours."""
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "status", times=1, status=429, retry_after=named)
        answer = await post(target, case.entry())
    assert isinstance(answer, Refused), answer
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.THROTTLED)
    assert answer.retry_after_s in waits
    assert case.standing() == []


async def test_an_error_inside_a_200_is_no_success(case: RouteCase) -> None:
    """Law 17: QuickBooks' fault in a 200 is that fault; elsewhere a 200 with an error proves nothing: doubt."""
    fields: dict[str, Any] = {"text": "The entry was not saved."}
    if isinstance(case, QuickBooksCase):
        fields["code"] = "6000"
    elif isinstance(case, ConnectorCase):
        fields["code"] = "refused-by-system"
    entry = case.entry()
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "status", times=1, status=200, **fields)
        answer = await post(target, entry)
        assert (await found(target, entry)).external_ids == ()
    if isinstance(case, QuickBooksCase):
        assert isinstance(answer, Refused)
        assert answer.scope is Scope.EFFECT
    else:
        assert isinstance(answer, NoAnswer), answer
    assert case.standing() == []


@pytest.mark.parametrize("case", ONE_A_ROUTE, indirect=True)
async def test_an_effect_that_comes_after_its_caller_gave_up_is_found_once_it_is_there(case: RouteCase) -> None:
    """Law 19: no read says more than what stands; the entry is never seen twice, and found in the end."""
    entry = case.entry()
    looks: list[Found | ReadFailed] = []
    async with opened(case) as target:
        await target.test(DEADLINE_S)
        spoil(case, "timeout", "after", times=1, seconds=5.3)
        # A connector begins nothing later than 7 s after this: its request's signature ends then.
        assert isinstance(await post(target, entry, deadline_s=5.05), NoAnswer)
        ends_at = time.monotonic() + WITHIN_S
        while not (looks and isinstance(looks[-1], Found) and looks[-1].external_ids):
            assert time.monotonic() < ends_at, (looks[-1:], case.sandbox.calls(case.account)[-6:])
            looks.append(await target.read_back(entry, DEADLINE_S))
    assert all(isinstance(look, ReadFailed) or not look.differing_ids for look in looks)
    last = looks[-1]
    assert isinstance(last, Found)
    assert len(last.external_ids) == 1
    assert case.standing() == [entry.instruction.amount_minor]


@pytest.mark.parametrize("case", WITH_KEYS, indirect=True)
async def test_a_key_that_comes_again_brings_the_first_outcome(case: RouteCase) -> None:
    """Law 18: the same bytes under the same identity, whether or not the first answer arrived: one entry, one id."""
    entry = case.entry()
    async with opened(case) as target:
        assert target.capabilities.idempotency_key
        await target.test(DEADLINE_S)
        spoil(case, "drop", "before", times=1)
        assert isinstance(await post(target, entry), NoAnswer)
        again = [await post(target, entry) for _ in range(2)]
        assert all(isinstance(answer, Posted) for answer in again), again
        assert {await standing_id(target, entry, answer) for answer in again} == set(
            (await found(target, entry)).external_ids
        )
    assert case.standing() == [entry.instruction.amount_minor]


@pytest.mark.parametrize("case", [name for name in ONE_A_ROUTE if name not in WITH_KEYS], indirect=True)
async def test_where_no_key_is_known_none_is_declared(case: RouteCase) -> None:
    """Law 18: nothing there recognises a repetition, so the poster sends none."""
    async with opened(case) as target:
        assert not target.capabilities.idempotency_key
