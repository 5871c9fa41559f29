"""No address that a person types leads into the network of the program, whatever its name resolves to."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from sinks.notices.channels.http_post import NOT_PUBLIC, post
from sinks.notices.channels.port import Outcome, SendResult
from sinks.notices.channels.public_address import NotPublicError, PublicResolver, checked_url, is_public
from streams.runtime.errors import ConfigurationError
from tests.sinks.notices.receivers import a_receiver


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.5", "2002:0a00:0005::1",
     "64:ff9b::a9fe:a9fe"],
)  # fmt: skip
def test_addresses_inside_a_network_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/x", "ftp://hooks.example", "https:///x", "hooks.example/x", "https://user:pw@hooks.example/",
     "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://10.0.0.5/", "https://169.254.169.254/m",
     "https://[::ffff:10.0.0.5]/", "https://broker/x", "https://hooks.example/ x", "https://hooks.example/\n",
     "https://hooks.example:0/", "https://hooks.example:99999/", "https://hooks.example/#x", "https://h\u00f6.example/",
     "https://hooks.example/" + "x" * 2_000],
)  # fmt: skip
def test_what_may_not_be_called_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        checked_url(url, "--url-from", loopback=False)
    assert str(refused.value).startswith("--url-from: ")
    assert url not in str(refused.value)


def test_this_machine_may_be_called_in_rehearsals_alone() -> None:
    for url in ("http://127.0.0.1:8080/x", "https://localhost/x", "http://[::1]/x"):
        assert checked_url(url, "x", loopback=True) == url
    with pytest.raises(ConfigurationError):
        checked_url("http://10.0.0.5/", "x", loopback=True)
    assert checked_url("https://hooks.example:8443/x?y=z", "x", loopback=False)


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def resolve(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return [
            {"hostname": host, "host": each, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for each in addresses
        ]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", resolve)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("1.1.1.1", "10.0.0.5"), ("fe80::1%eth0",)])
async def test_a_name_that_leads_inside_is_refused_when_it_is_called(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of several addresses, and one that was public when it was stored."""
    resolving_to(monkeypatch, *addresses)
    with pytest.raises(NotPublicError):
        await PublicResolver(loopback=False).resolve("hooks.example", 443)
    refused = SendResult(Outcome.REFUSED, NOT_PUBLIC)
    assert await post("https://hooks.example/x", b"{}", {}, loopback=False) == refused


async def test_control_the_resolver_is_what_keeps_it_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same name reaches the receiver where rehearsals are allowed, so it is the check that refuses it above."""
    async with a_receiver() as receiver:
        resolving_to(monkeypatch, "127.0.0.1")
        port = receiver.url.rpartition(":")[2]
        monkeypatch.setattr("sinks.notices.channels.http_post.checked_url", lambda url, option, loopback: url)
        url = f"http://hooks.example:{port}/x"
        assert await post(url, b"{}", {}, loopback=False) == SendResult(Outcome.REFUSED, NOT_PUBLIC)
        assert receiver.taken == []
        answer = await post(url, b"{}", {}, loopback=True)
        assert not isinstance(answer, SendResult)
        assert answer.status == 200


async def test_an_address_is_checked_again_before_each_call() -> None:
    async with a_receiver() as receiver:
        assert await post(receiver.url, b"{}", {}, loopback=False) == SendResult(Outcome.REFUSED, NOT_PUBLIC)
        assert receiver.taken == []
