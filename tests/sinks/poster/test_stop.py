"""A poster ends, even if its helper tasks swallow a cancellation (PROTOCOL section 5: an orderly stop)."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from sinks.poster import role
from tests.scenarios.waiting import WITHIN_S


async def _goes_on_after_errors(lost: int) -> None:
    """As leases and the listener do, with a driver that answers `lost` cancellations with an error of its own."""
    while True:
        try:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as cancelled:
                if lost:
                    lost -= 1
                    raise psycopg.OperationalError("the connection is lost") from cancelled
                raise
        except psycopg.Error:
            continue


async def test_a_cancellation_that_the_driver_swallows_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role, "CANCEL_AGAIN_S", 0.01)
    helpers = [asyncio.create_task(_goes_on_after_errors(lost)) for lost in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(WITHIN_S):
        await role.cancel_all(helpers)
    assert all(helper.cancelled() for helper in helpers)
