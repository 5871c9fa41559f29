"""Where the program may call to: S-7."""

from __future__ import annotations

import pytest

from sinks.targets.catalogue import ROUTES, route_named
from sinks.targets.outbound import check_outbound
from streams.runtime.errors import ConfigurationError


@pytest.mark.parametrize(
    ("route", "url"),
    [
        ("quickbooks", "https://quickbooks.api.intuit.com/"),
        ("quickbooks", "https://sandbox-quickbooks.api.intuit.com:443"),
        ("quickbooks", "http://127.0.0.1:8080"),
        ("quickbooks", "http://[::1]:8080"),
        ("open_dental", "https://api.opendental.com/api/v1"),
        ("open_dental", "http://localhost:30222/api/v1"),
    ],
)
def test_the_vendors_and_loopback_may_be_called(route: str, url: str) -> None:
    """The published hosts by https; loopback as it is."""
    assert check_outbound(ROUTES[route], url, "base_url") == url.rstrip("/")


@pytest.mark.parametrize(
    ("route", "url"),
    [
        ("quickbooks", "http://quickbooks.api.intuit.com"),
        ("quickbooks", "https://quickbooks.api.intuit.com.evil.example"),
        ("quickbooks", "https://quickbooks.api.intuit.com@evil.example"),
        ("quickbooks", "https://user:pass@quickbooks.api.intuit.com"),
        ("quickbooks", "https://quickbooks.api.intuit.com:8443"),
        ("quickbooks", "https://api.opendental.com"),
        ("quickbooks", "https://169.254.169.254/latest/meta-data"),
        ("quickbooks", "https://10.0.0.5"),
        ("quickbooks", "https://127.0.0.1.nip.io"),
        ("quickbooks", "http://2130706433"),
        ("quickbooks", "http://0.0.0.0:80"),
        ("quickbooks", "file:///etc/passwd"),
        ("quickbooks", "ftp://127.0.0.1"),
        ("quickbooks", "https://quickbooks.api.intuit.com?x=1"),
        ("quickbooks", "https://quickbooks.api.intuit.com#x"),
        ("quickbooks", "https://[::1"),
        ("quickbooks", "https://quickbooks.api.intuit.com/\r\nHost: evil.example"),
        ("open_dental", "http://local\nhost:30222/api"),
        ("open_dental", "http://localhost:30222/a b"),
        ("quickbooks", ""),
    ],
)
def test_nothing_else_may_be_called(route: str, url: str) -> None:
    """SSRF: other hosts, other schemes, credentials in URLs, addresses inside the network."""
    with pytest.raises(ConfigurationError) as refused:
        check_outbound(ROUTES[route], url, "base_url")
    assert "pass" not in str(refused.value)


def test_a_system_that_is_not_in_the_catalogue_has_no_hosts() -> None:
    """Nothing can be called on behalf of a route that this release does not have; the answer names those it has."""
    with pytest.raises(ConfigurationError, match="use one of "):
        route_named("another")
