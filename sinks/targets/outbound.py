"""Where the program may call to: the vendor's published hosts and loopback, nothing else (S-7)."""

from __future__ import annotations

from urllib.parse import urlsplit

from sinks.targets.route import Route
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback


def check_outbound(route: Route, url: str, field: str, named: frozenset[str] = frozenset()) -> str:
    """The URL without a trailing slash, or ConfigurationError that names the field and what it takes. Pure.

    `named`: hosts that the operator allows, for a route whose hosts nobody publishes.

    Nothing is resolved: names are compared as they stand, so an address inside the network cannot be reached by
    giving it a name. Redirects are never followed (sinks.targets.http_call).
    """
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
    hosts = named if route.hosts_by_operator else route.hosts
    if route.hosts_by_operator and host not in hosts:
        raise ConfigurationError(
            f"{field}: the operator has not allowed this host: add it to WRITEBACK_CONNECTOR_HOSTS, or use loopback"
        )
    if host not in hosts or port not in (None, 443):
        allowed = ", ".join(sorted(hosts))
        raise ConfigurationError(f"{field}: {route.name} may call {allowed} or loopback, not this host")
    return url.rstrip("/")
