"""The operator's client settings, as Faust is given them; what it does not know is said at start."""

from __future__ import annotations

from pathlib import Path

import pytest
from faust.auth import SASLCredentials, SSLCredentials

from processors.health.faust_client import broker_urls, credentials
from streams.runtime.errors import ConfigurationError


def test_every_address_is_given() -> None:
    assert broker_urls({"bootstrap.servers": "a:9092, b:9093,"}) == ["kafka://a:9092", "kafka://b:9093"]


def test_nobody_logs_in_where_nobody_asks() -> None:
    assert credentials({"bootstrap.servers": "a:9092"}) is None
    assert credentials({"bootstrap.servers": "a:9092", "security.protocol": "PLAINTEXT"}) is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_is_handed_on(mechanism: str) -> None:
    client = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism}
    found = credentials(client | {"sasl.username": "me", "sasl.password": "word"})
    assert isinstance(found, SASLCredentials)
    assert (found.username, found.password, found.mechanism.value) == ("me", "word", mechanism)
    assert "word" not in repr(found)


def test_tls_checks_certificate_and_name_unless_the_file_says_otherwise() -> None:
    found = credentials({"security.protocol": "SSL"})
    assert isinstance(found, SSLCredentials)
    assert found.context.check_hostname
    open_name = credentials({"security.protocol": "SSL", "ssl.endpoint.identification.algorithm": "none"})
    assert isinstance(open_name, SSLCredentials)
    assert not open_name.context.check_hostname


@pytest.mark.parametrize(
    "client",
    [
        {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"},
        {"security.protocol": "SSL", "ssl.keystore.location": "/etc/keys.p12"},
        {"security.protocol": "TELNET"},
    ],
)
def test_what_faust_does_not_know_is_refused_by_name(client: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="role health cannot use"):
        credentials(client)


def test_a_certificate_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        credentials({"security.protocol": "SSL", "ssl.ca.location": str(tmp_path / "none.pem")})
