"""Adapters answer and never raise, whatever a target sends (port, rule 1; law 29)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas.vocabulary import EntryKind
from sinks.targets.catalogue import ROUTES
from sinks.targets.connector.adapter import ConnectorTarget
from sinks.targets.connector.exchange import HttpExchange
from sinks.targets.foreign_values import bounded_answer, bounded_prepared, bounded_reading
from sinks.targets.nexhealth.adapter import NexHealthTarget
from sinks.targets.nexhealth.mapping import load_keys
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.open_dental.mapping import OpenDentalKeys, load_mapping
from sinks.targets.port import (
    Composed,
    ConnectionReport,
    Found,
    NoAnswer,
    NothingSent,
    PaymentTarget,
    Prepared,
    ReadFailed,
    Refused,
)
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from sinks.targets.quickbooks.mapping import load_mapping as load_quickbooks
from sinks.targets.quickbooks.oauth_secrets import Secrets, SecretStore, Stored
from tests.contract.connector_case import DOCUMENT
from tests.contract.connector_case import keys as connector_keys
from tests.contract.connector_case import mapping as connector_mapping
from tests.hostile.hostile_answers import BODIES, OPENINGS, serving
from tests.sinks.targets.nexhealth.examples import a_mapping
from tests.sinks.targets.nexhealth.examples import an_entry as a_location_entry
from tests.sinks.targets.open_dental.test_claims import a_claim, of_claim
from tests.sinks.targets.open_dental.test_requests import an_entry
from tests.sinks.targets.quickbooks.companies import Always
from tests.sinks.targets.quickbooks.payouts import an_entry as a_payout
from tests.sinks.targets.quickbooks.payouts import an_item

DEADLINE_S = 5.0


@asynccontextmanager
async def _serving(status: int, body: bytes, named: Mapping[str, bytes]) -> AsyncIterator[str]:
    """A server that answers everything alike, but for the paths that are named."""
    async with serving(lambda path, _: (200, named[path]) if path in named else (status, body)) as url:
        yield url


class _Kept(SecretStore):
    """Secrets that need no ledger, and no renewal."""

    def __init__(self, access: str = "d") -> None:
        secrets = Secrets(client_id="a", client_secret="b", refresh_token="c", access_token=access)
        self._secrets = msgspec.structs.replace(secrets, renew_at=datetime.now(UTC) + timedelta(hours=1))

    async def read(self) -> Stored:
        return Stored(self._secrets, 1)

    async def renew(self, seen: int, call: Any) -> Stored | None:
        return Stored(self._secrets, seen + 1)


def _open_dental(url: str) -> PaymentTarget:
    keys = OpenDentalKeys(developer_key="a", customer_key="b")
    types = {"pay_type": 69, "fee_credit": 101, "insurance_pay_type": 32}
    mapping = load_mapping({"mode": "LOCAL", "min_interval_s": 0} | types)
    return OpenDentalTarget(base_url=url, mapping=mapping, keys=keys)


def _connector(url: str) -> PaymentTarget:
    return ConnectorTarget(connector_mapping("office-1", DOCUMENT), HttpExchange(url, connector_keys("k1"), 5))


def _quickbooks(url: str) -> PaymentTarget:
    accounts = {"bank": "1", "fees": "2", "uncategorised": "3", "income": "4"}
    mapping = load_quickbooks({"realm_id": "1", "token_url": f"{url}/token", "accounts": accounts})
    return QuickBooksTarget(base_url=url, mapping=mapping, secrets=_Kept())


def _nexhealth(url: str) -> PaymentTarget:
    return NexHealthTarget(base_url=url, mapping=a_mapping(min_interval_s=0), keys=load_keys(b'{"api_key": "k"}'))


ADAPTERS: dict[str, tuple[Callable[[str], PaymentTarget], Any]] = {
    "open_dental": (_open_dental, an_entry()),
    "open_dental-adjustment": (_open_dental, an_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=320)),
    "open_dental-insurance_payment": (_open_dental, of_claim(EntryKind.INSURANCE_PAYMENT, a_claim())),
    "open_dental-write_off": (_open_dental, of_claim(EntryKind.WRITE_OFF, a_claim())),
    "connector": (_connector, msgspec.structs.replace(an_entry(), request_id="A" * 32)),
    "quickbooks": (_quickbooks, a_payout(an_item(1, 10_000, 320))),
    "nexhealth": (_nexhealth, a_location_entry()),
    "nexhealth-adjustment": (_nexhealth, a_location_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=320)),
}
"""Of every route that a program calls, by its name."""
CASES = [(name, False) for name in ADAPTERS] + [(name, True) for name in ADAPTERS if name.partition("-")[0] in OPENINGS]


def test_every_route_meets_hostile_answers() -> None:
    """A new route stands here, or has proven nothing."""
    assert {each.partition("-")[0] for each in ADAPTERS} == {name for name, each in ROUTES.items() if not each.by_hand}


@pytest.mark.parametrize(("adapter", "opened"), CASES)
@pytest.mark.parametrize("status", [200, 201, 400, 404, 500])
@pytest.mark.parametrize("name", BODIES)
async def test_an_adapter_answers_whatever_comes(adapter: str, status: int, name: str, opened: bool) -> None:
    """Port, rule 1: no exception, within the deadline, and nothing that the ledger could refuse."""
    make, entry = ADAPTERS[adapter]
    began = time.monotonic()
    openings = OPENINGS.get(adapter.partition("-")[0], {})
    async with _serving(status, BODIES[name], openings if opened else {}) as url:
        target = make(url)
        try:
            composed = target.compose(entry)
            assert isinstance(composed, Composed)
            answer = bounded_answer(await target.post(entry, composed, Always(), DEADLINE_S))
            reading = bounded_reading(await target.read_back(entry, DEADLINE_S))
            prepared = bounded_prepared(await target.prepare(entry, DEADLINE_S))
            report = await target.test(DEADLINE_S)
        finally:
            await target.close()
    assert isinstance(answer, NoAnswer | NothingSent | Refused), answer
    assert isinstance(reading, Found | ReadFailed)
    assert isinstance(prepared, Prepared | ReadFailed)
    assert isinstance(report, ConnectionReport)
    msgspec.json.encode([answer, reading, prepared, report.checks])
    assert time.monotonic() - began < 4 * DEADLINE_S
