"""Looks at certificates: those in the files that the settings name, and those that the broker, the database and the
proxy before the console show."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from cryptography import x509
from psycopg.conninfo import conninfo_to_dict

from sinks.operations.doctor.facts import Certificate, Looked
from sinks.operations.doctor.finding import Check
from streams.runtime.errors import WritebackError
from streams.settings import ProgramSettings

ANSWER_S: Final = 3.0
SERVERS: Final = 5
"""Of a list of servers, the first: they are one cluster, with certificates of one making."""
MOST_BYTES: Final = 4 * 1024**2
"""Bundles of all public authorities have a quarter of it."""
TLS_PROTOCOLS: Final = frozenset({"ssl", "sasl_ssl"})
TLS_MODES: Final = frozenset({"require", "verify-ca", "verify-full"})
ASK_FOR_TLS: Final = bytes.fromhex("00000008 04d2162f".replace(" ", ""))
"""PostgreSQL's SSLRequest: its length and the code 80877103; a server with TLS answers `S`."""


def look_at_certificates(settings: ProgramSettings, looked: Looked) -> None:
    """Until when each is valid, whoever issued it. Blocks for a handshake per server, each within ANSWER_S."""
    try:
        kafka = settings.kafka_client()
        database = conninfo_to_dict(settings.database_url)
    except (WritebackError, psycopg.Error) as error:
        looked.could_not(Check.CERTIFICATES, str(error) if isinstance(error, WritebackError) else "DATABASE_URL")
        return
    own = (kafka.get("ssl.certificate.location"), database.get("sslcert"))
    issuers = (kafka.get("ssl.ca.location"), database.get("sslrootcert"))
    if settings.console_url.startswith("https://"):
        for host, port in _addresses(settings.console_url, 443):
            _see_server(f"the console {host}:{port}", host, port, looked, plain_first=False)
    for named in own:
        _see_file(named, looked, issuer=False)
    for named in issuers:
        _see_file(named, looked, issuer=True)
    if kafka.get("security.protocol", "").lower() in TLS_PROTOCOLS:
        for host, port in _addresses(settings.kafka_bootstrap_servers, 9092):
            _see_server(f"the broker {host}:{port}", host, port, looked, plain_first=False)
    if str(database.get("sslmode") or os.environ.get("PGSSLMODE", "")) in TLS_MODES:
        hosts = str(database.get("host") or os.environ.get("PGHOST", ""))
        for host, port in _addresses(hosts, int(str(database.get("port") or 5432).split(",")[0])):
            _see_server(f"the database {host}:{port}", host, port, looked, plain_first=True)


def certificate_end(pem: bytes, *, issuer: bool) -> datetime:
    """Of a client's file the first certificate's end, of a bundle of issuers the last one's: an old issuer in it does
    no harm. ValueError where there is none. Pure."""
    found = x509.load_pem_x509_certificates(pem)
    ends = [each.not_valid_after_utc for each in found]
    return max(ends) if issuer else ends[0]


def _see_file(named: object, looked: Looked, *, issuer: bool) -> None:
    if not named or str(named) in ("system", "probe"):
        return
    try:
        with Path(str(named)).open("rb") as file:
            end = certificate_end(file.read(MOST_BYTES), issuer=issuer)
    except (OSError, ValueError) as error:
        looked.could_not(Check.CERTIFICATES, f"{named}: {type(error).__name__}")
        return
    looked.saw("certificates", (Certificate(str(named), end),))


def _see_server(place: str, host: str, port: int, looked: Looked, *, plain_first: bool) -> None:
    try:
        end = x509.load_der_x509_certificate(_shown(host, port, plain_first)).not_valid_after_utc
    except (OSError, ValueError) as error:
        looked.could_not(Check.CERTIFICATES, f"{place}: {type(error).__name__}")
        return
    looked.saw("certificates", (Certificate(place, end),))


def _shown(host: str, port: int, plain_first: bool) -> bytes:
    """The certificate as the server shows it. Nothing is sent over the connection, so it need not be verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), timeout=ANSWER_S) as plain:
        if plain_first:
            plain.sendall(ASK_FOR_TLS)
            if plain.recv(1) != b"S":
                raise ValueError("no TLS there")
        with context.wrap_socket(plain, server_hostname=host) as encrypted:
            return encrypted.getpeercert(binary_form=True) or b""


def _addresses(servers: str, port: int) -> Iterator[tuple[str, int]]:
    for server in [each.strip() for each in servers.split(",") if each.strip()][:SERVERS]:
        if server.startswith(("/", "@")):  # a socket of this machine
            continue
        name = server.rpartition("://")[2]
        host, colon, number = name.rpartition(":")
        if colon and number.isdecimal():
            yield host.strip("[]"), int(number)
        else:
            yield name.strip("[]"), port
