"""Targets whose answers nobody should send, met by the whole pipeline, while a healthy practice is posted to (law 29).

One hostile practice for each route and body, each with its own address at one hostile server. Their entries look like
ours: the server writes the marker of what it was sent into what it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import pytest

from schemas.connector.records import Kind
from schemas.practice_settings import AmountMode
from sinks.targets.catalogue import ROUTES
from tests.contract.connector_case import DOCUMENT
from tests.contract.connector_case import keys as connector_keys
from tests.hostile.hostile_answers import BODIES, OPENINGS, HostileAnswer, HostileServer
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline
from tests.sinks.targets.nexhealth.examples import TYPES as LOCATION_TYPES

pytestmark = [pytest.mark.stack, pytest.mark.expects_errors]

HEALTHY: Final = "healthy"
PATIENTS: Final = ("pt-1", "pt-2", "pt-3")
ROUNDS: Final = 3
MOST_ROUNDS: Final = 60
"""Rounds of healthy payments within which every hostile answer has been met; a few are enough."""
TOKENS: Final = {
    "/token": msgspec.json.encode(
        {"access_token": "a", "refresh_token": "b", "expires_in": 3600, "x_refresh_token_expires_in": 8_640_000}
    )
}
OPENED: Final[dict[str, dict[str, bytes]]] = {"quickbooks": TOKENS, **OPENINGS}
"""What a route asks first, answered as it should be: then the answers behind it are met."""
BOUNDS: Final = (
    "absurd amount",
    "absurd number",
    "long id",
    "long number",
    "lone surrogate",
    "not UTF-8",
    "deep",
    "an object",
    "an entry",
    "an outcome",
    "an absurd entry",
    "an envelope",
)
"""Those that break a bound; all others are met by the adapters' own tests, and at length."""


class Tenant(msgspec.Struct, frozen=True):
    """A hostile practice."""

    name: str
    route: str
    answer: HostileAnswer


def tenants(names: Sequence[str], statuses: Sequence[int]) -> Iterator[Tenant]:
    """Each route with each body, where it asks for something first as itself and behind that."""
    for route in sorted(name for name, each in ROUTES.items() if not each.by_hand):
        for first in ({}, OPENED[route]) if route in OPENED else ({},):
            for place, name in enumerate(names):
                for status in statuses:
                    tenant = f"{route}-{status}-{place}{'-opened' if first else ''}".replace("_", "-")
                    yield Tenant(tenant, route, HostileAnswer(status, BODIES[name], first))


def _connect(pipeline: Pipeline, tenant: Tenant, number: int, url: str) -> None:
    """A practice with this target alone; each is an account of its own."""
    name, account = tenant.name, f"{number:04}"
    pipeline.practice(name, pms=False, amount=AmountMode.GROSS)
    given: dict[str, tuple[str, dict[str, Any], Any]] = {
        "open_dental": (
            "open-dental",
            {"mode": "LOCAL", "pay_type": 69, "fee_credit": 101, "min_interval_s": 0},
            {"developer_key": "d", "customer_key": account},
        ),
        "nexhealth": (
            "nexhealth",
            {"system": "dentrix", "subdomain": f"s{account}", "location_id": 7, "pay_type": 69, "min_interval_s": 0}
            | LOCATION_TYPES
            | {"refund_pay_type": 70, "provider_id": 15},
            {"api_key": account},
        ),
        "connector": (
            "connector",
            {
                "account": f"office-{account}",
                "types": {kind.value: "T" for kind in Kind if kind is not Kind.NOTE},
                "document": DOCUMENT,
            },
            msgspec.to_builtins(connector_keys("k1")),
        ),
        "quickbooks": (
            "quickbooks",
            {
                "realm_id": f"913{account}",
                "token_url": f"{url}/token",
                "accounts": {"bank": "1", "fees": "2", "uncategorised": "3", "income": "4"},
            },
            {"client_id": "a", "client_secret": "b", "refresh_token": "c"},
        ),
    }
    system, mapping, secret = given[tenant.route]
    pipeline.connect(name, system, url, mapping, secret)
    if tenant.route != "quickbooks":
        pipeline.link(name, "pt-1", "17")


def _play(pipeline: Pipeline, hostile: Sequence[Tenant]) -> None:
    """Every hostile answer is met, several by each entry; the healthy payments of each round are posted meanwhile."""
    pipeline.practice(HEALTHY, patients=PATIENTS, quickbooks=True, amount=AmountMode.GROSS)
    with HostileServer({each.name: each.answer for each in hostile}) as server:
        for number, tenant in enumerate(hostile):
            _connect(pipeline, tenant, number, server.url(tenant.name))
        pipeline.start_all(poster_calls=8, poster_gates=8)
        pipeline.send(
            *(payout(each.name) if each.route == "quickbooks" else payment(each.name) for each in hostile),
        )
        healthy = 0
        for number in range(MOST_ROUNDS):
            pipeline.send(*(payment(HEALTHY, patient) for patient in PATIENTS), payout(HEALTHY))
            healthy += len(PATIENTS) + 1
            wanted = {"POSTED": healthy}
            pipeline.until(lambda: pipeline.states(HEALTHY) == wanted, "healthy payments are posted")  # noqa: B023
            unmet = [each.name for each in hostile if not server.asked[each.name]]
            if number + 1 >= ROUNDS and not unmet:
                break
        else:
            raise AssertionError(f"never asked: {unmet}\n{pipeline.logs()}")
        pipeline.until(lambda: not pipeline.rows("SELECT FROM outbox LIMIT 1"), "results and letters go out")
        assert all(role.running for role in pipeline.roles), pipeline.logs()
    believed = "SELECT practice_id FROM effects WHERE state = 'POSTED' AND practice_id <> %s"
    assert pipeline.rows(believed, HEALTHY) == [], "no such answer proves anything"
    assert pipeline.doubled() == []


def test_hostile_targets(pipeline: Pipeline) -> None:
    """Amounts and ids without end, surrogates, depth, bytes that are no text: 200, from every route's target."""
    _play(pipeline, list(tenants(BOUNDS, [200])))


@pytest.mark.soak
def test_hostile_targets_at_length(pipeline: Pipeline) -> None:
    """Every body with every kind of status."""
    _play(pipeline, list(tenants(list(BODIES), [200, 400, 500])))
