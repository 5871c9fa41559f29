"""Ports on loopback: free ones are chosen once and remembered."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Final

from deploy.local.folders import LocalStackError

LOOPBACK = "127.0.0.1"
# The system gives ports of its own range to every connection and to every server that names none: one that is
# remembered, or used a moment later, could be taken by then. Ours are below that range and above the well-known ones.
LOWEST: Final = 15_000
OWN_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
OWN_RANGE_BEGINS: Final = 32_768  # Linux; elsewhere higher


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing uses now and that the system gives to nobody by itself."""
    highest = _own_range_begins()
    candidates = list(range(LOWEST, highest)) if highest - LOWEST > 1000 else []
    random.shuffle(candidates)  # two that choose at once choose differently
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            break
        if _free(port):
            found.append(port)
    return found if len(found) == count else _any_ports(count)


def _own_range_begins() -> int:
    try:
        return int(OWN_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return OWN_RANGE_BEGINS


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _any_ports(count: int) -> list[int]:
    """Whatever the system gives, where its own range leaves no room."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def require_free(port: int, what: str) -> None:
    """Raises LocalStackError when something already listens on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise LocalStackError(
                f"port {port} on {LOOPBACK}, which {what} uses, is taken by another program: stop that program "
                "(`ss -ltnp` names it), or let new ports be chosen with `writeback stack start --new-ports`"
            ) from error


def answers(port: int, timeout_s: float = 0.5) -> bool:
    """True when something accepts connections on `port`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s):
            return True
    except OSError:
        return False
