"""Certificates in files and of servers: until when they are valid."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sinks.operations.doctor.certificates import ASK_FOR_TLS, _addresses, certificate_end, look_at_certificates
from sinks.operations.doctor.facts import Facts, Looked, Unlooked
from streams.settings import ProgramSettings
from tests.scenarios.waiting import WITHIN_S

NOW = datetime.now(UTC).replace(microsecond=0)
SOON = NOW + timedelta(days=3)
LATER = NOW + timedelta(days=300)


def made(until: datetime) -> tuple[bytes, bytes]:
    """A certificate of its own making, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.serial_number(7).not_valid_before(NOW - timedelta(days=1)).not_valid_after(until)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), private


@contextmanager
def tls_server(folder: Path, until: datetime, *, plain_first: bool) -> Iterator[int]:
    """A server with a certificate; `plain_first`: it is asked for TLS as Postgres is."""
    certificate, key = made(until)
    (folder / "server.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WITHIN_S)

        def serve() -> None:
            plain, _ = listener.accept()
            with plain:
                if plain_first:
                    assert plain.recv(8) == ASK_FOR_TLS
                    plain.sendall(b"S")
                with context.wrap_socket(plain, server_side=True) as encrypted:
                    encrypted.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(WITHIN_S)


def seen(folder: Path, client: str, **settings: Any) -> tuple[Facts, tuple[Unlooked, ...]]:
    file = folder / "client.properties"
    file.write_text(client)
    given = {"kafka_bootstrap_servers": "127.0.0.1:1", "database_url": "postgresql://127.0.0.1/x"} | settings
    looked = Looked()
    look_at_certificates(ProgramSettings.load(kafka_client_file=file, **given), looked)
    return looked.so_far(NOW)


def test_of_a_client_the_first_and_of_issuers_the_last_ends() -> None:
    bundle = made(SOON)[0] + made(LATER)[0]
    assert certificate_end(bundle, issuer=False) == SOON
    assert certificate_end(bundle, issuer=True) == LATER
    with pytest.raises(ValueError, match="PEM"):
        certificate_end(b"nothing", issuer=True)


def test_files_of_the_broker_and_the_database(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_bytes(made(SOON)[0])
    (tmp_path / "ca.pem").write_bytes(made(LATER)[0])
    client = f"ssl.certificate.location={tmp_path / 'own.pem'}\nssl.ca.location={tmp_path / 'gone.pem'}\n"
    url = f"postgresql://127.0.0.1/x?sslrootcert={tmp_path / 'ca.pem'}"
    facts, unlooked = seen(tmp_path, client, database_url=url)
    assert {(each.place, each.until) for each in facts.certificates} == {
        (str(tmp_path / "own.pem"), SOON),
        (str(tmp_path / "ca.pem"), LATER),
    }
    assert [each.why for each in unlooked] == [f"{tmp_path / 'gone.pem'}: FileNotFoundError"]


def test_what_the_broker_shows(tmp_path: Path) -> None:
    with tls_server(tmp_path, SOON, plain_first=False) as port:
        facts, _ = seen(tmp_path, "security.protocol=SSL\n", kafka_bootstrap_servers=f"127.0.0.1:{port}")
    assert [(each.place, each.until) for each in facts.certificates] == [(f"the broker 127.0.0.1:{port}", SOON)]


def test_what_the_database_shows(tmp_path: Path) -> None:
    with tls_server(tmp_path, SOON, plain_first=True) as port:
        facts, _ = seen(tmp_path, "", database_url=f"postgresql://127.0.0.1:{port}/x?sslmode=require")
    assert [(each.place, each.until) for each in facts.certificates] == [(f"the database 127.0.0.1:{port}", SOON)]


def test_what_the_proxy_before_the_console_shows(tmp_path: Path) -> None:
    """Browsers are told to come by TLS alone for a year: one that ends keeps everybody out."""
    with tls_server(tmp_path, SOON, plain_first=False) as port:
        facts, _ = seen(tmp_path, "", console_url=f"https://127.0.0.1:{port}")
    assert [(each.place, each.until) for each in facts.certificates] == [(f"the console 127.0.0.1:{port}", SOON)]


def test_a_server_that_is_not_there_could_not_be_looked_at(tmp_path: Path) -> None:
    facts, unlooked = seen(tmp_path, "security.protocol=SSL\n")
    assert facts.certificates == ()
    assert [each.why for each in unlooked] == ["the broker 127.0.0.1:1: ConnectionRefusedError"]


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        ("https://books.example", [("books.example", 443)]),
        ("https://books.example:8443", [("books.example", 8443)]),
        ("broker.example:9093,[2001:db8::1]:9094", [("broker.example", 9093), ("2001:db8::1", 9094)]),
    ],
)
def test_a_server_is_found_with_and_without_a_port(servers: str, found: list[tuple[str, int]]) -> None:
    assert list(_addresses(servers, 443)) == found
