"""A route is named alike wherever one is declared."""

from __future__ import annotations

from sinks.targets.catalogue import OPENERS
from sinks.targets.connection_input import ROUTES
from sinks.targets.outbound import HOSTS
from streams.runtime.times import Vendor
from tests.contract.conftest import PLACES


def test_a_route_is_declared_everywhere_or_nowhere() -> None:
    """One that has no times would be called with another vendor's lease; one outside the suite of the port has
    proven nothing (laws 17 to 20)."""
    routes = set(OPENERS)
    assert {each.value for each in Vendor} == routes
    assert set(ROUTES) == routes
    assert set(HOSTS) == routes
    assert {place.partition("-")[0] for place in PLACES} == routes
