"""Where the program may call to: the outbound allow-list and the guard against being aimed elsewhere (S-7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback

HOSTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "open_dental": frozenset({"api.opendental.com"}),
        "quickbooks": frozenset(
            {"quickbooks.api.intuit.com", "sandbox-quickbooks.api.intuit.com", "oauth.platform.intuit.com"}
        ),
    }
)
"""The vendors' published hosts per route. Anything else must be on loopback: a local service or the sandbox."""


def check_outbound(route: str, url: str, field: str) -> str:
    """The URL without a trailing slash, or ConfigurationError that names the field and what it takes. Pure.

    Nothing is resolved: names are compared as they stand, so an address inside the network cannot be reached by
    giving it a name. Redirects are never followed (sinks.targets.http_call).
    """
    allowed = HOSTS.get(route)
    if allowed is None:
        raise ConfigurationError(f"{route} is not a route: use one of {', '.join(sorted(HOSTS))}")
    if not url.isprintable() or " " in url:  # urlsplit leaves them out; whoever calls the address may not
        raise ConfigurationError(f"{field}: not a URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"{field}: not a URL") from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigurationError(f"{field}: a URL without user, query or fragment; credentials go into the secrets")
    if is_loopback(url) and parts.scheme in ("http", "https"):
        return url.rstrip("/")
    if parts.scheme != "https":
        raise ConfigurationError(f"{field}: must begin with https:// unless it is on loopback")
    if host not in allowed or port not in (None, 443):
        raise ConfigurationError(f"{field}: {route} may call {', '.join(sorted(allowed))} or loopback, not this host")
    return url.rstrip("/")
