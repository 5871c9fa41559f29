"""A poster whose database connections are lost goes on with its own gates at once, not after their leases (law 21)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from sinks.poster.call_store import CallStore
from sinks.poster.leases import Leases
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices
from tests.worlds import World

OURS = "application_name LIKE 'writeback-poster%%' AND datname = current_database()"
LEASE_LEFT = "SELECT min(lease_until - now()) > interval '60 seconds' FROM gates WHERE owner IS NOT NULL"


def _end_connections(world: World) -> None:
    """As a restart of Postgres does: every session of the posters is ended, whatever it was doing."""
    with psycopg.connect(world.database_url, autocommit=True) as admin:
        admin.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {OURS}")


def _busy_when_connections_end(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office with calls in flight and much more to do, under leases as in production, and a poster that loses every
    connection to the ledger, one of them in the midst of a mark."""
    mark, ended = CallStore.mark, False

    async def mark_or_lose(store: CallStore, *given: Any) -> Any:
        nonlocal ended
        if not ended and "POSTED" in office.states():
            ended = True
            _end_connections(offices.world)
            raise psycopg.OperationalError("the server closed the connection")
        return await mark(store, *given)

    monkeypatch.setattr(CallStore, "mark", mark_or_lose)
    office = offices.open(amount=AmountMode.GROSS)
    slow = offices.sandbox.open_dental
    slow.fault(FaultKind.SLOW, Effect.BEFORE, seconds=0.2, account=office.customer_key, method="POST", path="/payments")
    offices.database.report(*(office.pay(f"pt-{n}") for n in range(40)))
    offices.poster(profile="production")
    until(lambda: ended, "the connections have ended in a mark", show=office.shown)
    assert offices.database.one(LEASE_LEFT)
    return office


def test_21_a_busy_practice_does_not_stand_still_for_a_lease(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 21: what it held is given back as soon as the ledger answers; nothing is posted twice. What was marked just
    then, and never sent, is in doubt for its time (law 19)."""
    office = _busy_when_connections_end(offices, monkeypatch)
    going_on = {"SCHEDULED", "SENDING"}
    until(lambda: not going_on & set(office.states()), "everything that was due has been sent", show=office.shown)
    assert office.states().count("POSTED") > len(office.states()) / 2
    assert office.doubled() == []


def test_control_without_taking_up_its_own_gates_it_does(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its control: the gate has an owner that does nothing, for more than a minute still."""

    async def nothing(_: Leases) -> None:
        """Leaves what it held to the end of its lease."""

    monkeypatch.setattr(Leases, "take_up", nothing)
    office = _busy_when_connections_end(offices, monkeypatch)
    until(lambda: "SENDING" not in office.states(), "calls in flight have ended", show=office.shown)
    assert "SCHEDULED" in office.states()
    assert offices.database.one(LEASE_LEFT)
