"""Keeps addresses that people type from leading into the network that the program runs in (S-7).

An address is checked when it is stored, and what its name resolves to when it is called: a name may point anywhere
tomorrow. Redirects are never followed.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback

LONGEST_URL: Final = 2_000
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""Well-known prefix of IPv4 addresses that are reached over IPv6 (RFC 6052)."""


class NotPublicError(OSError):
    """A name resolves to an address that is not of the public internet. No byte was sent."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of the public internet, also where an IPv6 address only wraps an IPv4 one. Pure."""
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if wrapped:
            return is_public(wrapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved


def checked_url(url: str, option: str, *, loopback: bool) -> str:
    """An address that may be called. Pure; ConfigurationError names the option and never repeats what may be secret.

    `loopback`: addresses of this machine may be called too, also without TLS: for rehearsals.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port == 0 or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationError(f"{option}: one URL such as https://hooks.example/abc")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ConfigurationError(f"{option}: a URL without user, password and fragment")
    if loopback and is_loopback(url) and parts.scheme in ("http", "https"):
        return url
    if parts.scheme != "https":
        raise ConfigurationError(f"{option}: must begin with https://")
    if is_loopback(url) or not _may_be_public(host):
        raise ConfigurationError(f"{option}: an address on the public internet; this one is inside a network")
    return url


def _may_be_public(host: str) -> bool:
    """A name is judged by what it resolves to, when it is called."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        return "." in host


class PublicResolver(AbstractResolver):
    """Resolves names for one call, and refuses those that lead to where `checked_url` lets nobody."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises NotPublicError where one of the addresses is not public: a mixed answer is no accident."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            address = ip_address(each["host"].partition("%")[0])
            if not is_public(address) and not (self._loopback and address.is_loopback):
                raise NotPublicError(f"{host} is not on the public internet")
        return found

    async def close(self) -> None:
        await self._resolver.close()
