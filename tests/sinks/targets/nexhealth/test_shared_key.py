"""Locations that share an API key stay below its pace together (law 22), by the service's own log of requests."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from deploy.sandbox.demonstration import nexhealth_mapping
from deploy.sandbox.running import SandboxProcess
from sinks.targets.mapping_error import MappingError
from sinks.targets.nexhealth.adapter import NexHealthTarget
from sinks.targets.nexhealth.mapping import NexHealthKeys, load_mapping
from sinks.targets.port import Found
from tests.sinks.targets.nexhealth.conftest import WITHIN_S
from tests.sinks.targets.nexhealth.examples import an_entry

INTERVAL_S = 0.2
READS = 12
"""Of each location."""
LOCATIONS = 2


class Sharing:
    """Two locations of one key, each with a patient and an adapter."""

    def __init__(self, sandbox: SandboxProcess, **mapping: Any) -> None:
        self.sandbox = sandbox.nexhealth
        self.key = f"key-{uuid.uuid4().hex[:12]}"
        self.targets: list[NexHealthTarget] = []
        self.patients: list[int] = []
        for number in range(LOCATIONS):
            name = f"{self.key}-{number}"
            self.sandbox.add_location(name, shared_key=self.key, location_id=7 + number)
            self.patients.append(int(self.sandbox.add_patient(name)["id"]))
            self.targets.append(
                NexHealthTarget(
                    base_url=self.sandbox.url,
                    mapping=load_mapping(nexhealth_mapping(sandbox, name) | mapping),
                    keys=NexHealthKeys(api_key=self.key),
                )
            )

    async def read(self, number: int) -> None:
        """One location's reads, each as soon as it is let."""
        for _ in range(READS):
            found = await self.targets[number].read_back(
                an_entry(str(self.patients[number]), beside={"earlier_markers": ()}), WITHIN_S
            )
            assert isinstance(found, Found), found

    def rate(self) -> float:
        """Requests a second of the whole key, from the first to the last; each location's first is free."""
        arrived = [call.arrived_ns for call in self.sandbox.calls(self.key) if call.path != "/authenticates"]
        return (len(arrived) - LOCATIONS) / ((max(arrived) - min(arrived)) / 1e9)


async def rate_of_two(sandbox: SandboxProcess, key_locations: int) -> float:
    both = Sharing(sandbox, min_interval_s=INTERVAL_S, key_locations=key_locations)
    try:
        await asyncio.gather(*(both.read(number) for number in range(LOCATIONS)))
    finally:
        for target in both.targets:
            await target.close()
    assert both.rate() > 0
    return both.rate()


async def test_two_locations_of_a_key_stay_below_its_pace_together(sandbox: SandboxProcess) -> None:
    assert await rate_of_two(sandbox, LOCATIONS) <= 1.05 / INTERVAL_S


async def test_locations_that_do_not_say_so_exceed_it(sandbox: SandboxProcess) -> None:
    """The counter-test: what the number is for."""
    assert await rate_of_two(sandbox, 1) > 1.3 / INTERVAL_S


async def test_a_key_reaches_each_of_its_locations_and_no_other(sandbox: SandboxProcess) -> None:
    """One token for both; a payment's patient is the location's own."""
    both = Sharing(sandbox)
    north, south = both.targets
    try:
        assert await north.patient(str(both.patients[0]), WITHIN_S) is not None
        assert await south.patient(str(both.patients[1]), WITHIN_S) is not None
        asked = [call for call in both.sandbox.calls(both.key) if call.path == "/authenticates"]
        assert len(asked) == 1
        assert {call.query.rpartition("=")[2] for call in both.sandbox.calls(both.key) if call.query} == {"7", "8"}
    finally:
        for target in both.targets:
            await target.close()


def test_a_share_that_is_too_small_to_work_with_is_refused() -> None:
    """A call's reads have to fit into its deadline."""
    given = {"system": "dentrix", "subdomain": "larkspur", "location_id": 7, "pay_type": 51}
    assert load_mapping(given | {"key_locations": 150}).interval_s == pytest.approx(15.0)
    at_once = {many: load_mapping(given | {"key_locations": many}).calls_at_once for many in (1, 30, 60, 140)}
    assert at_once == {1: 4, 30: 4, 60: 2, 140: 1}
    with pytest.raises(MappingError, match=r"key_locations: 151 locations at min_interval_s 0\.1"):
        load_mapping(given | {"key_locations": 151})
