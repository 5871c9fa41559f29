"""Outcomes that come later, hours, and keys that rotate in traffic, at the reference connector by push."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from deploy.connector.limits import Limits
from deploy.connector.service import Connector
from deploy.connector.systems import SYSTEMS
from schemas.connector.records import Kind
from schemas.connector.signatures import KeyPair
from schemas.vocabulary import ConnectionReason, DeadLetterReason, EntryKind
from sinks.targets.connector.adapter import ConnectorTarget
from sinks.targets.connector.exchange import HttpExchange
from sinks.targets.port import (
    Accepted,
    Answer,
    Composed,
    Found,
    OriginReading,
    OriginState,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    TargetEntry,
)
from tests.contract.connector_case import DOCUMENT, keys, mapping
from tests.deploy.connector.served import ACCOUNT, KEYS, PATIENT, a_connector, served
from tests.sinks.targets.connector.test_requests import an_entry
from tests.sinks.targets.quickbooks.companies import Always

DEADLINE_S = 30.0


def opened(url: str, pair: KeyPair = KEYS) -> ConnectorTarget:
    return ConnectorTarget(mapping(ACCOUNT, DOCUMENT), HttpExchange(url, pair, 3))


async def post(target: ConnectorTarget, entry: TargetEntry) -> Answer:
    request = target.compose(entry)
    assert isinstance(request, Composed), request
    return await target.post(entry, request, Always(), DEADLINE_S)


def later(connector: Connector, seconds: float) -> None:
    """The practice system decides what is due by now."""
    from deploy.connector import posting

    limits = {name: each.limits for name, each in connector.accounts.items()}
    posting.carry_out(connector._system, limits, datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC))


async def test_while_it_is_not_decided_nobody_says_absent() -> None:
    """Law 19: 202, then neither presence nor absence, then the entry."""
    connector = a_connector(Limits(decides_after_s=3_600.0))
    async with served(connector) as url:
        target, entry = opened(url), an_entry()
        assert await post(target, entry) == Accepted()
        assert await target.read_back(entry, DEADLINE_S) == ReadFailed(scope=Scope.EFFECT, reason=None, code="PENDING")
        later(connector, 4_000)
        found = await target.read_back(entry, DEADLINE_S)
        await target.close()
    assert isinstance(found, Found)
    assert len(found.external_ids) == 1


async def test_a_refusal_that_comes_later_is_brought_to_the_next_request() -> None:
    """Absent by then; the same key learns why, and is judged anew afterwards."""
    connector = a_connector(Limits(decides_after_s=3_600.0))
    async with served(connector) as url:
        target, entry = opened(url), an_entry()
        assert await post(target, entry) == Accepted()
        connector._system.close_period(ACCOUNT, entry.instruction.ledger_date)
        later(connector, 4_000)
        found = await target.read_back(entry, DEADLINE_S)
        assert isinstance(found, Found)
        assert found.external_ids == ()
        connector._system.close_period(ACCOUNT, None)
        refused = await post(target, entry)
        assert isinstance(refused, Refused)
        assert (refused.kind, refused.reason) == (RefusalClass.PERIOD, DeadLetterReason.PERIOD_CLOSED)
        assert await post(target, entry) == Accepted()
        await target.close()


async def test_outside_its_hours_the_connection_waits() -> None:
    """TIM-2, law 22: no attempt is spent and nothing is refused for good; the capability document is still told."""
    connector = a_connector(SYSTEMS["cloud9"].limits)
    connector._hours_now = lambda: datetime(2026, 11, 30, 12, tzinfo=UTC)
    async with served(connector) as url:
        target = opened(url)
        answer = await post(target, an_entry())
        looked = await target.read_back(an_entry(), DEADLINE_S)
        described = await target.describe(DEADLINE_S)
        await target.close()
    assert isinstance(answer, Refused)
    assert (answer.scope, answer.reason, answer.retry_after_s) == (
        Scope.CONNECTION,
        ConnectionReason.THROTTLED,
        12 * 3600.0,
    )
    assert isinstance(looked, ReadFailed)
    assert looked.scope is Scope.CONNECTION
    assert not isinstance(described, ReadFailed)
    assert described.changed
    stored = mapping(ACCOUNT, described.config["document"])
    assert stored.document is not None
    assert stored.document.windows == SYSTEMS["cloud9"].limits.windows


@pytest.mark.parametrize(
    ("here", "there", "good"),
    [(("k1",), ("k1",), True), (("k2", "k1"), ("k1", "k2"), True), (("k2",), ("k2",), True), (("k1",), ("k2",), False)],
)
async def test_keys_rotate_in_traffic(here: tuple[str, ...], there: tuple[str, ...], good: bool) -> None:
    """S-5: each step of a rotation posts; only a key that the other side does not hold is refused, for everybody."""
    connector = a_connector()
    hosted = connector.accounts[ACCOUNT]
    connector.accounts[ACCOUNT] = msgspec.structs.replace(hosted, keys=keys(*there))
    async with served(connector) as url:
        target = opened(url, keys(*here))
        answer = await post(target, an_entry())
        await target.close()
    if good:
        assert isinstance(answer, Posted)
        return
    assert isinstance(answer, Refused)
    assert (answer.scope, answer.reason) == (Scope.CONNECTION, ConnectionReason.NEEDS_RECONNECT)


async def test_the_original_is_read_before_it_is_taken_back() -> None:
    """R-20: gone, changed, or standing, also where its patient's record was merged into another."""
    connector = a_connector()
    system = connector._system
    async with served(connector) as url:
        target, entry = opened(url), an_entry()
        answer = await post(target, entry)
        assert isinstance(answer, Posted)
        request = target.compose(entry)
        assert isinstance(request, Composed)
        back = an_entry(EntryKind.REFUND, -9680, origin_id=answer.external_id, origin=request)
        number = answer.external_id.removeprefix("entries/")

        async def state() -> OriginState:
            reading = await target.read_origin(back, DEADLINE_S)
            assert isinstance(reading, OriginReading), reading
            return reading.state

        assert await state() is OriginState.STANDS
        system.merge_patients(ACCOUNT, PATIENT, "16")
        assert await state() is OriginState.STANDS
        system.edit_entry(ACCOUNT, number, 9_000)
        assert await state() is OriginState.CHANGED
        system.delete_entry(ACCOUNT, number)
        assert await state() is OriginState.GONE
        found = await target.read_back(entry, DEADLINE_S)
        await target.close()
    assert isinstance(found, Found)
    assert found.possible_ids == (answer.external_id,)


async def test_a_mapping_that_names_nothing_is_told() -> None:
    """SET-24: the test of a connection asks for every mapped type and provider."""
    wrong = mapping(ACCOUNT, DOCUMENT, provider="P-9", types={Kind.PAYMENT.value: "T-refund", "refund": "nope"})
    async with served(a_connector()) as url:
        target = ConnectorTarget(wrong, HttpExchange(url, KEYS, 3))
        report = await target.test(DEADLINE_S)
        await target.close()
    failed = {what for what, passed, _ in report.checks if not passed}
    assert {"provider", "types.payment", "types.refund", "types.reversal"} <= failed
