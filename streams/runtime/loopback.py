"""Checks whether an address is on this machine alone."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from streams.runtime.errors import ConfigurationError


def is_loopback(address: str) -> bool:
    """True for `localhost`, 127.0.0.0/8 and ::1, given as a host, `host:port` or URL. Nothing is resolved: a name
    that merely points here today is not loopback."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return False
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback(switches: Iterable[str], targets: Iterable[str]) -> None:
    """Refuse to go on when a rehearsal switch is on and a target is not on loopback.

    Called by whoever is about to talk to `targets`, before the first byte. Raises ConfigurationError.
    """
    named = ", ".join(switches)
    if not named:
        return
    for target in targets:
        if not is_loopback(target):
            raise ConfigurationError(
                f"{named} may only be used when every target is on loopback, and {urlsplit(target).netloc or target}"
                " is not: unset it, or point every target at the sandbox"
            )
