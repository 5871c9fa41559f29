"""Connections beyond this machine that anybody on the way could read (H-7, H-12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.encryption import check_encryption, in_the_clear
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

FAR = "postgresql://u:secret-pw@db.example/w"


def settings(**given: object) -> ProgramSettings:
    return ProgramSettings.load(**{"kafka_bootstrap_servers": "", "database_url": ""} | given)


@pytest.fixture(autouse=True)
def _no_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kafka_bootstrap_servers": "127.0.0.1:9092,kafka.example:9092"}, "Kafka at kafka.example:9092"),
        ({"database_url": FAR}, "Postgres at db.example is reached with sslmode=prefer"),
        ({"database_url": FAR + "?sslmode=require"}, "Postgres at db.example is reached with sslmode=require"),
        ({"database_url": "host=2001:db8::1 dbname=w"}, "Postgres at 2001:db8::1"),
        (
            {"schema_registry_url": "http://registry.example", "schema_registry_auth": "me:secret-pw"},
            "the schema registry at registry.example is reached without TLS, and its password",
        ),
        ({"schema_registry_url": "http://registry.example/x"}, "the schema registry at registry.example"),
        ({"smtp_url": "smtp://relay.example:25"}, "mail to relay.example goes without TLS"),
        ({"console_url": "http://books.example"}, "browsers reach the console at books.example without TLS"),
        ({"console_host": "10.0.0.7"}, "the console listens at 10.0.0.7 without TLS"),
        ({"console_host": "2001:db8::1"}, "the console listens at 2001:db8::1 without TLS"),
    ],
)
def test_what_goes_in_the_clear_is_said_and_refused_on_demand(given: dict[str, str], said: str) -> None:
    """H-7, H-12: the sentence names the place and the remedy, and holds no password."""
    (sentence,) = in_the_clear(settings(**given))
    assert sentence.startswith(said)
    assert "secret-pw" not in sentence
    assert check_encryption(settings(**given)) == [sentence]
    with pytest.raises(ConfigurationError, match="WRITEBACK_REQUIRE_ENCRYPTION"):
        check_encryption(settings(**given, require_encryption=True))


def test_what_is_encrypted_or_stays_here_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS with a verified server; loopback; a socket of this machine."""
    file = tmp_path / "client.properties"
    file.write_text("security.protocol=SASL_SSL\n", encoding="utf-8")
    far = settings(
        kafka_bootstrap_servers="kafka.example:9093",
        kafka_client_file=file,
        database_url=FAR + "?sslmode=verify-full",
        smtp_url="smtps://relay.example",
        schema_registry_url="https://registry.example",
        console_host="10.0.0.7",
        console_url="https://books.example",
        require_encryption=True,
    )
    assert check_encryption(far) == []
    near = settings(
        kafka_bootstrap_servers="localhost:9092,[::1]:9092",
        database_url="postgresql://u:p@127.0.0.1:1/w",
        smtp_url="smtp://127.0.0.1:25",
        console_url="http://localhost:30232",
        require_encryption=True,
    )
    assert check_encryption(near) == []
    assert check_encryption(settings(database_url="host=/var/run/postgresql dbname=w")) == []
    monkeypatch.setenv("PGSSLMODE", "verify-ca")
    assert check_encryption(settings(database_url=FAR)) == []
