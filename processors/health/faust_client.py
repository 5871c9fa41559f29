"""Turns the operator's client settings, which are librdkafka's, into Faust's."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

from faust.auth import SASLCredentials, SSLCredentials

from streams.runtime.errors import ConfigurationError

KNOWN: Final = frozenset(
    {
        *("bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username"),
        *("sasl.password", "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password"),
        *("ssl.endpoint.identification.algorithm", "enable.ssl.certificate.verification", "client.rack"),
        "broker.address.family",
    }
)
"""Settings that have a counterpart here, or that concern no connection."""
MECHANISMS: Final = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})
_TLS: Final = frozenset({"ssl", "sasl_ssl"})
_SASL: Final = frozenset({"sasl_plaintext", "sasl_ssl"})


def broker_urls(client: Mapping[str, str]) -> list[str]:
    """The addresses, by the one driver that keeps headers and Faust's own assignor. Pure."""
    return [f"kafka://{server.strip()}" for server in client["bootstrap.servers"].split(",") if server.strip()]


def credentials(client: Mapping[str, str]) -> SASLCredentials | SSLCredentials | None:
    """How Faust logs in, None where nobody asks. ConfigurationError for a setting that only librdkafka knows."""
    unknown = sorted(client.keys() - KNOWN)
    protocol = client.get("security.protocol", "plaintext").lower()
    if protocol not in _TLS | _SASL | {"plaintext"}:
        unknown.append(f"security.protocol={protocol}")
    mechanism = client.get("sasl.mechanism", client.get("sasl.mechanisms", "PLAIN"))
    if protocol in _SASL and mechanism not in MECHANISMS:
        unknown.append(f"sasl.mechanism={mechanism}")
    if unknown:
        raise ConfigurationError(
            f"the role health cannot use {', '.join(unknown)} of WRITEBACK_KAFKA_CLIENT_FILE: it logs in by "
            f"{', '.join(sorted(MECHANISMS))} or by a certificate; give it a file of its own with one of these"
        )
    context = _tls(client) if protocol in _TLS else None
    if protocol in _SASL:
        return SASLCredentials(
            username=client.get("sasl.username"),
            password=client.get("sasl.password"),
            mechanism=mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context=context)


def _tls(client: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=client.get("ssl.ca.location"))
        if "ssl.certificate.location" in client:
            context.load_cert_chain(
                client["ssl.certificate.location"], client.get("ssl.key.location"), client.get("ssl.key.password")
            )
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"a certificate of WRITEBACK_KAFKA_CLIENT_FILE cannot be read: {type(error).__name__}"
        ) from None
    if client.get("ssl.endpoint.identification.algorithm", "https").lower() == "none":
        context.check_hostname = False
    if client.get("enable.ssl.certificate.verification", "true").lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
