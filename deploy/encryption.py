"""Which connections would carry payment data in the clear over a network (H-7, H-12)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback
from streams.settings import ProgramSettings

ENCRYPTED_PROTOCOLS: Final = frozenset({"ssl", "sasl_ssl"})
VERIFIED_MODES: Final = frozenset({"verify-ca", "verify-full"})
"""Weaker ones accept any server, and `prefer`, the default, also none."""


def in_the_clear(settings: ProgramSettings) -> list[str]:
    """A sentence for each connection beyond this machine that is not encrypted and verified, with its remedy. Pure but
    for the files that the settings name; holds hosts, never a secret."""
    return [
        *_broker(settings),
        *_database(settings.database_url),
        *_mail(settings.smtp_url),
        *_traces(settings),
        *_registry(settings),
        *_console(settings),
    ]


def check_encryption(settings: ProgramSettings) -> list[str]:
    """`in_the_clear`, or ConfigurationError where the settings require encryption."""
    found = in_the_clear(settings)
    if found and settings.require_encryption:
        raise ConfigurationError("WRITEBACK_REQUIRE_ENCRYPTION is set: " + "; ".join(found))
    return found


def _broker(settings: ProgramSettings) -> Iterator[str]:
    servers = [server.strip() for server in settings.kafka_bootstrap_servers.split(",") if server.strip()]
    beyond = [server.rpartition("://")[2] for server in servers if not is_loopback(server.rpartition("://")[2])]
    if beyond and settings.kafka_client().get("security.protocol", "").lower() not in ENCRYPTED_PROTOCOLS:
        yield (
            f"Kafka at {beyond[0]} is reached without TLS: put security.protocol=SSL or SASL_SSL into the file of "
            "WRITEBACK_KAFKA_CLIENT_FILE"
        )


def _database(url: str) -> Iterator[str]:
    parts = conninfo_to_dict(url) if url else {}
    hosts = str(parts.get("host") or parts.get("hostaddr") or os.environ.get("PGHOST", "")).split(",")
    beyond = [host for host in hosts if host and not host.startswith(("/", "@")) and not is_loopback(_bracketed(host))]
    mode = str(parts.get("sslmode") or os.environ.get("PGSSLMODE", "prefer"))
    if beyond and mode not in VERIFIED_MODES:
        yield f"Postgres at {beyond[0]} is reached with sslmode={mode}: add sslmode=verify-full to DATABASE_URL"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _mail(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme == "smtp" and parts.hostname and not is_loopback(url):
        yield (
            f"mail to {parts.hostname} goes without TLS where that server does not offer it: use smtps:// or "
            "smtp+starttls:// in WRITEBACK_SMTP_URL"
        )


def _traces(settings: ProgramSettings) -> Iterator[str]:
    parts = urlsplit(settings.otel_exporter_otlp_endpoint)
    if parts.scheme == "http" and not is_loopback(settings.otel_exporter_otlp_endpoint):
        yield (
            f"traces, which name practices and events by their ids, go to {parts.hostname} without TLS: use https:// "
            "in OTEL_EXPORTER_OTLP_ENDPOINT"
        )


def _registry(settings: ProgramSettings) -> Iterator[str]:
    parts = urlsplit(settings.schema_registry_url)
    if parts.scheme == "http" and not is_loopback(settings.schema_registry_url):
        sent = "its password goes" if settings.schema_registry_auth else "schemas, by which records are read, come"
        yield (
            f"the schema registry at {parts.hostname} is reached without TLS, and {sent} in the clear: use https:// in "
            "WRITEBACK_SCHEMA_REGISTRY_URL"
        )


def _console(settings: ProgramSettings) -> Iterator[str]:
    """With https its cookies are marked for TLS alone, and browsers are told to come by it for a year (HSTS)."""
    remedy = "put a proxy with TLS before it, and name its https:// address in WRITEBACK_CONSOLE_URL"
    parts = urlsplit(settings.console_url)
    if parts.scheme == "http" and not is_loopback(settings.console_url):
        yield f"browsers reach the console at {parts.hostname} without TLS: {remedy}"
    elif not settings.console_url and not is_loopback(_bracketed(settings.console_host)):
        yield f"the console listens at {settings.console_host} without TLS: {remedy}"
